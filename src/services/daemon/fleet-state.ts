/**
 * Floor 3. What the daemon knows of all domains at one moment, as one immutable object: the loop replaces it, and whoever shows it (the
 * operator listener, metrics, notifications) reads it through `() => FleetState`.
 */
import type { Config, ConfigFault } from '../../core/config/model.ts';
import type { KnownStatus } from '../../core/known-status.ts';
import type { DomainPlan, Status } from '../../core/plan/model.ts';
import type { RunReport } from '../../core/plan/report.ts';
import { retryAt } from './back-off.ts';

/** Why a run was made. */
export type RunReason =
  | 'start'
  | 'schedule'
  | 'missed'
  | 'sighup'
  | 'config'
  | 'git'
  | 'hook'
  | 'takeover'
  | 'certificate';

export interface DomainState {
  readonly status: Status;
  /** Of this status. */
  readonly since: Date;
  /** As the last run left it. */
  readonly plan: DomainPlan;
  readonly lookedAt: Date;
  /** Runs in a row that it failed in. */
  readonly failures: number;
  /** Scheduled runs leave it out until then; null: it did not fail. */
  readonly nextAt: Date | null;
}

export interface ConfigInForce {
  readonly config: Config;
  readonly commit: string | null;
  readonly loadedAt: Date;
}

/** The newest config, where it is not the one in force. */
export interface RefusedConfig {
  /** Empty where it could not be read at all; the message says why. */
  readonly faults: readonly ConfigFault[];
  readonly message: string;
  readonly commit: string | null;
  readonly at: Date;
}

/** The repository of `source:` cannot be asked or fetched: what was fetched before stays. */
export interface SourceFailure {
  /** With its code. */
  readonly message: string;
  readonly since: Date;
  /** Attempts in a row. */
  readonly failures: number;
}

export interface LastRun {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly reason: RunReason;
  /** Why the run as a whole came to nothing (`LOCKED another stsync ...`); null where each domain has a result. */
  readonly error: string | null;
}

export interface FleetState {
  readonly role: 'leader' | 'standby' | 'stopping';
  readonly inForce: ConfigInForce | null;
  /** Null: the newest config is in force. */
  readonly refused: RefusedConfig | null;
  /** Null: the last attempt went well, or there is no `source:`. */
  readonly sourceFailure: SourceFailure | null;
  /** What runs of this process found; empty before the first one. */
  readonly domains: ReadonlyMap<string, DomainState>;
  /** The status last known of each domain, also from before a restart: what a change is a change from. */
  readonly known: ReadonlyMap<string, KnownStatus>;
  readonly orphans: readonly string[];
  readonly lastRun: LastRun | null;
  /** The end of the last run with a result for every domain that was due (not: in which every domain is healthy). */
  readonly lastGoodRunAt: Date | null;
  readonly isRunning: boolean;
  readonly nextRunAt: Date | null;
  /** Between two scheduled runs; 0 for a stand-by. */
  readonly intervalMs: number;
}

export const noFleet: FleetState = {
  role: 'standby',
  inForce: null,
  refused: null,
  sourceFailure: null,
  domains: new Map(),
  known: new Map(),
  orphans: [],
  lastRun: null,
  lastGoodRunAt: null,
  isRunning: false,
  nextRunAt: null,
  intervalMs: 0,
};

/** A run that ended with a report. */
export interface EndedRun {
  readonly report: RunReport;
  readonly config: Config;
  readonly reason: RunReason;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Between two scheduled runs. */
  readonly intervalMs: number;
}

/** The state after a run. Domains that it left out stay as they were; those that left the YAML go. */
export function afterRun(state: FleetState, run: EndedRun): FleetState {
  const found = new Map(run.report.domains.map((plan) => [plan.domain, plan]));
  const domains = new Map<string, DomainState>();
  const known = new Map<string, KnownStatus>();
  for (const { domain } of run.config.domains) {
    const plan = found.get(domain);
    const before = state.known.get(domain);
    const next = plan === undefined ? state.domains.get(domain) : stateOf(plan, before, run);
    if (next !== undefined) domains.set(domain, next);
    const { status, since, failures } = next ?? before ?? {};
    if (status !== undefined && since !== undefined) known.set(domain, { status, since, failures: failures ?? 0 });
  }
  const { reason, startedAt, endedAt } = run;
  const lastRun = { startedAt, endedAt, reason, error: null };
  return { ...state, domains, known, orphans: run.report.orphans, lastRun, lastGoodRunAt: endedAt };
}

function stateOf(plan: DomainPlan, before: KnownStatus | undefined, run: EndedRun): DomainState {
  const { status } = plan;
  const failures = status === 'failed' ? (before?.failures ?? 0) + 1 : 0;
  const since = before?.status === status ? before.since : run.endedAt;
  const nextAt = failures === 0 ? null : retryAt(plan.domain, failures, run.startedAt, run.intervalMs);
  return { status, since, plan, lookedAt: run.endedAt, failures, nextAt };
}

/** The state after a run that came to nothing as a whole: what is known of the domains stays. */
export function afterBrokenRun(state: FleetState, lastRun: LastRun): FleetState {
  return { ...state, lastRun };
}
