/**
 * Floor 0. The part of a plan that senders see: policy, host record and id, for a domain that is wanted and for one that shall be absent.
 */
import { bodyHash } from '../id.ts';
import { formatPolicy, samePolicy, type StsPolicy } from '../policy.ts';
import { isHostMove, policyChain } from './chain.ts';
import { decideId, type IdDecision } from './decide-id.ts';
import { liveHost } from './host-step.ts';
import { delegationWaits, isLeadingHere } from './delegation.ts';
import { liveId } from './ids.ts';
import { laggingId } from './lagging-id.ts';
import type { Finding, Step } from './model.ts';
import { ownName } from './record-names.ts';
import { planRelease } from './release.ts';
import { deletionSteps, planRemoval } from './removal.ts';
import type { Hold } from './hold.ts';
import { policyToServe, type Serving } from './serve.ts';
import { isChainReadable, type Situation } from './situation.ts';
import { behindLaggingStep, finding } from './steps.ts';

export interface PolicyPart {
  readonly steps: readonly Step[];
  readonly holds: readonly Hold[];
  /** To serve now, and what the YAML wants in full; null: not known, or none. */
  readonly serve: StsPolicy | null;
  readonly wanted: StsPolicy | null;
  /** Null: no id is decided on, so the record says what it said. */
  readonly decision: IdDecision | null;
  readonly isHeldTesting: boolean;
  readonly countsAsChange: boolean;
  readonly findings: readonly Finding[];
}

type Chain = Pick<PolicyPart, 'steps' | 'decision' | 'countsAsChange' | 'findings'>;

const nothing: PolicyPart = {
  steps: [],
  holds: [],
  serve: null,
  wanted: null,
  decision: null,
  isHeldTesting: false,
  countsAsChange: false,
  findings: [],
};

export function planPolicy(at: Situation): PolicyPart {
  if (at.wanted.absent) return isChainReadable(at) ? planAbsence(at) : nothing;
  if (at.wanted.released) return isChainReadable(at) ? { ...nothing, ...planRelease(at) } : nothing;
  const serving = policyToServe(at);
  const shown = { ...nothing, serve: serving.policy, wanted: serving.wanted };
  if (!isChainReadable(at)) return shown;
  if (serving.policy !== null) return { ...shown, ...planPresence(at, serving, serving.policy) };
  const message = 'mx is live, but MX shows no hosts and no policy is served that could stay';
  return { ...shown, findings: [finding('LIVE_MX_UNKNOWN', 'error', message, 'list the MX hosts in the YAML')] };
}

function planPresence(at: Situation, serving: Serving, next: StsPolicy): Partial<PolicyPart> & Chain {
  const made = isLeadingHere(at) ? planLed(at, serving, next) : planStray(at, serving, next);
  return { ...made, steps: [...made.steps, ...delegationWaits(at.wanted, at.observation)] };
}

/**
 * While a CNAME that senders need does not lead here, what they were told stays, also where it is somebody else's: then body and id here and
 * there say the same, whichever of both a sender reaches. Where they were told nothing, all is made ready but the id.
 */
function planStray(at: Situation, { holds, isHeldTesting }: Serving, next: StsPolicy): Partial<PolicyPart> & Chain {
  const policy = at.announced ?? next;
  return { ...chainFor(at, policy, false), serve: policy, holds, isHeldTesting };
}

function planLed(at: Situation, { holds, isHeldTesting }: Serving, next: StsPolicy): Partial<PolicyPart> & Chain {
  const settling = hostSettling(at);
  if (settling === null) {
    const finishing = finishLagging(at, next);
    if (finishing !== null) return { ...finishing, holds, isHeldTesting };
    const young = youngProof(at, next);
    const made = chainFor(at, next, young === null);
    return { ...made, holds: young === null || made.decision !== null ? holds : [...holds, young], isHeldTesting };
  }
  const policy = at.announced ?? next;
  const chain = chainFor(at, policy, false);
  // Where the move itself is held there is nothing to wait for.
  const isHeld = chain.steps.some((step) => step.outcome === 'held');
  const isWaiting = !isHeld && (chain.decision === null || !samePolicy(policy, next));
  return { ...chain, serve: policy, holds: isWaiting ? [...holds, settling] : holds, isHeldTesting };
}

