/** Floor 2. The clock and its timers, as what lives long gets them handed in. */

export interface Clock {
  readonly now: () => Date;
  /** Calls `ring` once after so long; gives what takes that back. */
  readonly after: (ms: number, ring: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => new Date(),
  after: (ms, ring) => {
    const timer = setTimeout(ring, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits, or rejects with the reason when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const settle = (then: () => void) => () => {
      cancel();
      signal.removeEventListener('abort', abort);
      then();
    };
    const abort = settle(() => reject(signal.reason));
    const cancel = clock.after(ms, settle(resolve));
    signal.addEventListener('abort', abort, { once: true });
  });
}
