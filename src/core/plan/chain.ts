/**
 * Floor 0. The one order that loses no mail (rule 5, RFC 8461 §8.1): host record, certificate, policy, proof, id. Where the policy host moves, the
 * proof of the new one comes before its record, unless its certificate can only come when it has moved.
 */
import { bodyHash } from '../id.ts';
import { formatPolicy, samePolicy, type StsPolicy } from '../policy.ts';
import { formatStsRecord, parseStsRecords, STS_PREFIX } from '../txt-records.ts';
import { behindCertificate, certificateIfMissing, isHostFirst } from './certificate-step.ts';
import type { IdDecision } from './decide-id.ts';
import { hostStep, isWantedHost, liveHost } from './host-step.ts';
import type { Step } from './model.ts';
import type { PolicyFact } from './observation.ts';
import { canProve } from './delegation.ts';
import { delegatedId, foreignHost, foreignId } from './ownership.ts';
import { ownName, policyHostOf, writtenName } from './record-names.ts';
import type { Situation } from './situation.ts';
import { heldStep, publishStep, skipBehindHeld, verifyStep } from './steps.ts';
import { isTtlOnly, txtStep } from './txt-step.ts';

/**
 * The steps that make this policy the announced one; none where it is already. `decision` null: the id stays although the policy would want
 * a new one (the host moves).
 */
export function policyChain(at: Situation, policy: StsPolicy, decision: IdDecision | null): readonly Step[] {
  const { wanted } = at;
  const publish = publishIfNeeded(at, policy);
  const host = hostIfNeeded(at);
  const id = decision === null ? null : idIfNeeded(at, decision);
  const isServed = isBodyOf(at.observation.policy, policy);
  const isNew = id !== null && decision?.cause != null;
  const needsProof = !isServed || publish !== null || host !== null || isNew || isFirstProofDue(at, policy, decision);
  const verify = needsProof && canProve(at) ? verifyStep(wanted.domain, policy) : null;
  // A host record that may not be written stands in front in any case: nothing behind it would reach a sender.
  const isMove = isHostMove(at) && host?.outcome !== 'held';
  const certificate = certificateIfMissing(at);
  const isBefore = isMove && !(certificate !== null && isHostFirst(at));
  const order = isBefore ? [certificate, publish, verify, host, id] : [host, certificate, publish, verify, id];
  const chain = behindCertificate(order.filter((step) => step !== null));
  if (id === null || isTtlOnly(id)) return skipBehindHeld(chain);
  // While somebody else's id is out, neither a new body nor a new host may come out under it.
  const hold = delegatedId(at) ?? foreignId(at);
  const held = chain.map((step, index) => (hold !== null && index === 0 ? heldStep(step, hold) : step));
  return skipBehindHeld(held);
}

/** Where the id has to wait for two proofs (`publisher.spread`), the first is made although nothing else is to be done. */
function isFirstProofDue({ wanted, memory }: Situation, policy: StsPolicy, decision: IdDecision | null): boolean {
  const isProved = memory.proved?.bodyHash === bodyHash(formatPolicy(policy));
  return decision === null && wanted.publisher.spreadSeconds > 0 && !isProved;
}

/** The policy is announced, and the host record leads somewhere else than the YAML wants. */
export function isHostMove({ wanted, ids, views }: Situation): boolean {
  const name = ownName('mta-sts', wanted);
  const live = views['mta-sts'].map((view) => liveHost(view, name)).filter((sets) => sets.length > 0);
  return ids.some((one) => one.id !== null) && live.some((sets) => !isWantedHost(sets, wanted.publisher.target));
}

function publishIfNeeded({ wanted, observation }: Situation, policy: StsPolicy): Step | null {
  const { published } = observation;
  // A body that means the same in other bytes is no drift (rule 3).
  if (isBodyOf(published, policy)) return null;
  const isBody = published.kind === 'body';
  const reason = isBody ? (published.message ?? 'the policy served says something else') : 'no policy is served';
  return publishStep(wanted.domain, isBody ? published.body : null, policy, reason);
}

function isBodyOf(fact: PolicyFact, policy: StsPolicy): boolean {
  return fact.kind === 'body' && fact.policy !== null && samePolicy(fact.policy, policy);
}

function hostIfNeeded(at: Situation): Step | null {
  const { domain, publisher } = at.wanted;
  const views = at.views['mta-sts'];
  const name = ownName('mta-sts', at.wanted);
  const isSame = views.every((view) => isWantedHost(liveHost(view, name), publisher.target));
  const reason = isSame ? 'another TTL is wanted' : `${policyHostOf(domain)} has to lead to the publisher`;
  const step = hostStep(at.wanted, publisher.target, views, reason);
  if (step === null || isSame) return step;
  const hold = foreignHost(at);
  return hold === null ? step : heldStep(step, hold);
}

function idIfNeeded({ wanted, views }: Situation, decision: IdDecision): Step | null {
  const text = formatStsRecord(decision.id);
  return txtStep(
    {
      name: writtenName('_mta-sts', wanted),
      prefix: STS_PREFIX,
      text,
      // An id is never drift by itself, however the record around it is written.
      means: (live) => {
        const record = parseStsRecords([live]);
        return record.ok && record.value.id === decision.id;
      },
      reason: decision.reason,
    },
    views['_mta-sts'],
    'policy',
  );
}
