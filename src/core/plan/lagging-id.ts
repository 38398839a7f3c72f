/**
 * Floor 0. A zone hosted twice (DESIGN section 4): an id that an earlier run wrote at one provider and could not write at another. It is
 * finished before there is a new one, so that a provider that fails for days makes senders fetch once, and at most two ids are ever out.
 */
import { bodyHash, parseOwnId } from '../id.ts';
import { formatPolicy, samePolicy, type StsPolicy } from '../policy.ts';
import { decideId, type IdDecision } from './decide-id.ts';
import { livePolicy } from './observation.ts';
import type { Situation } from './situation.ts';

export interface LaggingId {
  /** The policy that the id was made for: it stays until the id is everywhere. */
  readonly policy: StsPolicy;
  readonly decision: IdDecision;
}

/** Null: every provider has the newest id, or what is wanted next is that id anyway. */
export function laggingId(at: Situation, next: StsPolicy): LaggingId | null {
  const { ids, memory, isRotationAsked, now } = at;
  const own = ids.flatMap(({ id }) => (id !== null && parseOwnId(id) !== null ? [id] : []));
  const newest = own.toSorted().at(-1);
  if (newest === undefined || ids.every(({ id }) => id === newest)) return null;
  const policy = [memory.history.findLast(({ id }) => id === newest)?.policy, livePolicy(at.observation)].find(
    (one) => one != null && parseOwnId(newest)?.bodyHash === bodyHash(formatPolicy(one)),
  );
  // Whose policy nobody knows cannot be finished.
  if (policy == null) return null;
  const decided = decideId(next, ids, memory, isRotationAsked, now);
  if (decided.cause === null && decided.id === newest && samePolicy(policy, next)) return null;
  const reason = 'an earlier run wrote this id at another provider; it is finished before there is a new one';
  return { policy, decision: { id: newest, cause: null, reason, finding: null } };
}
