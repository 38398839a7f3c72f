/**
 * Floor 3. From a look to a plan. The name servers are looked at first; a provider is asked only when something differs, or is not sure, or
 * `observe: provider` says so (rule 12).
 */
import type { Config, DomainConfig } from '../core/config/model.ts';
import { type DomainMemory, noMemory } from '../core/memory.ts';
import { acmeOf, certificateFact, type CertificateFact } from '../core/plan/certificate-step.ts';
import { publishedIds } from '../core/plan/ids.ts';
import { isNews } from '../core/plan/memory-news.ts';
import type { DomainPlan } from '../core/plan/model.ts';
import type { Observation, ProviderView, Unreadable } from '../core/plan/observation.ts';
import { planDomain } from '../core/plan/plan.ts';
import { allProviders, observedKeys, ownName, policyHostOf } from '../core/plan/record-names.ts';
import { rememberHostLook, rememberObservation, rememberOwned } from '../core/plan/remember.ts';
import { rememberDelegation } from '../core/plan/remember-delegation.ts';
import { testingRun } from '../core/plan/reports-agree.ts';
import type { PlanContext } from '../core/plan/situation.ts';
import { recordKey, type RecordKey, sameRdata } from '../core/record-set.ts';
import type { ReportFacts } from '../core/reports/finding-model.ts';
import { orAborted } from '../effects/dns/shared.ts';
import type { StoreReader } from '../effects/store.ts';
import type { ProviderDescriptor } from '../provider.ts';
import { observeDomain } from './observe.ts';
import { type After, isLate, withinDomain } from './look-deadline.ts';
import { observeProviders } from './observe-providers.ts';
import type { TurnOf } from './certificates/turns.ts';
import { unbuilt } from './unbuilt.ts';
import { unreadable } from './unreadable.ts';
import type { ReadingWorld } from './world.ts';

/** Everything a dry run holds: nothing in it can write (rule 11). `store` is null where no state exists yet. */
export interface PlanningWorld extends ReadingWorld {
  readonly store: StoreReader | null;
  readonly now: () => Date;
  /** For deadlines. */
  readonly after: After;
  readonly descriptors: readonly ProviderDescriptor[];
  /** When the order of a host at a CA can begin. */
  readonly turnOf: TurnOf;
}

/** One domain between looking and doing. */
export interface Planned {
  readonly wanted: DomainConfig;
  readonly observation: Observation;
  readonly plan: DomainPlan;
  readonly memory: DomainMemory;
  /** The memory says more than the state does. */
  readonly isNews: boolean;
}

/** How old the days are that `stepBack` looks at, at most. */
const STEP_BACK_MS = 5 * 86_400_000;

/** Looks at one domain. What is not built yet, or was late, hides every fact of it, so that nothing is done on half the truth. */
export async function lookAt(config: Config, wanted: DomainConfig, world: PlanningWorld): Promise<Observation> {
  const missing = unbuilt(wanted, config, world.descriptors);
  if (missing !== null) return hidden(wanted, missing);
  try {
    return await withinDomain(config.world, world, (bounded) => observeDomain(wanted, bounded));
  } catch (error) {
    if (!isLate(error)) throw error;
    return hidden(wanted, unreadable(error));
  }
}

function hidden(wanted: DomainConfig, fact: Unreadable): Observation {
  const facts = { '_mta-sts': fact, 'mta-sts': fact, '_smtp._tls': fact };
  return {
    mx: fact,
    policy: fact,
    published: fact,
    views: hiddenViews(wanted, fact),
    offers: null,
    spreading: [],
    delegation: wanted.delegation === null ? null : { facts, atTarget: null },
  };
}

function hiddenViews(wanted: DomainConfig, fact: Unreadable): readonly ProviderView[] {
  return allProviders(wanted).map((provider) => ({ ...fact, provider }));
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
  const certificate = knownCertificate(wanted, world, context.now);
  const reports = knownReports(wanted, stored, world, context.now);
  const remembered = rememberObservation(stored, seen, ids, context.now, servedSince);
  const planOf = (observation: Observation): Planned => {
    const isSpreading = isHostSpreading(wanted, observation);
    const memory =
      observation.delegation === null
        ? rememberHostLook(remembered, isSpreading, context.now)
        : rememberDelegation(remembered, wanted, observation.delegation, isSpreading, context.now);
    const plan = planDomain(wanted, observation, memory, { ...context, certificate, reports });
    const grown = rememberOwned(memory, plan.foundEqual);
    return { wanted, observation, plan, memory: grown, isNews: isNews(stored, grown) };
  };
  const first = planOf(seen);
  if (wanted.observe !== 'dns' || !needsProviders(first)) return first;
  const views = await askInTime(wanted, world);
  return planOf({ ...seen, views, spreading: spreadingOf(wanted, seen.views, views) });
}

/** Of a policy host that gets its certificate by ACME, as the state knows it. Null: it does not. */
function knownCertificate(wanted: DomainConfig, { store, turnOf }: PlanningWorld, now: Date): CertificateFact | null {
  const acme = acmeOf(wanted);
  if (acme === null) return null;
  const host = policyHostOf(wanted.domain);
  const facts = store?.certificate(host) ?? null;
  return certificateFact(facts, facts?.certificate == null ? turnOf(host, acme, now) : null, now);
}

/** Asked for only where a promotion to enforce, or the way back from it, rests on them. */
function knownReports(
  wanted: DomainConfig,
  { history }: DomainMemory,
  { store }: PlanningWorld,
  now: Date,
): ReportFacts | null {
  const tested = testingRun(history)[0]?.rotatedAt ?? null;
  const start = tested ?? (wanted.stepBack ? new Date(now.getTime() - STEP_BACK_MS) : null);
  if (start === null || wanted.mode === 'none' || wanted.absent || wanted.released) return null;
  return store?.reportFacts(wanted.domain, start.toISOString().slice(0, 10)) ?? null;
}

/** May some name server still give out an older host record? What cannot be read may be anything. */
function isHostSpreading(wanted: DomainConfig, { views, spreading }: Observation): boolean {
  const host = ownName('mta-sts', wanted);
  return views.some((view) => view.kind === 'unreadable') || spreading.some(({ name }) => name === host);
}

/** Is there anything to write, or anything that the name servers do not agree on? */
function needsProviders({ plan, observation }: Planned): boolean {
  if (isHidden(observation)) return false;
  const isUnsure = observation.views.some((view) => view.kind === 'unreadable');
  // Before its CNAMEs are there a delegated domain announces nothing, for as long as its owner takes.
  const isSilent = plan.announce === null && plan.delegation === null;
  return isUnsure || isSilent || plan.steps.some((step) => step.changes.length > 0);
}

/** {@link lookAt} showed nothing at all: what the providers say would be half the truth. */
function isHidden({ mx }: Observation): boolean {
  return mx.kind === 'unreadable' && (mx.code === 'NOT_BUILT_YET' || mx.code === 'LOOK_DEADLINE');
}

/** Ends with the signal, also where a provider takes no notice of it: one that is late is one that cannot be read. */
async function askInTime(wanted: DomainConfig, world: PlanningWorld): Promise<readonly ProviderView[]> {
  try {
    return await orAborted(observeProviders(wanted, world), world.signal);
  } catch (error) {
    if (!isLate(error)) throw error;
    return hiddenViews(wanted, unreadable(error));
  }
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
