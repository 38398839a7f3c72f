/**
 * Floor 0. The queue of one account at a CA as plain data: a token bucket as CAs count new orders (Let's Encrypt: 300 at once, and one more each
 * 36 s), and the time until which the CA wants to be left alone.
 */
import { compareTurns, isAhead, type OrderTurn } from './decide.ts';

export interface OrderLimits {
  /** So many orders at once, and then so many in each `perSeconds`. */
  readonly count: number;
  readonly perSeconds: number;
}

export interface OrderQueue {
  /** At `at`; below none while the CA wants to be left alone. */
  readonly tokens: number;
  readonly at: Date;
  /** The CA said so (`rateLimited`). */
  readonly parkedUntil: Date | null;
}

export function fullQueue({ count }: OrderLimits, now: Date): OrderQueue {
  return { tokens: count, at: now, parkedUntil: null };
}

/** The same queue now. A clock that was set back gives nothing and costs nothing. */
export function refill(queue: OrderQueue, limits: OrderLimits, now: Date): OrderQueue {
  const passedMs = Math.max(0, now.getTime() - queue.at.getTime());
  const tokens = Math.min(limits.count, queue.tokens + passedMs / gapMs(limits));
  const isParked = queue.parkedUntil !== null && isAhead(queue.parkedUntil, now);
  return { tokens, at: now, parkedUntil: isParked ? queue.parkedUntil : null };
}

/** How many orders that count may begin now. */
export function freeTurns(queue: OrderQueue, limits: OrderLimits, now: Date): number {
  const { tokens, parkedUntil } = refill(queue, limits, now);
  // Sums of many small parts of a token lie a little below the whole.
  return parkedUntil === null ? Math.max(0, Math.floor(tokens + 1e-6)) : 0;
}

/** After an order was asked for. */
export function takeTurn(queue: OrderQueue, limits: OrderLimits, now: Date): OrderQueue {
  const filled = refill(queue, limits, now);
  return { ...filled, tokens: filled.tokens - 1 };
}

/** The CA counts otherwise than we do: nothing is left, and nothing begins before `until`. */
export function park(queue: OrderQueue, limits: OrderLimits, now: Date, until: Date): OrderQueue {
  const { parkedUntil } = refill(queue, limits, now);
  const latest = parkedUntil !== null && parkedUntil > until ? parkedUntil : until;
  // When it is over one order may try; the rest comes by itself.
  const waitedTokens = (latest.getTime() - now.getTime()) / gapMs(limits);
  return { tokens: 1 - waitedTokens, at: now, parkedUntil: latest };
}

/** From when the order that has `ahead` others before it may begin. */
export function turnAt(queue: OrderQueue, limits: OrderLimits, now: Date, ahead: number): Date {
  const { tokens, parkedUntil } = refill(queue, limits, now);
  const waitMs = Math.max(0, ahead + 1 - tokens) * gapMs(limits);
  return new Date(Math.max(now.getTime() + Math.round(waitMs), parkedUntil?.getTime() ?? 0));
}

/** When the turn of each waiting order comes, by host: sorted once. */
export function turnsOf(
  waiting: readonly OrderTurn[],
  queue: OrderQueue,
  limits: OrderLimits,
  now: Date,
): ReadonlyMap<string, Date> {
  const turns = new Map<string, Date>();
  let ahead = 0;
  for (const one of waiting.toSorted(compareTurns)) {
    turns.set(one.host, one.isExempt ? laterOf(now, queue.parkedUntil) : turnAt(queue, limits, now, ahead));
    if (!one.isExempt) ahead += 1;
  }
  return turns;
}

function laterOf(now: Date, until: Date | null): Date {
  return until !== null && until > now ? until : now;
}

function gapMs({ count, perSeconds }: OrderLimits): number {
  return (perSeconds * 1000) / count;
}
