/**
 * Floor 0. The one order that loses no mail (rule 5, RFC 8461 §8.1): host record, policy, proof, id. Where the policy host moves, the proof
 * of the new one comes before its record.
 */
import type { DomainConfig } from '../config/model.ts';
import type { DomainMemory } from '../memory.ts';
import { samePolicy, type StsPolicy } from '../policy.ts';
import { formatStsRecord, parseStsRecords, STS_PREFIX } from '../txt-records.ts';
import { type IdDecision } from './decide-id.ts';
import { hostStep, isWantedHost, liveHost } from './host-step.ts';
import type { Step } from './model.ts';
import type { Observation, ProviderView } from './observation.ts';
import { delegated, foreignHost, foreignId } from './ownership.ts';
import type { PublishedId } from './ids.ts';
import { policyHostOf, recordName } from './record-names.ts';
import { heldStep, publishStep, skipBehindHeld, verifyStep } from './steps.ts';
import { isTtlOnly, txtStep } from './txt-step.ts';

type ReadView = Extract<ProviderView, { kind: 'read' }>;

export interface ChainInput {
  readonly wanted: DomainConfig;
  readonly policy: StsPolicy;
  /**
   * Null while the host moves and the id would be a new one: it stays, since a sender that still reaches the old host would store its old
   * body under the new id (rule 5).
   */
  readonly decision: IdDecision | null;
  readonly ids: readonly PublishedId[];
  readonly observation: Observation;
  readonly memory: DomainMemory;
  readonly publisherHostnames: readonly string[];
  readonly hostViews: readonly ReadView[];
  readonly idViews: readonly ReadView[];
}

/** The steps that make this policy the announced one; none where it is already. */
export function policyChain(input: ChainInput): readonly Step[] {
  const { wanted, policy, decision } = input;
  const publish = publishIfNeeded(input);
  const host = hostIfNeeded(input);
  const id = decision === null ? null : idIfNeeded(input, decision);
  const needsProof = publish !== null || host !== null || (id !== null && decision?.cause != null);
  const verify = needsProof ? verifyStep(wanted.domain, policy) : null;
  // A host record that may not be written stands in front in any case: nothing behind it would reach a sender.
  const steps =
    isHostMove(input) && host?.outcome !== 'held' ? [publish, verify, host, id] : [host, publish, verify, id];
  const chain = steps.filter((step) => step !== null);
  // While somebody else's id is out, neither a new body nor a new host may come out under it.
  const hold =
    id === null || isTtlOnly(id)
      ? null
      : (delegated(id.name, input.idViews) ?? foreignId(wanted, input.ids, input.memory));
  return skipBehindHeld(
    hold === null ? chain : chain.map((step, index) => (index === 0 ? heldStep(step, hold) : step)),
  );
}

/** The policy is announced, and the host record leads somewhere else than the YAML wants. */
export function isHostMove({ wanted, ids, hostViews }: Pick<ChainInput, 'wanted' | 'ids' | 'hostViews'>): boolean {
  const live = hostViews.map((view) => liveHost(view, wanted.domain)).filter((sets) => sets.length > 0);
  return (
    ids.some((one) => one.id !== null) &&
    live.some((sets) => !isWantedHost(sets, wanted.domain, wanted.publisher.target))
  );
}

function publishIfNeeded({ wanted, policy, observation }: ChainInput): Step | null {
  const fact = observation.policy;
  // A live body that means the same in other bytes is no drift (rule 3).
  if (fact.kind === 'body' && fact.policy !== null && samePolicy(fact.policy, policy)) return null;
  const reason =
    fact.kind === 'body' ? (fact.message ?? 'the policy served says something else') : 'no policy is served';
  return publishStep(wanted.domain, fact.kind === 'body' ? fact.body : null, policy, reason);
}

function hostIfNeeded({ wanted, hostViews, memory, publisherHostnames }: ChainInput): Step | null {
  const isSame = hostViews.every((view) =>
    isWantedHost(liveHost(view, wanted.domain), wanted.domain, wanted.publisher.target),
  );
  const reason = isSame ? 'another TTL is wanted' : `${policyHostOf(wanted.domain)} has to lead to the publisher`;
  const step = hostStep(wanted, wanted.publisher.target, hostViews, reason);
  if (step === null || isSame) return step;
  const hold = foreignHost(wanted, hostViews, memory, publisherHostnames);
  return hold === null ? step : heldStep(step, hold);
}

function idIfNeeded({ wanted, idViews }: ChainInput, decision: IdDecision): Step | null {
  const text = formatStsRecord(decision.id);
  return txtStep(
    {
      name: recordName('_mta-sts', wanted.domain),
      prefix: STS_PREFIX,
      text,
      // An id is never drift by itself, however the record around it is written.
      means: (live) => {
        const record = parseStsRecords([live]);
        return record.ok && record.value.id === decision.id;
      },
      reason: decision.reason,
    },
    idViews,
    'policy',
  );
}
