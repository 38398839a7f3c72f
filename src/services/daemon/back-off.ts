/**
 * Floor 3. Which domains a run looks at. A domain that failed is left out of scheduled runs for 1, 2, 4, 8.. intervals (6 h at most), so that
 * a fleet with dead name servers does not spend each run on them. A run for any other reason (start, config, SIGHUP, hook) tries it at once.
 */
import { sha256Hex } from '../../core/id.ts';
import type { DomainState, RunReason } from './fleet-state.ts';

const LONGEST_MS = 6 * 3_600_000;
/** The wait is shorter by up to this part: what failed together is not tried again together. */
const JITTER = 1 / 5;

/**
 * From when a domain that failed so many times in a row is tried again. `from`: the start of the run it failed in. Half an interval early, so
 * that a run which its own random delay let begin a little later does not make the domain miss the next one.
 */
export function retryAt(domain: string, failures: number, from: Date, intervalMs: number): Date {
  const waitMs = Math.min(intervalMs * 2 ** Math.min(failures - 1, 30), LONGEST_MS);
  const part = Number.parseInt(sha256Hex(`${domain} ${failures}`).slice(0, 8), 16) / 2 ** 32;
  const early = Math.min(intervalMs, LONGEST_MS) / 2;
  return new Date(from.getTime() + waitMs * (1 - part * JITTER) - early);
}

/** Does a run for this reason come from the schedule alone? Only such a run backs off and is spread over the interval. */
export function isScheduled(reason: RunReason): boolean {
  return reason === 'schedule' || reason === 'missed';
}

/** How much a run for this reason looks at: 0 named domains, 1 what is due, 2 everything. */
export function reachOf(reason: RunReason): 0 | 1 | 2 {
  if (reason === 'certificate') return 0;
  return isScheduled(reason) ? 1 : 2;
}

export interface Occasion {
  readonly reason: RunReason;
  /** Looked at in any case: their certificate has come. A fleet that waits for the CA gets one each half minute for weeks. */
  readonly named: ReadonlySet<string>;
  readonly now: Date;
}

/** The domains that a run looks at; null: all of them. `domains`: those of the config. */
export function dueDomains(
  domains: readonly string[],
  states: ReadonlyMap<string, DomainState>,
  { reason, named, now }: Occasion,
): readonly string[] | null {
  const reach = reachOf(reason);
  if (reach === 2) return null;
  const isDue = (domain: string): boolean =>
    named.has(domain) || (reach === 1 && isTimeOver(states.get(domain)?.nextAt ?? null, now));
  // Domains that share an id record are judged against each other (rule 7), so they are looked at together or not at all.
  const recordOf = (domain: string): string => states.get(domain)?.plan.idRecord ?? '';
  const dueRecords = new Set(domains.filter(isDue).map(recordOf));
  const due = domains.filter((domain) => isDue(domain) || dueRecords.has(recordOf(domain)));
  return due.length === domains.length ? null : due;
}

/** A time further away than any wait is one from before the clock was set back. */
function isTimeOver(at: Date | null, now: Date): boolean {
  return at === null || at <= now || at.getTime() - now.getTime() > LONGEST_MS;
}
