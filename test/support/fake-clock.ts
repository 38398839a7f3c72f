/** A clock that a test moves: its timers run on time that only goes forward, and what it shows can be set, as a user sets a clock. */
import type { Clock } from '../../src/effects/clock.ts';

export class FakeClock implements Clock {
  #elapsedMs = 0;
  #startMs: number;
  readonly #timers = new Map<{ readonly atMs: number }, () => void>();

  constructor(at: string) {
    this.#startMs = new Date(at).getTime();
  }

  readonly now = (): Date => new Date(this.#startMs + this.#elapsedMs);

  readonly after = (ms: number, ring: () => void): (() => void) => {
    const timer = { atMs: this.#elapsedMs + ms };
    this.#timers.set(timer, ring);
    return () => void this.#timers.delete(timer);
  };

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets so much time go by; each timer rings at its time, and what waits for it goes on before the next one rings. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    for (;;) {
      await settled();
      const next = [...this.#timers].filter(([one]) => one.atMs <= untilMs).toSorted(([a], [b]) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      const [timer, ring] = next;
      this.#timers.delete(timer);
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.atMs);
      ring();
    }
    this.#elapsedMs = untilMs;
    await settled();
  }

  /** The clock is set by so much; no time goes by. */
  set(byMs: number): void {
    this.#startMs += byMs;
  }
}

/** Every promise that could go on has. */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
