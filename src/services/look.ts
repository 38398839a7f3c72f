/**
 * Floor 3. From a look to a plan. The name servers are looked at first; a provider is asked only when something differs, or is not sure, or
 * `observe: provider` says so (rule 12).
 */
import type { Config, DomainConfig } from '../core/config/model.ts';
import { type DomainMemory, noMemory } from '../core/memory.ts';
import { publishedIds } from '../core/plan/ids.ts';
import type { DomainPlan } from '../core/plan/model.ts';
import type { Observation, ProviderView } from '../core/plan/observation.ts';
import { planDomain } from '../core/plan/plan.ts';
import { allProviders, observedKeys } from '../core/plan/record-names.ts';
import { rememberObservation, rememberOwned } from '../core/plan/remember.ts';
import type { PlanContext } from '../core/plan/situation.ts';
import { recordKey, type RecordKey, sameRdata } from '../core/record-set.ts';
import type { StoreReader } from '../effects/store.ts';
import type { ProviderDescriptor } from '../provider.ts';
import { observeDomain } from './observe.ts';
import { observeProviders } from './observe-providers.ts';
import { unbuilt } from './unbuilt.ts';
import type { ReadingWorld } from './world.ts';

/** Everything a dry run holds: nothing in it can write (rule 11). `store` is null where no state exists yet. */
export interface PlanningWorld extends ReadingWorld {
  readonly store: StoreReader | null;
  readonly now: () => Date;
  readonly descriptors: readonly ProviderDescriptor[];
}

/** One domain between looking and doing. */
export interface Planned {
  readonly wanted: DomainConfig;
  readonly observation: Observation;
  readonly plan: DomainPlan;
  readonly memory: DomainMemory;
}

/** Looks at one domain. What is not built yet hides every fact of it, so that nothing is done on half the truth. */
export async function lookAt(config: Config, wanted: DomainConfig, world: PlanningWorld): Promise<Observation> {
  const missing = unbuilt(wanted, config, world.descriptors);
  if (missing === null) return observeDomain(wanted, world);
  const views = allProviders(wanted).map((provider) => ({ ...missing, provider }));
  return { mx: missing, policy: missing, published: missing, views, offers: null, spreading: [] };
}

/** Did any MX answer at port 25 in this run? If none did, the way there is closed from here (rule 8). */
export function isSmtpReachable(observations: readonly Observation[]): boolean {
  return observations.some(({ offers }) => offers?.some((one) => one.verdict !== 'unreachable') === true);
}

/** The plan from a look. Asks the providers where the name servers alone cannot settle it. Writes nothing. */
export async function planLooked(
  wanted: DomainConfig,
  seen: Observation,
  world: PlanningWorld,
  context: PlanContext,
  servedSince: Date | null,
): Promise<Planned> {
  const stored = world.store?.memory(wanted.domain) ?? noMemory;
  const ids = publishedIds(wanted, seen);
  const memory = rememberObservation(stored, seen, ids, context.now, servedSince);
  const planOf = (observation: Observation): Planned => {
    const plan = planDomain(wanted, observation, memory, context);
    return { wanted, observation, plan, memory: rememberOwned(memory, plan.foundEqual) };
  };
  const first = planOf(seen);
  if (wanted.observe !== 'dns' || !needsProviders(first)) return first;
  const views = await observeProviders(wanted, world);
  return planOf({ ...seen, views, spreading: spreadingOf(wanted, seen.views, views) });
}

/** Is there anything to write, or anything that the name servers do not agree on? */
function needsProviders({ plan, observation }: Planned): boolean {
  const isUnsure = observation.views.some((view) => view.kind === 'unreadable' && view.code !== 'NOT_BUILT_YET');
  return isUnsure || plan.announce === null || plan.steps.some((step) => step.changes.length > 0);
}

/** Record sets that the provider has and that not every name server shows yet. */
function spreadingOf(
  wanted: DomainConfig,
  inDns: readonly ProviderView[],
  atProvider: readonly ProviderView[],
): readonly RecordKey[] {
  return atProvider.flatMap((view) => {
    if (view.kind !== 'read') return [];
    const shown = inDns.find((one) => one.provider === view.provider);
    return observedKeys(wanted, view.provider).filter((key) => {
      const set = view.sets.find((one) => recordKey(one) === recordKey(key));
      if (set === undefined) return false;
      const seen = shown?.kind === 'read' ? shown.sets.find((one) => recordKey(one) === recordKey(key)) : undefined;
      return seen === undefined || !sameRdata(seen, set);
    });
  });
}
