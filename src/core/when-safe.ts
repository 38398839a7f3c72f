/**
 * Floor 0. From when is a change safe, given all that was ever served (RFC 8461 §3.1, §5.1, §8.1, §8.3; rule 6).
 *
 * A sender holds a body under the id that its resolver showed when it fetched: an older id where the old TXT record was still cached, a
 * newer one where an address went on serving the old body. One that watches the id drops the copy when it sees another id, at the latest
 * when the last authoritative server has shown another one and the TTL of the record it replaced has passed. Any other sender holds its copy
 * for max_age, and some stretch the copy at each look-up while the id is the same: so max_age, too, counts from that moment.
 */
import { coverMx } from './mx.ts';
import type { StsPolicy } from './policy.ts';

/** One policy as senders could fetch it, oldest first in a history. */
export interface Served {
  readonly policy: StsPolicy;
  readonly id: string;
  /** First moment any address served it. */
  readonly from: Date;
  /** Last moment any address served it; null: it still is. */
  readonly to: Date | null;
  /** When the last authoritative server was first seen with this id; null: not yet, or never. */
  readonly rotatedAt: Date | null;
  /** TTL of this entry's TXT record, seconds. After a rotation the TTL of the replaced record counts. */
  readonly txtTtlSeconds: number;
}

export type Question =
  | { readonly kind: 'add-mx' | 'remove-mx'; readonly host: string }
  | { readonly kind: 'remove-policy' }
  | { readonly kind: 'mode-binds' };

/** Null: not yet, or never; `reason` says which. A date may lie in the past: then it is safe now. */
export interface SafeDates {
  readonly idWatchingSenders: Date | null;
  readonly allSenders: Date | null;
  readonly reason: string;
}

/** Safe since ever. */
const ALWAYS = new Date(0);

/**
 * Answers for one domain. The history is taken as complete; a caller that knows less puts an assumed entry in front (rule 15).
 * - `add-mx`: when no sender can hold a policy that refuses the host.
 * - `remove-mx`: when no sender can hold an enforced policy that names only this host, so that the remaining ones would be refused.
 * - `remove-policy`: mode none must be served and announced; then when every other policy ever served has run out (§8.3).
 * - `mode-binds`: from when every sender acts by the mode served now.
 */
export function whenSafe(question: Question, history: readonly Served[]): SafeDates {
  const entries = history.toSorted((a, b) => a.from.getTime() - b.from.getTime());
  const current = entries.at(-1);
  if (current === undefined) {
    return question.kind === 'mode-binds' ? never('no policy was ever served') : always('no policy was ever served');
  }
  switch (question.kind) {
    case 'add-mx':
      return whenGone(entries, (policy) => refuses(policy, question.host), `refuses ${question.host}`);
    case 'remove-mx':
      return whenGone(entries, (policy) => namesOnly(policy, question.host), `allows only ${question.host}`);
    case 'remove-policy':
      if (current.policy.mode !== 'none') return never('a policy of mode none has to be served first (RFC 8461 §8.3)');
      return whenGone(entries, (policy) => policy.mode !== 'none', 'was not of mode none');
    case 'mode-binds':
      break;
  }
  return whenModeBinds(entries, current);
}

/** When the last copy of a policy that `holds` can no longer be in use. `what` finishes "a policy that ...". */
function whenGone(entries: readonly Served[], holds: (policy: StsPolicy) => boolean, what: string): SafeDates {
  const current = entries.at(-1);
  if (current === undefined || !entries.some((entry) => holds(entry.policy)))
    return always(`no policy served so far ${what}`);
  if (holds(current.policy)) return never(`the policy served now ${what}`);
  let [watching, all] = [ALWAYS, ALWAYS];
  let reason = '';
  for (const [index, entry] of entries.entries()) {
    if (!holds(entry.policy)) continue;
    const gone = whenCopyGone(index, entries);
    if ('stuck' in gone) return never(`a policy that ${what} ${gone.stuck}`);
    if (gone.watching > watching) watching = gone.watching;
    if (gone.all > all) {
      all = gone.all;
      reason = `the policy under id ${entry.id} ${what}; copies of it live ${entry.policy.maxAgeSeconds} s after the id could last be seen`;
    }
  }
  return { idWatchingSenders: watching, allSenders: all, reason };
}

