/** What the figures of a soak mean. */
import { INTERVAL_SECONDS } from './place.ts';
import type { Run, Sample } from './watched.ts';

/** The schedule waits up to a twentieth of its interval; the rest is for a machine that does other things. */
const LATE_MS = INTERVAL_SECONDS * 50 + 2000;

/**
 * Times of the schedule between the first and the last run for which no run began: not in time, and where one was on, not after it either.
 * Gives how many times there were, too.
 */
export function lostTicks(runs: readonly Run[]): { readonly ticks: number; readonly lost: number } {
  const stepMs = INTERVAL_SECONDS * 1000;
  const [first, last] = [runs[0], runs.at(-1)];
  if (first === undefined || last === undefined) return { ticks: 0, lost: 0 };
  let [ticks, lost] = [0, 0];
  for (let tick = Math.ceil(first.beganAt / stepMs) * stepMs; tick + LATE_MS < last.beganAt; tick += stepMs) {
    ticks++;
    const on = runs.find(({ beganAt, endedAt }) => beganAt < tick && endedAt >= tick);
    const until = Math.max(on?.endedAt ?? tick, tick) + LATE_MS;
    if (!runs.some(({ beganAt }) => beganAt >= tick && beganAt <= until)) lost++;
  }
  return { ticks, lost };
}

/** Megabytes an hour, by least squares. */
export function slopeOf(samples: readonly Sample[]): number {
  const hours = samples.map(({ at }) => at / 3_600_000);
  const [x, y] = [mean(hours), mean(samples.map(({ megabytes }) => megabytes))];
  let [above, below] = [0, 0];
  for (const [at, { megabytes }] of samples.entries()) {
    const distance = (hours[at] ?? 0) - x;
    above += distance * (megabytes - y);
    below += distance ** 2;
  }
  return below === 0 ? 0 : above / below;
}

/**
 * How much the floor rose: the least of the last quarter over the least of the first. A heap that breathes and connections that come and go
 * have the same floor.
 */
export function riseOf(samples: readonly Sample[], figure: 'megabytes' | 'descriptors'): number {
  const quarter = Math.ceil(samples.length / 4);
  const floor = (part: readonly Sample[]): number => Math.min(...part.map((sample) => sample[figure]));
  return samples.length === 0 ? 0 : floor(samples.slice(-quarter)) - floor(samples.slice(0, quarter));
}

/** The least of each minute. */
export function floorsByMinute(samples: readonly Sample[]): readonly number[] {
  const minutes = Map.groupBy(samples, ({ at }) => Math.floor((at - (samples[0]?.at ?? 0)) / 60_000));
  return Array.from(minutes.values(), (part) => Math.min(...part.map(({ megabytes }) => megabytes)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

/** Ids beyond one for a body. */
export function doubled(published: ReadonlyMap<string, readonly string[]>): number {
  return [...published.values()].reduce(
    (sum, ids) => sum + ids.length - new Set(ids.map((id) => id.slice(14))).size,
    0,
  );
}

export function total(lists: ReadonlyMap<string, readonly string[]>): number {
  return [...lists.values()].reduce((sum, { length }) => sum + length, 0);
}
