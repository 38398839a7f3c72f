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
