/** What goes wrong at the CA during a soak: it stops, is down, breaks connections, does what it is asked for and does not say so. */
import type { Random } from '../../test/model/random.ts';
import type { GateFault } from '../../test/servers/pebble-gate.ts';
import type { HostPlace } from './place.ts';

/**
 * After a fault stsync leaves a CA alone for a minute, after the second in a row for two: faults further apart than the first, so that what is
 * left of a certificate is enough.
 */
const APART_MS = [150_000, 210_000] as const;
const LENGTH_MS = [2_000, 12_000] as const;
const KINDS: readonly (GateFault | 'stopped')[] = ['stopped', 'unavailable', 'reset', 'lost'];

export class CaWeather {
  readonly seen = new Map<string, number>();
  readonly #place: HostPlace;
  readonly #random: Random;
  #timer: NodeJS.Timeout;

  constructor(place: HostPlace, random: Random) {
    this.#place = place;
    this.#random = random;
    this.#timer = setTimeout(() => this.#worsen(), random.between(20_000, 60_000));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#place.gate.fault = null;
    this.#place.pebble.server.signal('SIGCONT');
  }

  #worsen(): void {
    const { gate, pebble } = this.#place;
    const kind = this.#random.pick(KINDS);
    this.seen.set(kind, (this.seen.get(kind) ?? 0) + 1);
    if (kind === 'stopped') pebble.server.signal('SIGSTOP');
    else gate.fault = kind;
    this.#timer = setTimeout(
      () => {
        pebble.server.signal('SIGCONT');
        gate.fault = null;
        this.#timer = setTimeout(() => this.#worsen(), this.#random.between(...APART_MS));
      },
      this.#random.between(...LENGTH_MS),
    );
  }
}
