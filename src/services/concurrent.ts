/**
 * Floor 3. Bounded concurrency, results in the order of the items. Many at once are for waiting: while this process is busy, one more only
 * makes the others slower, and what they hold lives long enough to grow old in the heap (256 domains in place of 32: half as much again).
 */

/** So many at once in any case. */
const LEAST = 32;
/** How often it is asked whether the process waits. */
const EVERY_MS = 10;
/** The share of its time from which on a process does not wait. */
const BUSY = 0.9;

/** At most `limit` at once; `LEAST` while the process is busy, twice as many, time and again, while it is not. */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  let next = 0;
  const one = async (): Promise<void> => {
    const index = next++;
    const item = items[index];
    if (item !== undefined) results.set(index, await work(item));
  };
  await runWhile(() => next < items.length, limit, one);
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}

/** Calls `one` as long as there `isMore`; ends when all calls have ended, or with the first error. */
async function runWhile(isMore: () => boolean, limit: number, one: () => Promise<void>): Promise<void> {
  let places = Math.min(limit, LEAST);
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const fill = (): void => {
        for (; running < places && isMore(); running++) one().then(leave, reject);
        if (running === 0) resolve();
      };
      const leave = (): void => {
        running -= 1;
        fill();
      };
      let last = performance.eventLoopUtilization();
      timer = setInterval(() => {
        const now = performance.eventLoopUtilization();
        const isBusy = performance.eventLoopUtilization(now, last).utilization >= BUSY;
        last = now;
        places = Math.min(limit, isBusy ? Math.max(LEAST, Math.floor(places / 2)) : places * 2);
        fill();
      }, EVERY_MS);
      fill();
    });
  } finally {
    clearInterval(timer);
  }
}
