/** Floor 0. What is next for the certificate of one host, from what is kept of it and the time alone. */
import type { CertificateFacts } from './model.ts';

/** `rank`: who comes first (see {@link compareTurns}); `since`: and among equals. */
export interface OrderTurn {
  readonly kind: 'order';
  readonly host: string;
  /** `new`: there is none that senders take. */
  readonly why: 'new' | 'renewal';
  readonly rank: 'urgent' | 'new' | 'renewal';
  readonly since: Date;
  /** A renewal that replaces within the CA's window counts for none of its limits (RFC 9773). */
  readonly isExempt: boolean;
}

export type Next =
  /** There is an order: it goes on before any other is made. */
  | { readonly kind: 'resume' }
  | OrderTurn
  | { readonly kind: 'ask-renewal' }
  /** Nothing before `until`. */
  | { readonly kind: 'rest'; readonly until: Date };

/** A renewal is urgent when of the time between its moment and the end of the certificate less than this part is left. */
const URGENT_PART = 1 / 3;
const RANKS = ['urgent', 'new', 'renewal'] as const;
/** No wait is longer: one that is comes from before the clock was set back. */
const LONGEST_WAIT_MS = 8 * 86_400_000;

/** `directoryUrl`: the CA that the YAML names. Facts that are about another CA: give `atDirectory` of them. */
export function decideNext(facts: CertificateFacts, directoryUrl: string, now: Date): Next {
  const { order, certificate, renewal, nextAttemptAt } = facts;
  const isPaused = nextAttemptAt !== null && isAhead(nextAttemptAt, now);
  if (order !== null) return isPaused ? { kind: 'rest', until: nextAttemptAt } : { kind: 'resume' };
  const hasOwn = certificate !== null && certificate.directoryUrl === directoryUrl;
  if (!hasOwn) return isPaused ? { kind: 'rest', until: nextAttemptAt } : turn(facts, 'new', 'new', dueSince(facts));
  if (renewal === null) return { kind: 'ask-renewal' };
  const { renewAt, askAgainAt } = renewal;
  if (renewAt <= now && !isPaused) return renewalTurn(facts, renewAt, certificate.notAfter, now);
  // Also while a renewal is paused: the CA may say that it is not wanted yet.
  if (askAgainAt === null || askAgainAt <= now) return { kind: 'ask-renewal' };
  return { kind: 'rest', until: earlier(askAgainAt, isPaused ? later(nextAttemptAt, renewAt) : renewAt) };
}

/** Urgent renewals by their end, then new hosts, then renewals that have slack, each by how long they have been due. */
export function compareTurns(a: OrderTurn, b: OrderTurn): number {
  return RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) || a.since.getTime() - b.since.getTime() || byHost(a, b);
}

/** In the future, as far as a time that we chose can be. */
export function isAhead(at: Date, now: Date): boolean {
  return at > now && at.getTime() - now.getTime() <= LONGEST_WAIT_MS;
}

function renewalTurn(facts: CertificateFacts, renewAt: Date, notAfter: Date, now: Date): OrderTurn {
  const leftMs = notAfter.getTime() - now.getTime();
  const isUrgent = leftMs < (notAfter.getTime() - renewAt.getTime()) * URGENT_PART;
  return isUrgent ? turn(facts, 'renewal', 'urgent', notAfter) : turn(facts, 'renewal', 'renewal', dueSince(facts));
}

function turn(facts: CertificateFacts, why: OrderTurn['why'], rank: OrderTurn['rank'], since: Date): OrderTurn {
  const isExempt = why === 'renewal' && facts.renewal?.isSuggested === true;
  return { kind: 'order', host: facts.host, why, rank, since, isExempt };
}

/** One that failed stands behind those that were never tried: else hosts that always fail would take all turns. */
function dueSince({ nextAttemptAt, renewal, wantedSince }: CertificateFacts): Date {
  return nextAttemptAt ?? renewal?.renewAt ?? wantedSince;
}

function byHost(a: OrderTurn, b: OrderTurn): number {
  return a.host < b.host ? -1 : a.host > b.host ? 1 : 0;
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}

function later(a: Date, b: Date): Date {
  return a > b ? a : b;
}
