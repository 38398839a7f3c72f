/** Floor 2. Work that is done once a key within a run, however many ask for it. */

/** Results kept. What fell out is done again; the names that many domains share (MX and policy hosts) stay, since use renews them. */
const MAX_KEPT = 20_000;

/** A function that does `work` for a key once and gives the same promise to all. `work` never rejects. */
export function shareByKey<T>(work: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key) => {
    const result = kept.get(key) ?? work(key);
    kept.delete(key);
    kept.set(key, result);
    const oldest = kept.size > MAX_KEPT ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    return result;
  };
}

/** The result, or the reason of the signal if that comes first. The work itself goes on, for others may wait for it too. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    // The reason comes out as it is, whatever the caller made it.
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
