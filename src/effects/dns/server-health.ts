/** Floor 2. What a run has learned about one DNS server, so that a dead one costs little time and holds few places. */

/** How much is lost on a server before it rests. */
export interface Patience {
  /** Places for a server that has not proved to be alive. */
  readonly suspectPlaces: number;
  /** So many questions without any answer, and the server rests. */
  readonly maxFailures: number;
}

/** An authoritative server answers at once or not at all. */
export const authorityPatience: Patience = { suspectPlaces: 8, maxFailures: 8 };
/** A resolver that is silent may be waiting for somebody else: names of dead zones must not close it to the others. */
export const resolverPatience: Patience = { suspectPlaces: Infinity, maxFailures: 64 };

const REST_MS = 10_000;

export interface ServerHealth {
  /** How many questions may be under way to it. */
  places(): number;
  /** Tries for the next question: one after a time-out that no answer followed. */
  tries(): number;
  /** True: do not ask now; it answered none of the last questions. */
  isResting(nowMs: number): boolean;
  answered(): void;
  timedOut(): void;
  /** A question got no answer with all its tries. */
  failed(nowMs: number): void;
}

/** `places` and `tries`: for a server that answers. */
export function newServerHealth(
  places: number,
  tries: number,
  { suspectPlaces, maxFailures }: Patience = authorityPatience,
): ServerHealth {
  let state: 'unknown' | 'alive' | 'suspect' = 'unknown';
  let failures = 0;
  let restsUntilMs = 0;
  return {
    places: () => (state === 'alive' ? places : Math.min(places, suspectPlaces)),
    tries: () => (state === 'suspect' ? 1 : tries),
    isResting: (nowMs) => nowMs < restsUntilMs,
    answered: () => {
      state = 'alive';
      failures = 0;
      restsUntilMs = 0;
    },
    timedOut: () => {
      state = 'suspect';
    },
    failed: (nowMs) => {
      failures += 1;
      if (failures >= maxFailures) restsUntilMs = nowMs + REST_MS;
    },
  };
}
