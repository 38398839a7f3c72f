/** What goes wrong at the provider during a soak: single requests, outages, zones that are published late. */
import type { HttpFault } from '../../test/fakes/fake-server.ts';
import type { Random } from '../../test/model/random.ts';
import type { Place } from './place.ts';

/** One of these now and then; a fault that hangs costs a run the time-out of a call. */
const FAULTS: readonly HttpFault[] = [
  { kind: 'busy', retryAfterSeconds: 1 },
  { kind: 'busy', retryAfterSeconds: null },
  { kind: 'broken', status: 500, isDone: false },
  { kind: 'broken', status: 502, isDone: true },
  { kind: 'broken', status: 503, isDone: false },
  { kind: 'reset', isDone: false },
  { kind: 'reset', isDone: true },
  { kind: 'truncated' },
  { kind: 'half' },
  { kind: 'html', status: 502, isDone: true },
  { kind: 'unsuccessful', isDone: false },
  { kind: 'stale' },
  { kind: 'hang', isDone: true },
];
const REFILL_MS = 300_000;

export class Weather {
  faults = 0;
  outages = 0;
  lateZones = 0;
  readonly #place: Pick<Place, 'fake' | 'domains'>;
  readonly #random: Random;
  #isDown = false;

  constructor(place: Pick<Place, 'fake' | 'domains'>, random: Random) {
    this.#place = place;
    this.#random = random;
    const down: HttpFault = { kind: 'broken', status: 503, isDone: false };
    place.fake.fail(down, () => this.#isDown, Number.POSITIVE_INFINITY);
    setInterval(() => (place.fake.budget.left = place.fake.budget.quota), REFILL_MS).unref();
  }

  /** Orders what the next push has to get over. */
  change(): void {
    const { fake } = this.#place;
    fake.forgetRequests();
    for (let left = this.#random.between(0, 4); left > 0; left--) {
      this.faults++;
      const isWrite = this.#random.chance(0.5);
      fake.fail(this.#random.pick(FAULTS), ({ method }) => !isWrite || method !== 'GET');
    }
    if (this.#random.chance(0.2)) this.#goDown();
    if (this.#random.chance(0.2)) this.#publishLate();
  }

  #goDown(): void {
    this.outages++;
    this.#isDown = true;
    setTimeout(() => (this.#isDown = false), this.#random.between(2000, 12_000));
  }

  #publishLate(): void {
    this.lateZones++;
    const zone = this.#place.fake.model.zone(this.#random.pick(this.#place.domains));
    zone.isHeld = true;
    setTimeout(
      () => {
        zone.isHeld = false;
        zone.publish();
      },
      this.#random.between(500, 8000),
    );
  }
}
