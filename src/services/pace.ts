/** Floor 3. Spreads the beginnings of many pieces of work evenly over a time. */
import type { After } from './look-deadline.ts';

interface Timed {
  readonly signal: AbortSignal;
  readonly after: After;
}

/** Turns are given out so often, as many as are due by then: a timer for each of 100,000 would be late each time. */
const TICK_MS = 20;

/**
 * A function that each of `count` pieces of work waits for before it begins. The first turns come at once, the last one `overMs` later. When
 * the signal ends all turns come at once: the work itself looks at it.
 */
export function paced(count: number, overMs: number, { signal, after }: Timed): () => Promise<void> {
  const gapMs = overMs / Math.max(count - 1, 1);
  if (gapMs <= 0) return () => Promise.resolve();
  const tickMs = Math.max(TICK_MS, gapMs);
  const waiting: (() => void)[] = [];
  let due = 1;
  let cancel: (() => void) | null = null;
  const tick = (): void => {
    cancel = null;
    due += tickMs / gapMs;
    release();
  };
  const release = (): void => {
    for (; waiting.length > 0 && (due >= 1 || signal.aborted); due--) waiting.shift()?.();
    if (waiting.length > 0) {
      cancel ??= after(tickMs, tick);
      signal.addEventListener('abort', release, { once: true });
      return;
    }
    // One that stayed would keep the whole run in memory for as long as the daemon lives: a signal made of others goes with its listeners.
    signal.removeEventListener('abort', release);
    if (signal.aborted) cancel?.();
  };
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      release();
    });
}
