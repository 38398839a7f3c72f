/** Floor 2. A total time for several steps over the network. */

/**
 * Runs `work` with a signal that aborts after `timeoutMs`, with an error whose `code` is ETIMEDOUT as the kernel has it, or when `signal` does,
 * with its reason. The work has to end when its signal aborts.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(outOfTime()), timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function outOfTime(): Error {
  return Object.assign(new Error('out of time'), { code: 'ETIMEDOUT' });
}
