/** Many at once while the process waits, few while it is busy, and never more than allowed. */
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { mapConcurrent } from '../../src/services/concurrent.ts';

/** Items that are counted: `most` is how many were under way at once. */
function counting(work: () => Promise<void>): { readonly one: (item: number) => Promise<number>; most: number } {
  let running = 0;
  const counted = {
    most: 0,
    one: async (item: number): Promise<number> => {
      running += 1;
      counted.most = Math.max(counted.most, running);
      await work();
      running -= 1;
      return item * 2;
    },
  };
  return counted;
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('mapConcurrent', () => {
  it('gives the results in the order of the items', async () => {
    const results = await mapConcurrent(numbers(5), 5, async (item) => {
      // The first ends last.
      for (let turns = item; turns < 5; turns++) await turn();
      return item;
    });
    expect(results).toEqual([0, 1, 2, 3, 4]);
    expect(await mapConcurrent([], 5, () => Promise.reject(new Error('nothing to do')))).toEqual([]);
  });

  it.each([1, 2, 40])('never has more than %i at once', async (limit) => {
    const counted = counting(() => turn());
    expect(await mapConcurrent(numbers(200), limit, counted.one)).toEqual(numbers(200).map((item) => item * 2));
    expect(counted.most).toBeLessThanOrEqual(limit);
  });

  it('goes up to the limit while all that run wait for something', async () => {
    const all = Promise.withResolvers<void>();
    let started = 0;
    await mapConcurrent(numbers(256), 256, async () => {
      started += 1;
      // Nobody ends before everybody has begun.
      if (started === 256) all.resolve();
      await all.promise;
    });
    expect(started).toBe(256);
  });

  it('has few at once while the process is busy', async () => {
    const counted = counting(async () => {
      for (const end = performance.now() + 1; performance.now() < end;);
      await turn();
    });
    await mapConcurrent(numbers(300), 256, counted.one);
    expect(counted.most).toBe(32);
  });

  it('ends with the first error', async () => {
    const work = mapConcurrent(numbers(100), 10, async (item) => {
      await turn();
      if (item === 50) throw new Error('the fiftieth');
    });
    await expect(work).rejects.toThrow('the fiftieth');
  });
});
