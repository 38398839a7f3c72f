/** Floor 3. A run: look at every domain, plan, limit, and (unless it is dry) carry out. Every domain gets a result (rule 9). */
import type { Config, DomainConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import type { GuardName } from '../core/guard-names.ts';
import { type DomainMemory, noMemory } from '../core/memory.ts';
import { limitChangedDomains } from '../core/plan/fleet.ts';
import { publishedIds } from '../core/plan/ids.ts';
import type { DomainPlan } from '../core/plan/model.ts';
import type { Observation } from '../core/plan/observation.ts';
import { planDomain } from '../core/plan/plan.ts';
import { allProviders, providersOf } from '../core/plan/record-names.ts';
import { rememberObservation, rememberOwned } from '../core/plan/remember.ts';
import { planDigest, type RunReport } from '../core/plan/report.ts';
import { statusOf } from '../core/plan/status.ts';
import { finding } from '../core/plan/steps.ts';
import { addUnfinished } from '../core/plan/unfinished.ts';
import type { Store, StoreReader } from '../effects/store.ts';
import type { ProviderDescriptor } from '../provider.ts';
import { applyPlan, type WritingWorld } from './apply.ts';
import { messageOf } from './apply-records.ts';
import { mapConcurrent } from './concurrent.ts';
import { observeDomain, type ReadingWorld } from './observe.ts';
import { unbuilt } from './unbuilt.ts';

export interface RunOptions {
  /** Domains to look at, in A-labels; all of the YAML where it is null. */
  readonly only: readonly string[] | null;
  /** Guards freed for this run. */
  readonly allow: readonly GuardName[];
  readonly isRotationAsked: boolean;
  /** Rule 15: the policy found live is at least this old. */
  readonly servedSince: Date | null;
  readonly onProgress: (done: number, total: number) => void;
}

/** Everything a dry run holds: nothing in it can write (rule 11). `store` is null where no state exists yet. */
export interface PlanningWorld extends ReadingWorld {
  readonly store: StoreReader | null;
  readonly now: () => Date;
  readonly descriptors: readonly ProviderDescriptor[];
}

/** One domain between looking and doing. */
export interface Planned {
  readonly wanted: DomainConfig;
  readonly plan: DomainPlan;
  readonly memory: DomainMemory;
}

/** Looks and plans. Writes nothing. */
export async function planRun(config: Config, world: PlanningWorld, options: RunOptions): Promise<readonly Planned[]> {
  const selected = config.domains.filter((one) => options.only === null || options.only.includes(one.domain));
  const unfinished = Map.groupBy(world.store?.journal({ isUnfinished: true }) ?? [], (entry) => entry.domain);
  let done = 0;
  const planned = await mapConcurrent(selected, config.world.concurrency, async (one) => {
    const { wanted, plan, memory, observation } = await lookAndPlan(
      config,
      withAllowed(one, options.allow),
      world,
      options,
    );
    options.onProgress(++done, selected.length);
    return { wanted, plan: addUnfinished(plan, wanted, observation, unfinished.get(one.domain) ?? []), memory };
  });
  const isAllowed = options.allow.includes('max-changed-domains');
  const limited = limitChangedDomains(
    planned.map((one) => one.plan),
    config.limits,
    config.domains.length,
    isAllowed,
  );
  return planned.map((one, index) => ({ ...one, plan: limited[index] ?? one.plan }));
}

/** The report of a run that stops before the first write. */
export async function dryRun(config: Config, world: PlanningWorld, options: RunOptions): Promise<RunReport> {
  const planned = await planRun(config, world, options);
  return reportOf(
    config,
    planned.map((one) => one.plan),
    world,
    true,
  );
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
  const plans = await mapConcurrent(planned, config.world.concurrency, async ({ wanted, plan, memory }) => {
    try {
      return await applyPlan(wanted, plan, memory, writing);
    } catch (error) {
      return failedPlan(plan, error);
    }
  });
  return reportOf(config, plans, reading, false);
}

/** What one look gave, and the plan from it. Writes nothing. */
export async function lookAndPlan(
  config: Config,
  wanted: DomainConfig,
  world: PlanningWorld,
  options: Pick<RunOptions, 'isRotationAsked' | 'servedSince'>,
): Promise<Planned & { readonly observation: Observation }> {
  const observation = await look(config, wanted, world);
  const stored = world.store?.memory(wanted.domain) ?? noMemory;
  const now = world.now();
  const ids = publishedIds(wanted.domain, observation, providersOf(wanted, '_mta-sts'));
  const memory = rememberObservation(stored, observation, ids, now, options.servedSince);
  const publisherHostnames = config.publisherHostnames;
  const plan = planDomain(wanted, observation, memory, {
    now,
    publisherHostnames,
    isRotationAsked: options.isRotationAsked,
  });
  return { wanted, observation, plan, memory: rememberOwned(memory, plan.foundEqual) };
}

/** What is not built yet hides every fact of the domain, so that nothing is done on half the truth. */
async function look(config: Config, wanted: DomainConfig, world: PlanningWorld): Promise<Observation> {
  const missing = unbuilt(wanted, config, world.descriptors);
  if (missing === null) return observeDomain(wanted, world);
  return { mx: missing, policy: missing, views: allProviders(wanted).map((provider) => ({ ...missing, provider })) };
}

function withAllowed(wanted: DomainConfig, allow: readonly GuardName[]): DomainConfig {
  return allow.length === 0 ? wanted : { ...wanted, allow: new Set([...wanted.allow, ...allow]) };
}

/** One transaction for all that the look taught; only what changed is written. */
function rememberAll(planned: readonly Planned[], store: Store): void {
  store.saveMemories(new Map(planned.map(({ wanted, memory }) => [wanted.domain, memory])));
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
