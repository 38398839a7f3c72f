/** Floor 2. At most so many at once, in the order of asking. */

export type Limiter = <T>(work: () => Promise<T>) => Promise<T>;

/** A gate that lets `limit` pieces of work run; the others wait their turn. A failure frees its place like a result. */
export function limiter(limit: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running < limit) running += 1;
    // Who leaves hands the place on, so the count stays.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
