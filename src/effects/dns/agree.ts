/** Floor 2, pure. What follows from a lookup: whether its servers agree, or all that any of them shows. */
import { byCodePoint } from '../../core/names.ts';
import type { DnsFailure, DnsFailureCode } from './exchange.ts';
import type { Lookup, LookupSet, ServerAnswer, ServerOutcome } from './lookup.ts';

type Answer = ServerOutcome & { readonly kind: 'answer' };

/** What one server shows; `server` names it for a message. */
export type ServerView = Answer & { readonly server: string; readonly address: string };

/** That no server answers: the code of the first one asked, and what each said. */
export interface Unanswered {
  readonly code: DnsFailureCode;
  readonly message: string;
}

/**
 * `set`: every server that answers shows the same data, null is none. Where only TTLs differ, it is the one with the highest, since caches
 * may hold the set for so long; `chain`: the CNAMEs before it. `differ`: what each server that answers shows.
 */
export type Agreed =
  | (Pick<Answer, 'set' | 'chain' | 'rcode' | 'isAuthoritative'> & { readonly kind: 'set' })
  | { readonly kind: 'differ'; readonly sets: readonly ServerView[] }
  | (Unanswered & { readonly kind: 'failed' });

/** Servers that failed have no voice as long as one answers; {@link failuresOf} names them. */
export function agreedSet(lookup: Lookup): Agreed {
  const views = viewsOf(lookup);
  const [first] = views;
  if (first === undefined) return { kind: 'failed', ...unanswered(lookup) };
  if (new Set(views.map(dataOf)).size > 1) return { kind: 'differ', sets: views };
  const { set, chain, rcode } = views.reduce((a, b) => (ttlOf(b) > ttlOf(a) ? b : a), first);
  return { kind: 'set', set, chain, rcode, isAuthoritative: lookup.isAuthoritative };
}

/** All that any server shows. */
export interface Union {
  /** The sets, each data once and with the highest TTL that a server gives it: so long it may be in caches. */
  readonly sets: readonly LookupSet[];
  /** No server answers, so no set says nothing; null: at least one does. */
  readonly failure: Unanswered | null;
  /** Every server that answers says that the name does not exist. */
  readonly isNoDomain: boolean;
}

/** Rule 2: an MX host that any authoritative server shows counts. */
export function unionSets(lookup: Lookup): Union {
  const views = viewsOf(lookup);
  const byData = new Map<string, LookupSet>();
  for (const view of views) {
    const { set } = view;
    const known = byData.get(dataOf(view));
    if (set !== null && (known === undefined || set.ttlSeconds > known.ttlSeconds)) byData.set(dataOf(view), set);
  }
  return {
    sets: [...byData.values()],
    failure: views.length === 0 ? unanswered(lookup) : null,
    isNoDomain: views.length > 0 && views.every(({ rcode }) => rcode === 'NXDOMAIN'),
  };
}

/** The servers that told nothing which can be used, each with its reason. */
export function failuresOf({ servers }: Lookup): readonly (ServerAnswer & { readonly outcome: DnsFailure })[] {
  return servers.flatMap(({ outcome, ...server }) => (outcome.kind === 'failed' ? [{ ...server, outcome }] : []));
}

function viewsOf({ servers }: Lookup): readonly ServerView[] {
  return servers.flatMap(({ server, address, outcome }) =>
    outcome.kind === 'answer' ? [{ ...outcome, server, address }] : [],
  );
}

function dataOf({ rcode, set }: ServerView): string {
  return set === null ? rcode : JSON.stringify(set.rdata.toSorted(byCodePoint));
}

function ttlOf({ set }: ServerView): number {
  return set?.ttlSeconds ?? 0;
}

function unanswered(lookup: Lookup): Unanswered {
  const failures = failuresOf(lookup).map(({ outcome }) => outcome);
  const messages = [...new Set(failures.map(({ message }) => message))];
  const more = messages.length > 3 ? `, and ${messages.length - 3} more` : '';
  const message = messages.length === 0 ? 'no name server is known' : `${messages.slice(0, 3).join('; ')}${more}`;
  return { code: failures[0]?.code ?? 'DNS_UNREACHABLE', message };
}
