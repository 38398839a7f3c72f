/** Floor 0. Rule 4: which id shall stand at `_mta-sts`. It rotates if and only if the policy changed, or a wrong body was seen under it. */
import { bodyHash, nextPolicyId, parseOwnId } from '../id.ts';
import type { Cause, DomainMemory } from '../memory.ts';
import { formatPolicy, samePolicy, type StsPolicy } from '../policy.ts';
import { liveId, type PublishedId } from './ids.ts';
import type { Finding } from './model.ts';
import { finding } from './steps.ts';

export interface IdDecision {
  readonly id: string;
  /** Null: the id is one that was published before. */
  readonly cause: Cause | null;
  readonly reason: string;
  readonly finding: Finding | null;
}

/** A wrong body makes the id rotate at most once in this time: a host that flaps would otherwise make every sender fetch all day. */
const WRONG_BODY_REST_MS = 86_400_000;

/** `isAsked`: `sync --rotate`. */
export function decideId(
  policy: StsPolicy,
  ids: readonly PublishedId[],
  memory: DomainMemory,
  isAsked: boolean,
  now: Date,
): IdDecision {
  const body = formatPolicy(policy);
  const hash = bodyHash(body);
  const kept = keptId(policy, hash, ids, memory);
  const taken = [...ids.flatMap((one) => one.ids), ...memory.history.map((entry) => entry.id)];
  const fresh = (cause: Cause, reason: string): IdDecision => ({
    id: nextPolicyId(body, now, taken),
    cause,
    reason,
    finding: null,
  });
  if (isAsked) return fresh('request', 'a new id was asked for');
  if (kept === null) return fresh('change', liveId(ids) === null ? 'the policy is new' : 'the policy changes');
  if (!hasWrongBody(kept, hash, memory))
    return { id: kept, cause: null, reason: 'the policy is the same, and so is its id', finding: null };
  const last = memory.history.findLast((entry) => entry.cause === 'wrong-body' && entry.rotatedAt !== null)?.rotatedAt;
  if (last !== null && last !== undefined && now.getTime() - last.getTime() < WRONG_BODY_REST_MS) {
    const message = `a wrong body was served under id ${kept} again; the id rotated for that at ${last.toISOString()} and rests for 24 h`;
    return {
      id: kept,
      cause: null,
      reason: message,
      finding: finding('HOST_FLAPS', 'error', message, 'find out who else writes the policy file'),
    };
  }
  return fresh('wrong-body', `a wrong body was served under id ${kept}, so some senders hold it`);
}

/** The id that stands for this policy already; null when there is none, so the policy changed. */
function keptId(policy: StsPolicy, hash: string, ids: readonly PublishedId[], memory: DomainMemory): string | null {
  // The provider says which id is published. Of doubled strings one of ours for this body is the id; the newest, if several.
  const own = ids.flatMap((one) => one.ids).filter((id) => parseOwnId(id)?.bodyHash === hash);
  const newest = own.toSorted().at(-1);
  if (newest !== undefined) return newest;
  const live = liveId(ids);
  const announced = memory.history.findLast((entry) => entry.rotatedAt !== null);
  if (live === null) {
    // The record is missing, doubled or broken. The same policy goes back under the same id: senders have nothing to fetch.
    return announced !== undefined &&
      samePolicy(announced.policy, policy) &&
      (parseOwnId(announced.id)?.bodyHash ?? hash) === hash
      ? announced.id
      : null;
  }
  if (parseOwnId(live) !== null) return null;
  // A foreign id is bound to the body seen under it.
  return memory.seenBodies.some((one) => one.id === live && one.bodyHash === hash) ? live : null;
}

/** Was anything but this body seen under the id? */
function hasWrongBody(id: string, hash: string, memory: DomainMemory): boolean {
  return memory.seenBodies.some((one) => one.id === id && one.bodyHash !== hash);
}
