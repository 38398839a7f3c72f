/**
 * Floor 0. The plan of one domain: what is wanted, what is live, what was, and now, in; plain data out (DESIGN section 5).
 * The memory must have taken in the observation already (`rememberObservation`).
 */
import type { DomainConfig } from '../config/model.ts';
import type { DomainMemory } from '../memory.ts';
import { coverMx } from '../mx.ts';
import { type PolicyMode, samePolicy, type StsPolicy } from '../policy.ts';
import { recordKey } from '../record-set.ts';
import { isHostMove, policyChain } from './chain.ts';
import { decideId, type IdDecision } from './decide-id.ts';
import { observationFindings } from './findings.ts';
import { liveHost } from './host-step.ts';
import { guardDeletes } from './guard-deletes.ts';
import { liveId, type PublishedId, publishedIds } from './ids.ts';
import type { DomainPlan, Finding, Step } from './model.ts';
import { livePolicy, liveMxHosts, type Observation, type ProviderView } from './observation.ts';
import { allProviders, type Label, providersOf } from './record-names.ts';
import { deletionSteps, planRemoval } from './removal.ts';
import { reportsStep } from './reports-step.ts';
import { type Hold, policyToServe } from './serve.ts';
import { statusOf } from './status.ts';
import { finding, holdFinding, holdStep, unreadableFinding } from './steps.ts';

export interface PlanContext {
  readonly now: Date;
  /** Every target that the publishers of this YAML have: a host record with one of them is ours. */
  readonly publisherHostnames: readonly string[];
  /** `sync --rotate`. */
  readonly isRotationAsked: boolean;
}

type ReadView = Extract<ProviderView, { kind: 'read' }>;

/** What the chain part of a plan comes to. */
interface PolicyPart {
  readonly steps: readonly Step[];
  readonly holds: readonly Hold[];
  readonly serve: StsPolicy | null;
  readonly wanted: StsPolicy | null;
  readonly decision: IdDecision | null;
  readonly isHeldTesting: boolean;
  readonly countsAsChange: boolean;
  readonly findings: readonly Finding[];
}

type ChainPart = Pick<PolicyPart, 'steps' | 'decision' | 'countsAsChange' | 'findings'>;

/** Pure: the same arguments give the same plan, whatever the order or case in the YAML. */
export function planDomain(
  wanted: DomainConfig,
  observation: Observation,
  memory: DomainMemory,
  context: PlanContext,
): DomainPlan {
  const ids = publishedIds(wanted.domain, observation, providersOf(wanted, '_mta-sts'));
  const failures = failuresOf(wanted, observation);
  const part = policyPart(wanted, observation, memory, ids, context);
  const reports = reportsPart(wanted, observation, memory);
  const live = livePolicy(observation);
  const hosts = liveMxHosts(wanted.domain, observation.mx);
  const mxWanted = part.wanted?.mx ?? [];
  const cover = coverMx(mxWanted, hosts ?? []);
  const waits = part.holds.map((hold) => holdStep(wanted.domain, hold, part.serve, part.wanted));
  const plan = {
    domain: wanted.domain,
    mode: { wanted: wanted.absent ? ('none' as const) : wanted.mode, live: live?.mode ?? null },
    mx: {
      wanted: mxWanted,
      live: hosts,
      uncovered: wanted.absent ? [] : cover.uncovered,
      unused: hosts === null ? [] : cover.unused,
    },
    id: { live: liveId(ids), next: part.decision?.cause == null ? null : part.decision.id },
    steps: guardDeletes([...reports, ...part.steps, ...waits], wanted),
    findings: [
      ...failures,
      ...observationFindings(wanted, observation, ids, cover),
      ...part.findings,
      ...part.holds.map(holdFinding),
      ...stepFindings([...reports, ...part.steps]),
    ],
    serve: part.serve,
    isHeldTesting: part.isHeldTesting,
    announce: part.decision?.id ?? liveId(ids),
    cause: part.decision?.cause ?? null,
    txtTtlSeconds: Math.max(0, ...readViews(wanted, observation, '_mta-sts').map((view) => view.ttlSeconds)),
    foundEqual: foundEqual(wanted, observation, [...reports, ...part.steps]),
    isFailed: failures.length > 0 || (part.serve === null && !wanted.absent),
    countsAsChange: part.countsAsChange,
  };
  return { ...plan, status: statusOf(plan, 'before') };
}

