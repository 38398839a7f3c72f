/**
 * Floor 0. `absent: true` (rule 5, RFC 8461 §8.3): a policy of mode none is served and announced; both records stay until no sender can
 * hold an older policy; then the id record, the policy, the host record and the report record go, in this order.
 */
import { canonicalPatterns } from '../mx.ts';
import { MAX_MAX_AGE_SECONDS, type StsPolicy } from '../policy.ts';
import { STS_PREFIX } from '../txt-records.ts';
import { type Served, whenSafe } from '../when-safe.ts';
import { hostStep } from './host-step.ts';
import type { PublishedId } from './ids.ts';
import type { Step } from './model.ts';
import { livePolicy } from './observation.ts';
import { foreignHost, foreignLeftover } from './ownership.ts';
import { policyHostOf, writtenName } from './record-names.ts';
import { assumedHistory, assumptionNote } from './remember.ts';
import { reportsStep } from './reports-step.ts';
import { allowKey, type Hold } from './hold.ts';
import type { Situation } from './situation.ts';
import { deletePolicyStep, heldStep, skipBehindHeld } from './steps.ts';
import { txtStep } from './txt-step.ts';

/** What has to be done for a domain that shall be absent. */
export type Removal =
  | { readonly phase: 'serve-none'; readonly policy: StsPolicy; readonly hold: Hold }
  | { readonly phase: 'wait'; readonly policy: StsPolicy; readonly hold: Hold }
  | { readonly phase: 'delete' };

const NONE_MAX_AGE_SECONDS = 86_400;

/** Which phase the removal is in. */
export function planRemoval({ wanted, observation, memory, ids, now }: Situation): Removal {
  const announced = memory.history.findLast((entry) => entry.rotatedAt !== null);
  const isBound = announced !== undefined || ids.some((one) => one.count > 0);
  // Nobody was ever told of a policy here, so nobody holds one. Freed: what senders hold does not matter, so neither does telling them.
  if ((!isBound && memory.isComplete) || wanted.allow.has('removal-waits-for-caches')) return { phase: 'delete' };
  // It is done, by a run that a person freed: what would follow now is putting it all back.
  const isGone = ids.every((one) => one.count === 0) && observation.policy.kind === 'absent';
  if (isGone && !memory.owned.includes(`${writtenName('_mta-sts', wanted)} TXT`)) return { phase: 'delete' };
  const current = memory.history.at(-1);
  const isNone = announced !== undefined && announced === current && announced.policy.mode === 'none';
  const last = announced?.policy ??
    livePolicy(observation) ?? { mx: wanted.mx === 'live' ? [] : canonicalPatterns(wanted.mx) };
  // Some senders refuse a none policy without mx lines, so the last ones stay.
  const policy: StsPolicy = isNone
    ? announced.policy
    : { mode: 'none', maxAgeSeconds: NONE_MAX_AGE_SECONDS, mx: last.mx };
  const history = assumedHistory(memory, MAX_MAX_AGE_SECONDS);
  const { allSenders, reason } = whenSafe(
    { kind: 'remove-policy' },
    isNone ? history : withNone(history, policy, ids, now),
  );
  if (isNone && allSenders !== null && allSenders <= now) return { phase: 'delete' };
  const hold: Hold = {
    guard: 'removal-waits-for-caches',
    reason: `the records stay until no sender can hold an older policy: ${reason}${assumptionNote(history)}`,
    hint: `wait, or ${allowKey('removal-waits-for-caches')}`,
    notBefore: allSenders,
  };
  return { phase: isNone ? 'wait' : 'serve-none', policy, hold };
}

/** The deletions, each of ours only. */
export function deletionSteps(at: Situation, reason: string): readonly Step[] {
  const { wanted, observation, views } = at;
  const { domain } = wanted;
  const id = txtStep(
    {
      name: writtenName('_mta-sts', wanted),
      prefix: STS_PREFIX,
      text: null,
      means: () => false,
      reason,
    },
    views['_mta-sts'],
    'policy',
  );
  const fact = observation.published;
  // What somebody else serves is theirs to take away.
  const isOurs = wanted.publisher.type !== 'external';
  const policy =
    isOurs && fact.kind === 'body' ? deletePolicyStep(domain, fact.body, 'nobody asks for it any more') : null;
  const host = hostStep(wanted, null, views['mta-sts'], `${policyHostOf(domain)} leads to nothing any more`);
  const reports = reportsStep(at, [], wanted.absent ? 'the domain shall be absent' : reason);
  const guarded = [guard(id, foreignLeftover(at)), policy, guard(host, foreignHost(at))].filter(
    (step) => step !== null,
  );
  return [...skipBehindHeld(guarded), ...(reports === null ? [] : [reports])];
}

function guard(step: Step | null, hold: Hold | null): Step | null {
  return step === null || hold === null ? step : heldStep(step, hold);
}

/** The history as it will be once none is out: from when the wait can end at the earliest. */
function withNone(
  history: readonly Served[],
  policy: StsPolicy,
  ids: readonly PublishedId[],
  now: Date,
): readonly Served[] {
  const txtTtlSeconds = Math.max(0, ...ids.map((one) => one.set?.ttlSeconds ?? 0));
  const closed = history.map((entry) => (entry.to === null ? { ...entry, to: now } : entry));
  return [...closed, { policy, id: 'none', from: now, to: null, rotatedAt: now, txtTtlSeconds }];
}
