/** Floor 3. What the log says of a run: one line for the run, one for each domain that is not as it was. */
import { type DomainPlan, statuses } from '../../core/plan/model.ts';
import type { Log } from '../../effects/log.ts';
import type { DomainState, FleetState, RunReason } from './fleet-state.ts';

/** A fleet that fails as a whole is told by the line of the run; the dashboard and the journal have each domain. */
const MOST_LINES = 100;

export interface RunToLog {
  readonly before: FleetState;
  readonly after: FleetState;
  readonly reasons: readonly RunReason[];
  /** The daemon stops. */
  readonly isInterrupted: boolean;
}

export function logRun(log: Log, { before, after, reasons, isInterrupted }: RunToLog): void {
  const { lastRun } = after;
  if (lastRun === null) return;
  const seconds = (lastRun.endedAt.getTime() - lastRun.startedAt.getTime()) / 1000;
  if (lastRun.error !== null) {
    const fields = { reasons, seconds, error: lastRun.error };
    if (isInterrupted) log.info(fields, 'the run was interrupted');
    else log.error(fields, 'the run came to nothing; the next one does its work');
    return;
  }
  const states = [...after.domains.values()];
  const counts = statuses.map((status) => [status, states.filter((one) => one.status === status).length] as const);
  const fields = {
    reasons,
    seconds,
    domains: states.length,
    ...Object.fromEntries(counts.filter(([, count]) => count > 0)),
  };
  log.info(fields, 'the run ended');
  const looked = Array.from(after.domains).filter(
    ([, { lookedAt }]) => lookedAt.getTime() === lastRun.endedAt.getTime(),
  );
  const told = looked.filter(([domain, state]) => isNews(before.known.get(domain)?.status, state));
  for (const [domain, state] of told.slice(0, MOST_LINES)) logDomain(log, before.known.get(domain)?.status, state);
  if (told.length > MOST_LINES) log.info({ more: told.length - MOST_LINES }, 'and more domains');
}

/** A domain that was never looked at and is in sync is none; one whose records were changed always is. */
function isNews(before: string | undefined, { status }: DomainState): boolean {
  return status === 'changed' || (before !== status && !(status === 'in sync' && before === undefined));
}

function logDomain(log: Log, before: string | undefined, { status, plan }: DomainState): void {
  const level = status === 'failed' ? 'error' : status === 'held' || status === 'drift' ? 'warn' : 'info';
  log[level](
    { domain: plan.domain, status, ...(before === undefined ? {} : { before }), ...findingsOf(plan) },
    `${plan.domain}: ${status}`,
  );
}

function findingsOf({ findings }: DomainPlan): { readonly findings?: readonly string[] } {
  const told = findings.filter((one) => one.severity !== 'info').map(({ code, message }) => `${code} ${message}`);
  return told.length === 0 ? {} : { findings: told };
}