function policyPart(
  wanted: DomainConfig,
  observation: Observation,
  memory: DomainMemory,
  ids: readonly PublishedId[],
  context: PlanContext,
): PolicyPart {
  const nothing = {
    steps: [],
    holds: [],
    serve: null,
    wanted: null,
    decision: null,
    isHeldTesting: false,
    countsAsChange: false,
    findings: [],
  };
  const views = {
    id: readViews(wanted, observation, '_mta-sts'),
    host: readViews(wanted, observation, 'mta-sts'),
    reports: readViews(wanted, observation, '_smtp._tls'),
  };
  const serving = wanted.absent
    ? null
    : policyToServe(wanted, observation, memory, announcedMode(observation, memory, ids), context.now);
  const shown = { ...nothing, serve: serving?.policy ?? null, wanted: serving?.wanted ?? null };
  // Policy, host record and id are one chain: where one of them cannot be read, none of it is touched.
  if (observation.policy.kind === 'unreadable' || !isWholeRead(wanted, observation)) return shown;
  const chain = (policy: StsPolicy, mayRotate: boolean): ChainPart => {
    const decided = decideId(policy, ids, memory, context.isRotationAsked && mayRotate && !wanted.absent, context.now);
    const decision = mayRotate || decided.cause === null ? decided : null;
    const { publisherHostnames } = context;
    const input = { wanted, policy, decision, ids, observation, memory, publisherHostnames };
    const steps = policyChain({ ...input, hostViews: views.host, idViews: views.id });
    const isChange =
      (liveId(ids) !== null && decision?.cause === 'change') || isHostMove({ wanted, ids, hostViews: views.host });
    return { steps, decision, countsAsChange: isChange, findings: decision?.finding == null ? [] : [decision.finding] };
  };
  if (wanted.absent) {
    const removal = planRemoval(wanted, observation, memory, ids, context.now);
    if (removal.phase !== 'delete')
      return {
        ...nothing,
        ...chain(removal.policy, true),
        serve: removal.policy,
        wanted: removal.policy,
        holds: [removal.hold],
      };
    const steps = deletionSteps(wanted, observation, memory, ids, views, context.publisherHostnames);
    return {
      ...nothing,
      steps,
      countsAsChange: steps.some((step) => step.chain === 'policy' && step.outcome === 'pending'),
    };
  }
  if (serving === null || serving.policy === null) {
    const message = 'mx is live, but MX shows no hosts and no policy is served that could stay';
    return { ...shown, findings: [finding('LIVE_MX_UNKNOWN', 'error', message, 'list the MX hosts in the YAML')] };
  }
  const { isHeldTesting } = serving;
  const settling = hostSettling(wanted, memory, ids, views.host, context.now);
  if (settling === null) return { ...shown, ...chain(serving.policy, true), holds: serving.holds, isHeldTesting };
  const policy = announcedPolicy(observation, memory, ids) ?? serving.policy;
  const made = chain(policy, false);
  // Where the move itself is held there is nothing to wait for.
  const isHeld = made.steps.some((step) => step.outcome === 'held');
  const isWaiting = !isHeld && (made.decision === null || !samePolicy(policy, serving.policy));
  return {
    ...shown,
    ...made,
    holds: isWaiting ? [...serving.holds, settling] : serving.holds,
    serve: policy,
    isHeldTesting,
  };
}

/**
 * While the policy host moves, and until no resolver holds its old record, body and id stay as they are (rule 5): a sender that still
 * reaches the old host would otherwise store its old body under the new id. A body that only the old host knows is replaced, its id stays.
 */
