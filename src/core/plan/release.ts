/**
 * Floor 0. `released: true`: a delegated domain moves out. Policy and records stay as they are until no CNAME of it leads here and the TTL of
 * the last one has passed: from then on no sender reaches us, whatever it has cached, and what is ours goes.
 */
import type { StsPolicy } from '../policy.ts';
import { allowKey, type Hold } from './hold.ts';
import type { Step } from './model.ts';
import type { DelegationFact } from './observation.ts';
import { recordName } from './record-names.ts';
import { deletionSteps } from './removal.ts';
import type { Situation } from './situation.ts';
import { waitStep } from './steps.ts';

export interface Release {
  readonly steps: readonly Step[];
  readonly holds: readonly Hold[];
  /** What goes on being served; null: nothing of ours is left, or it goes now. */
  readonly serve: StsPolicy | null;
}

const LABELS = ['_mta-sts', 'mta-sts', '_smtp._tls'] as const;

/** Has every name server said that no CNAME leads here, and is the TTL of the last one over? */
export function isReleasable(at: Situation): boolean {
  return isGone(at) && holdUntilForgotten(at) === null;
}

/** Every fact must be read: the caller sees to that for policy and records, this for the CNAMEs. */
export function planRelease(at: Situation): Release {
  const deletions = deletionSteps(at, 'no CNAME of the domain leads here any more');
  const { published } = at.observation;
  const serve = published.kind === 'body' ? published.policy : null;
  if (deletions.length === 0) return { steps: [], holds: [], serve };
  if (!isGone(at)) return { steps: LABELS.flatMap((label) => stayStep(at, label)), holds: [], serve };
  const hold = holdUntilForgotten(at);
  return hold === null ? { steps: deletions, holds: [], serve: null } : { steps: [], holds: [hold], serve };
}

function isGone({ wanted, observation }: Situation): boolean {
  const facts = observation.delegation?.facts;
  return wanted.released && facts !== undefined && LABELS.every((label) => isAway(facts[label]));
}

/** A server that did not answer may still lead senders here. */
function isAway(fact: DelegationFact): boolean {
  return (fact.kind === 'missing' || fact.kind === 'elsewhere') && fact.isWhole;
}

function holdUntilForgotten({ wanted, memory, now }: Situation): Hold | null {
  const { hostSettledAt } = memory;
  if (wanted.allow.has('removal-waits-for-caches')) return null;
  if (hostSettledAt !== null && hostSettledAt <= now) return null;
  return {
    guard: 'removal-waits-for-caches',
    reason: 'no CNAME leads here any more; what is ours stays until no resolver holds the last one',
    hint: `wait, or ${allowKey('removal-waits-for-caches')}`,
    notBefore: hostSettledAt ?? now,
  };
}

function stayStep({ wanted, observation }: Situation, label: (typeof LABELS)[number]): readonly Step[] {
  const fact = observation.delegation?.facts[label];
  if (fact === undefined || isAway(fact)) return [];
  const name = recordName(label, wanted.domain);
  const reason =
    fact.kind === 'here'
      ? `${name} still leads here, so everything stays as it is`
      : `a name server may still show ${name} leading here, so everything stays as it is`;
  return [waitStep(name, null, null, reason)];
}
