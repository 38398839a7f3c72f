/** Floor 3. The state of the daemon as JSON: what the API shows of it. Times are ISO 8601 in UTC. */
import { formatFault } from '../../core/config/fault.ts';
import { planDigest, type RunReport } from '../../core/plan/report.ts';
import type { DomainState, FleetState } from './fleet-state.ts';

/** Faults of a config that 100,000 domains share are told in part: the rest is what `stsync validate` is for. */
const MAX_FAULTS = 100;

export function statusJson({
  role,
  inForce,
  refused,
  sourceFailure,
  lastRun,
  lastGoodRunAt,
  isRunning,
  nextRunAt,
  ...rest
}: FleetState): object {
  return {
    role,
    config:
      inForce === null
        ? null
        : { commit: inForce.commit, loadedAt: inForce.loadedAt, domains: inForce.config.domains.length },
    refused:
      refused === null
        ? null
        : {
            commit: refused.commit,
            at: refused.at,
            message: refused.message,
            faults: refused.faults.slice(0, MAX_FAULTS).map(formatFault),
          },
    source: sourceJson(inForce, sourceFailure),
    isRunning,
    lastRun,
    lastGoodRunAt,
    nextRunAt,
    orphans: rest.orphans,
  };
}

/** Null: there is none. The address of a repository holds no password. */
function sourceJson(inForce: FleetState['inForce'], failure: FleetState['sourceFailure']): object | null {
  const source = inForce?.config.source ?? null;
  if (source === null && failure === null) return null;
  return { git: source?.git ?? null, branch: source?.branch ?? null, failure };
}

export function domainJson(domain: string, state: DomainState): object {
  const { status, since, lookedAt, failures, nextAt, plan } = state;
  const { mode, mx, id, findings } = plan;
  return { domain, status, since, lookedAt, failures, nextAt, mode, mx, id, findings };
}

/** The last plan of every domain as one report, in the form of a run. */
export function reportOfState({ domains, orphans }: FleetState, now: Date): RunReport {
  const plans = Array.from(domains.values(), ({ plan }) => plan);
  return {
    version: 1,
    digest: planDigest(plans),
    generatedAt: now,
    isDryRun: false,
    domains: plans,
    orphans,
    findings: [],
  };
}