function hostSettling(
  wanted: DomainConfig,
  memory: DomainMemory,
  ids: readonly PublishedId[],
  hostViews: readonly ReadView[],
  now: Date,
): Hold | null {
  const reason = 'the policy host moves first; the policy changes when no resolver holds the old host record';
  const hold = { guard: 'served-before-id', reason, hint: 'wait for the TTL of the old host record' } as const;
  if (isHostMove({ wanted, ids, hostViews })) {
    const ttls = hostViews.flatMap((view) => liveHost(view, wanted.domain)).map((set) => set.ttlSeconds);
    return { ...hold, notBefore: new Date(now.getTime() + 1000 * Math.max(0, ...ttls)) };
  }
  const isSettling = memory.hostSettledAt !== null && now < memory.hostSettledAt;
  return isSettling ? { ...hold, notBefore: memory.hostSettledAt } : null;
}

/** The policy that the published id stands for: what senders are told. Null: none is announced. */
function announcedPolicy(
  observation: Observation,
  memory: DomainMemory,
  ids: readonly PublishedId[],
): StsPolicy | null {
  const id = liveId(ids);
  const announced = memory.history.findLast((entry) => entry.rotatedAt !== null && (id === null || entry.id === id));
  return announced?.policy ?? (id === null ? null : livePolicy(observation));
}

function announcedMode(observation: Observation, memory: DomainMemory, ids: readonly PublishedId[]): PolicyMode | null {
  return announcedPolicy(observation, memory, ids)?.mode ?? null;
}

function reportsPart(wanted: DomainConfig, observation: Observation, memory: DomainMemory): readonly Step[] {
  const views = readViews(wanted, observation, '_smtp._tls');
  if (wanted.tlsReports === null || wanted.absent || views.length === 0) return [];
  const reason =
    wanted.tlsReports.length === 0 ? '`tlsReports: []` removes the record' : 'reports shall go to these addresses';
  const step = reportsStep(wanted, wanted.tlsReports, views, memory, reason);
  return step === null ? [] : [step];
}

function readViews(wanted: DomainConfig, observation: Observation, label: Label): readonly ReadView[] {
  const names = providersOf(wanted, label);
  return observation.views.filter((view) => view.kind === 'read').filter((view) => names.includes(view.provider));
}

function isWholeRead(wanted: DomainConfig, observation: Observation): boolean {
  return (['_mta-sts', 'mta-sts'] as const).every(
    (label) => readViews(wanted, observation, label).length === providersOf(wanted, label).length,
  );
}

/** One finding for each fact that could not be read; a domain with one is `failed`. */
function failuresOf(wanted: DomainConfig, observation: Observation): readonly Finding[] {
  const facts = [
    ...observation.views.filter((view) => allProviders(wanted).includes(view.provider)),
    observation.policy,
    observation.mx,
  ];
  const failures = facts.flatMap((fact) => (fact.kind === 'unreadable' ? [unreadableFinding(fact)] : []));
  return failures.filter(
    (one, index) => failures.findIndex((other) => other.code === one.code && other.message === one.message) === index,
  );
}

function stepFindings(steps: readonly Step[]): readonly Finding[] {
  return steps.flatMap((step) =>
    step.outcome === 'held' ? [finding('GUARD_HOLDS', 'warning', `${step.guard}: ${step.reason}`)] : [],
  );
}

/** Managed sets that need no step: found as wanted. */
function foundEqual(wanted: DomainConfig, observation: Observation, steps: readonly Step[]): readonly string[] {
  const changing = new Set(steps.map((step) => step.name));
  const managed = (
    ['_mta-sts', 'mta-sts', ...(wanted.tlsReports === null ? [] : ['_smtp._tls' as const])] as const
  ).map((label) => `${label}.${wanted.domain}`);
  const sets = observation.views.flatMap((view) => (view.kind === 'read' ? view.sets : []));
  const equal = sets
    .filter((set) => !wanted.absent && managed.includes(set.name) && !changing.has(set.name))
    .map(recordKey);
  return [...new Set(equal)].toSorted();
}
