/** Floor 0. Which changes of status people are told about: each once, on the way into trouble and on the way out of it. */
import type { NotificationEvent } from '../config/model.ts';
import type { KnownStatus } from '../known-status.ts';
import type { DomainPlan, Finding, Status } from '../plan/model.ts';

export interface StatusChange {
  readonly domain: string;
  readonly event: Exclude<NotificationEvent, 'reports'>;
  /** Null: it was not known before. */
  readonly from: Status | null;
  readonly to: Status;
  /** Of the run that found the change; without the merely informational ones. */
  readonly findings: readonly Finding[];
}

type Known = ReadonlyMap<string, Pick<KnownStatus, 'status'>>;

/** What asks for a person. `waiting`, `changed` and `in sync` go on by themselves. */
const TROUBLE: ReadonlySet<Status> = new Set(['failed', 'held', 'drift']);

/**
 * The changes between two runs, in the order of `after`. A domain that goes from one trouble into another is told by its new one; one that was
 * unknown and is well is no news. Domains that left the YAML are told nothing about.
 */
export function statusChanges(
  before: Known,
  after: Known,
  plans: ReadonlyMap<string, Pick<DomainPlan, 'findings'>>,
): readonly StatusChange[] {
  return [...after].flatMap(([domain, { status: to }]) => {
    const from = before.get(domain)?.status ?? null;
    const event = eventOf(from, to);
    if (event === null) return [];
    const findings = (plans.get(domain)?.findings ?? []).filter(({ severity }) => severity !== 'info');
    return [{ domain, event, from, to, findings: event === 'recovered' ? [] : findings }];
  });
}

function eventOf(from: Status | null, to: Status): StatusChange['event'] | null {
  if (from === to) return null;
  if (to === 'failed' || to === 'held' || to === 'drift') return to;
  return from !== null && TROUBLE.has(from) ? 'recovered' : null;
}
