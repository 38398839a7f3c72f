/** Floor 2. Work that many ask for and that is done once: what runs is shared, what is done is kept. */

interface Entry<T> {
  readonly promise: Promise<T>;
  /** Of the one who asked first, and whose abort ends the work. */
  readonly signal: AbortSignal;
}

/**
 * A memory of one run. Failures are not kept. When the first asker aborts, another who waits for the same starts it again under their own
 * signal; who aborts stops waiting at once.
 */
export function oncePerKey<T>(): (key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T> {
  const entries = new Map<string, Entry<T>>();
  return async (key, signal, work) => {
    for (;;) {
      signal.throwIfAborted();
      const entry = entries.get(key) ?? { promise: work(), signal };
      entries.set(key, entry);
      try {
        return await unlessAborted(entry.promise, signal);
      } catch (error) {
        if (entries.get(key) === entry && (entry.signal.aborted || !signal.aborted)) entries.delete(key);
        if (signal.aborted || !entry.signal.aborted) throw error;
      }
    }
  };
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