/** The two moments for one entry, or why there are none yet. */
function whenCopyGone(index: number, entries: readonly Served[]): { watching: Date; all: Date } | { stuck: string } {
  const entry = entries[index];
  if (entry === undefined || entry.to === null) return { stuck: 'is still being served' };
  let watching = 0;
  for (const at of entries.keys()) {
    const unseen = whenIdUnseen(at, entries);
    if (!couldCarry(at, index, entries)) continue;
    if (unseen === null) {
      return {
        stuck: entries.some((later, where) => where > index && later.id !== entry.id && later.rotatedAt !== null)
          ? `was still served after id ${entry.id} was replaced; it takes one more rotation (stsync sync --rotate)`
          : `(id ${entry.id}) has not been replaced at every name server yet`,
      };
    }
    watching = Math.max(watching, unseen);
  }
  return { watching: new Date(watching), all: new Date(watching + entry.policy.maxAgeSeconds * 1000) };
}

/**
 * When no resolver can show the id of an entry any more, in ms: the first later rotation to another id, plus the longest TTL that the
 * record had. An id that came back later counts from its last time, since a sender may have slept in between. Null: not yet.
 */
function whenIdUnseen(at: number, entries: readonly Served[]): number | null {
  const id = entries[at]?.id;
  const last = entries.findLastIndex((entry) => entry.id === id);
  const rotatedAt = entries.slice(last + 1).find((entry) => entry.rotatedAt !== null)?.rotatedAt ?? null;
  if (rotatedAt === null) return null;
  const ttls = entries.filter((entry) => entry.id === id).map((entry) => entry.txtTtlSeconds);
  return rotatedAt.getTime() + Math.max(...ttls) * 1000;
}

/**
 * Could a sender have fetched the body of entry `index` while it saw the id of entry `at`? Earlier ids may still have been cached. The order of
 * rule 5 is taken for granted: a later id goes out after the older bodies were served last, unless its rotation is known to lie before that.
 */
function couldCarry(at: number, index: number, entries: readonly Served[]): boolean {
  const [carrier, body] = [entries[at], entries[index]];
  if (carrier === undefined || body === undefined || body.to === null) return false;
  return at <= index || (carrier.rotatedAt ?? carrier.from) < body.to;
}

function whenModeBinds(entries: readonly Served[], current: Served): SafeDates {
  const { mode } = current.policy;
  const run = entries.slice(entries.findLastIndex((entry) => entry.policy.mode !== mode) + 1);
  const announced = run.find((entry) => entry.rotatedAt !== null)?.rotatedAt;
  if (announced === null || announced === undefined)
    return never(`the id of the ${mode} policy is not at every name server yet`);
  const gone = whenGone(entries, (policy) => policy.mode !== mode, `is not ${mode}`);
  const later = (date: Date | null): Date | null => (date !== null && date < announced ? announced : date);
  return {
    idWatchingSenders: later(gone.idWatchingSenders),
    allSenders: later(gone.allSenders),
    reason: gone.allSenders === ALWAYS ? `${mode} is the only mode served so far` : gone.reason,
  };
}

function refuses(policy: StsPolicy, host: string): boolean {
  return policy.mode === 'enforce' && coverMx(policy.mx, [host]).uncovered.length > 0;
}

/** A wildcard allows other hosts too, so only a policy of exactly this name leaves nothing. */
function namesOnly(policy: StsPolicy, host: string): boolean {
  return (
    policy.mode === 'enforce' &&
    policy.mx.every((pattern) => !pattern.startsWith('*.') && coverMx([pattern], [host]).unused.length === 0)
  );
}

function always(reason: string): SafeDates {
  return { idWatchingSenders: ALWAYS, allSenders: ALWAYS, reason };
}

function never(reason: string): SafeDates {
  return { idWatchingSenders: null, allSenders: null, reason };
}
