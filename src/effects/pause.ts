/** Floor 2. Waiting, behind an interface: tests hand in a clock that does not wait. */
import { setTimeout as sleepFor } from 'node:timers/promises';

export interface Pause {
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number;
  /** Waits, or rejects with the reason when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The clock of this machine. */
export const realPause: Pause = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleepFor(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