function planAbsence(at: Situation): PolicyPart {
  const removal = planRemoval(at);
  if (removal.phase === 'delete') {
    const steps = deletionSteps(at, 'no sender holds a policy any more');
    const countsAsChange = steps.some((step) => step.chain === 'policy' && step.outcome === 'pending');
    return { ...nothing, steps, countsAsChange };
  }
  const { policy, hold } = removal;
  const serving = { policy, wanted: policy, holds: [hold], isHeldTesting: false };
  return { ...nothing, serve: policy, wanted: policy, ...planPresence(at, serving, policy) };
}

/** `mayRotate` false: the id stays although the policy would want a new one, and one that is gone does not come back yet. */
function chainFor(at: Situation, policy: StsPolicy, mayRotate: boolean): Chain {
  const isAsked = at.isRotationAsked && mayRotate && !at.wanted.absent;
  const decided = decideId(policy, at.ids, at.memory, isAsked, at.now);
  const isStaying = decided.cause === null && at.ids.some((one) => one.count > 0);
  const decision = mayRotate || isStaying ? decided : null;
  const isRotation = liveId(at.ids) !== null && decision?.cause === 'change';
  return {
    steps: policyChain(at, policy, decision),
    decision,
    countsAsChange: isRotation || isHostMove(at),
    findings: decision?.finding == null ? [] : [decision.finding],
  };
}

/** The id of before goes to the provider that lacks it, with its policy; what is wanted next waits for that. Null: nothing to finish. */
function finishLagging(at: Situation, next: StsPolicy): (Chain & Pick<PolicyPart, 'serve'>) | null {
  const lagging = laggingId(at, next);
  if (lagging === null) return null;
  const { policy, decision } = lagging;
  const wait = behindLaggingStep(at.wanted.domain, policy, next);
  const steps = [...policyChain(at, policy, decision), wait];
  return { steps, decision, serve: policy, countsAsChange: isHostMove(at), findings: [] };
}

/** Where an address hides several nodes or a cache, the id follows the second proof (rule 5). Null: it may follow now. */
function youngProof({ wanted, memory, now }: Situation, policy: StsPolicy): Hold | null {
  const { spreadSeconds } = wanted.publisher;
  const isProved = memory.proved?.bodyHash === bodyHash(formatPolicy(policy));
  const since = isProved && memory.proved !== null ? memory.proved.at : now;
  const notBefore = new Date(since.getTime() + spreadSeconds * 1000);
  if (spreadSeconds === 0 || (isProved && now >= notBefore)) return null;
  const reason = 'the address may hide several nodes or a cache, so the proof is made again before the id';
  return { guard: 'served-before-id', reason, hint: 'wait for `spread:` of the publisher', notBefore };
}

/**
 * While the policy host moves, and until no resolver holds its old record, body and id stay as they are (rule 5): a sender that still
 * reaches the old host would otherwise store its old body under the new id. A body that only the old host knows is replaced, its id stays.
 */
function hostSettling(at: Situation): Hold | null {
  const reason = 'the policy host moves first; the policy changes when no resolver holds the old host record';
  const hold = { guard: 'served-before-id', reason, hint: 'wait for the TTL of the old host record' } as const;
  if (isHostMove(at)) {
    const name = ownName('mta-sts', at.wanted);
    const sets = at.views['mta-sts'].flatMap((view) => liveHost(view, name));
    const ttlSeconds = Math.max(0, ...sets.map((set) => set.ttlSeconds));
    return { ...hold, notBefore: new Date(at.now.getTime() + 1000 * ttlSeconds) };
  }
  const { hostSettledAt } = at.memory;
  return hostSettledAt !== null && at.now < hostSettledAt ? { ...hold, notBefore: hostSettledAt } : null;
}
