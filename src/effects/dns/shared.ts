/** Floor 2. Work that is done once a key within a run, however many ask for it. */

/**
 * Keys of one generation; two are kept. What was not asked for since then is done again; the names that many domains share (MX and policy
 * hosts) stay, since use renews them. Not one map in order of use: to find its oldest key, `Map` walks over all the places of deleted ones.
 */
const GENERATION = 2048;

/** A function that does `work` for a key once and gives the same promise to all. `work` never rejects. */
export function shareByKey<T>(work: (key: string) => Promise<T>): (key: string) => Promise<T> {
  let recent = new Map<string, Promise<T>>();
  let before = new Map<string, Promise<T>>();
  return (key) => {
    const known = recent.get(key);
    if (known !== undefined) return known;
    const result = before.get(key) ?? work(key);
    if (recent.size >= GENERATION) [before, recent] = [recent, new Map()];
    recent.set(key, result);
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
