/** Floor 2. Asking a CA again until it is done: as often as it wants, else ever less often, and not for ever (RFC 8555 §7.5.1). */
import { type Clock, sleep } from '../clock.ts';

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 5_000;

export interface PollWorld {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** So long is waited, all waits together. */
  readonly patienceMs: number;
}

/** `retryAfterMs`: of the answer that the value came in. */
export interface Polled<T> {
  readonly value: T;
  readonly retryAfterMs: number | null;
}

/**
 * Asks until `isDone`, beginning with what is known already. When the next wait would be over the time left, `outOfTime` says what is thrown,
 * with the time that the CA asked for, if it did. Rejects with the signal's reason.
 */
export async function poll<T>(
  { clock, signal, patienceMs }: PollWorld,
  known: Polled<T>,
  ask: () => Promise<Polled<T>>,
  isDone: (value: T) => boolean,
  outOfTime: (retryAfterMs: number | null) => Error,
): Promise<T> {
  let at = known;
  let leftMs = patienceMs;
  for (let nextMs = FIRST_WAIT_MS; !isDone(at.value); nextMs = Math.min(MAX_WAIT_MS, nextMs * 2)) {
    // "0" is no leave to ask without a pause.
    const waitMs = Math.max(FIRST_WAIT_MS, at.retryAfterMs ?? nextMs);
    if (waitMs > leftMs) throw outOfTime(at.retryAfterMs);
    leftMs -= waitMs;
    await sleep(clock, waitMs, signal);
    at = await ask();
  }
  return at.value;
}
