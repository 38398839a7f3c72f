/** Floor 3. A run: look at every domain, plan, limit, and (unless it is dry) carry out. Every domain gets a result (rule 9). */
import type { Config, DomainConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import type { GuardName } from '../core/guard-names.ts';
import { byCodePoint } from '../core/names.ts';
import { holdSharedIds, limitChangedDomains } from '../core/plan/fleet.ts';
import { mayForget } from '../core/plan/forget.ts';
import { holdMovedDomains, lostDomains, plannedRotations } from '../core/plan/hold-moved.ts';
import { liveId, publishedIds } from '../core/plan/ids.ts';
import type { DomainPlan } from '../core/plan/model.ts';
import type { Observation } from '../core/plan/observation.ts';
import type { PlanFile } from '../core/plan/plan-file.ts';
import { planDigest, type RunReport } from '../core/plan/report.ts';
import type { PlanContext } from '../core/plan/situation.ts';
import { statusOf } from '../core/plan/status.ts';
import { finding } from '../core/plan/steps.ts';
import { addUnfinished } from '../core/plan/unfinished.ts';
import type { Store, StoreReader } from '../effects/store.ts';
import { applyPlan, type PlannedDomain, type WritingWorld } from './apply.ts';
import { messageOf } from './apply-records.ts';
import { mapConcurrent } from './concurrent.ts';
import { withinRun } from './look-deadline.ts';
import { paced } from './pace.ts';
import { isSmtpReachable, lookAt, planLooked, type Planned, type PlanningWorld } from './look.ts';

export interface RunOptions {
  /** Domains to look at, in A-labels; all of the YAML where it is null. */
  readonly only: readonly string[] | null;
  /** Guards freed for this run. */
  readonly allow: readonly GuardName[];
  readonly isRotationAsked: boolean;
  /** Rule 14: only this plan may be carried out; `only` names its domains. */
  readonly reviewed: PlanFile | null;
  /** Rule 15: the policy found live is at least this old. */
  readonly servedSince: Date | null;
  readonly onProgress: (done: number, total: number) => void;
  /** Over how long the beginnings of the looks are spread, so that a fleet does not reach the name servers in one burst; 0 or absent: at once. */
  readonly paceMs?: number;
}

/** A domain and what was seen of it. `seen.at`: when the look began. */
type Looked = Pick<Planned, 'wanted' | 'observation'> & Pick<PlannedDomain, 'seen'>;

/** Looks and plans. Writes nothing. Providers are asked with a deadline of their own: what was looked at in time is not late for what was not. */
export async function planRun(
  config: Config,
  world: PlanningWorld,
  options: RunOptions,
): Promise<readonly (Planned & Looked)[]> {
  const paceSeconds = (options.paceMs ?? 0) / 1000;
  const limit = { deadlineSeconds: config.world.deadlineSeconds + Math.ceil(paceSeconds) };
  const looked = await withinRun(limit, world, (bounded) => lookAtAll(config, bounded, options));
  const planned = await withinRun(config.world, world, (bounded) => planAll(config, looked, bounded, options));
  // Whoever read the plan file read which domains change.
  const isAllowed = options.reviewed !== null || options.allow.includes('max-changed-domains');
  const limited = limitChangedDomains(holdSharedIds(planned), config.limits, config.domains.length, isAllowed);
  const judged = planned.map((one, index) => ({ ...one, plan: limited[index] ?? one.plan }));
  if (options.reviewed === null) return judged;
  const current = holdMovedDomains(judged, options.reviewed);
  return judged.map((one, index) => ({ ...one, plan: current[index] ?? one.plan }));
}

async function lookAtAll(config: Config, world: PlanningWorld, options: RunOptions): Promise<readonly Looked[]> {
  const only = options.only === null ? null : new Set(options.only);
  const selected = config.domains.filter((one) => only === null || only.has(one.domain));
  let done = 0;
  const turn = paced(selected.length, options.paceMs ?? 0, world);
  return mapConcurrent(selected, config.world.concurrency, async (one) => {
    await turn();
    const wanted = withAllowed(one, options.allow);
    const at = world.now();
    const observation = await lookAt(config, wanted, world);
    options.onProgress(++done, selected.length);
    return { wanted, observation, seen: { policy: observation.policy, at } };
  });
}

/** The plan of each domain by itself. */
async function planAll(
  config: Config,
  looked: readonly Looked[],
  world: PlanningWorld,
  options: RunOptions,
): Promise<readonly (Planned & Looked)[]> {
  const unfinished = Map.groupBy(world.store?.journal({ isUnfinished: true }) ?? [], (entry) => entry.domain);
  const context = contextOf(
    config,
    world,
    options,
    looked.map((one) => one.observation),
  );
  const rotations = plannedRotations(options.reviewed);
  return mapConcurrent(looked, config.world.concurrency, async ({ wanted, observation, seen }) => {
    const id = liveId(publishedIds(wanted, observation));
    const isRotationAsked = context.isRotationAsked || rotations.get(wanted.domain) === id;
    const one = await planLooked(wanted, observation, world, { ...context, isRotationAsked }, options.servedSince);
    const entries = unfinished.get(wanted.domain) ?? [];
    return { ...one, seen, plan: addUnfinished(one.plan, wanted, one.observation, entries) };
  });
}

/** The report of a run that stops before the first write. */
export async function dryRun(config: Config, world: PlanningWorld, options: RunOptions): Promise<RunReport> {
  const planned = await planRun(config, world, options);
  const plans = planned.map((one) => one.plan);
  return reportOf(config, withLost(plans, config, options), world, true);
}

/** Plans and carries out. */
export async function syncRun(
  config: Config,
  reading: PlanningWorld,
  writing: WritingWorld,
  options: RunOptions,
): Promise<RunReport> {
  const planned = await planRun(config, reading, options);
  rememberAll(planned, writing.store);
  const plans = await mapConcurrent(planned, config.world.concurrency, async (one) => {
    try {
      return await applyPlan(one, writing);
    } catch (error) {
      return failedPlan(one.plan, error);
    }
  });
  forgetRemoved(config, writing.store, writing.now());
  return reportOf(config, withLost(plans, config, options), reading, false);
}

/** Also what the plan file would do to domains that left the YAML. */
function withLost(plans: readonly DomainPlan[], config: Config, { reviewed }: RunOptions): readonly DomainPlan[] {
  if (reviewed === null) return plans;
  const lost = lostDomains(reviewed, new Set(config.domains.map((one) => one.domain)));
  return [...plans, ...lost].toSorted((a, b) => byCodePoint(a.domain, b.domain));
}

/** One look at one domain, and the plan from it. Writes nothing. */
export async function lookAndPlan(
  config: Config,
  wanted: DomainConfig,
  world: PlanningWorld,
  options: Pick<RunOptions, 'isRotationAsked' | 'servedSince'>,
): Promise<Planned> {
  const observation = await lookAt(config, wanted, world);
  return planLooked(wanted, observation, world, contextOf(config, world, options, [observation]), options.servedSince);
}

function contextOf(
  config: Config,
  world: PlanningWorld,
  { isRotationAsked }: Pick<RunOptions, 'isRotationAsked'>,
  observations: readonly Observation[],
): PlanContext {
  const { publisherHostnames } = config;
  return { now: world.now(), publisherHostnames, isRotationAsked, isSmtpReachable: isSmtpReachable(observations) };
}

function withAllowed(wanted: DomainConfig, allow: readonly GuardName[]): DomainConfig {
  return allow.length === 0 ? wanted : { ...wanted, allow: new Set([...wanted.allow, ...allow]) };
}

/** One transaction for all that the look taught; only what changed is written. */
function rememberAll(planned: readonly Planned[], store: Store): void {
  const news = planned.filter((one) => one.isNews);
  if (news.length > 0) store.saveMemories(new Map(news.map(({ wanted, memory }) => [wanted.domain, memory])));
}

/** The memories of domains that left the YAML go when nothing depends on them any more. The journal stays. */
function forgetRemoved(config: Config, store: Store, now: Date): void {
  const wanted = new Set<string>(config.domains.map((one) => one.domain));
  const gone = store.domains().filter((domain) => !wanted.has(domain));
  const forgettable = gone.filter((domain) => {
    const memory = store.memory(domain);
    // The journal of an orphan may be long, and it is no question there.
    return memory.owned.length === 0 && mayForget(memory, removedAt(domain, store), now);
  });
  if (forgettable.length > 0) store.forget(forgettable);
}

function removedAt(domain: string, store: StoreReader): Date | null {
  const last = store.journal({ domain }).findLast((entry) => entry.type === null && entry.kind !== 'verify');
  return last?.kind === 'delete' && last.outcome === 'done' ? last.at : null;
}

function reportOf(config: Config, plans: readonly DomainPlan[], world: PlanningWorld, isDryRun: boolean): RunReport {
  const orphans = orphansOf(config, world.store);
  const hint = 'write it back with `absent: true` to remove it in the safe order';
  return {
    version: 1,
    digest: planDigest(plans),
    generatedAt: world.now(),
    isDryRun,
    domains: plans,
    orphans,
    findings: orphans.map((domain) =>
      finding(
        'ORPHAN',
        'warning',
        `${domain} is not in the YAML any more; it is still served and nothing was deleted`,
        hint,
      ),
    ),
  };
}

/** Domains with records of ours that left the YAML (rule 5). */
function orphansOf(config: Config, store: StoreReader | null): readonly string[] {
  const wanted = new Set<string>(config.domains.map((one) => one.domain));
  return (store?.domains() ?? []).filter(
    (domain) => !wanted.has(domain) && (store?.memory(domain).owned.length ?? 0) > 0,
  );
}

function failedPlan(plan: DomainPlan, error: unknown): DomainPlan {
  const isOurs = error instanceof StsyncError;
  const findings = [
    ...plan.findings,
    finding(isOurs ? error.code : 'INTERNAL', 'error', messageOf(error), isOurs ? (error.hint ?? null) : null),
  ];
  const failed = { ...plan, findings, isFailed: true };
  return { ...failed, status: statusOf(failed, 'after') };
}
