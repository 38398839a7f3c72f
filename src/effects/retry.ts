/**
 * Floor 2. The one place where calls to a provider are repeated. Full jitter, a wait that the service asked for is kept up to a cap, and one
 * deadline for a whole change set. A read that may succeed later is simply asked again. A write is repeated only after a read has shown that
 * it did not land; in every other case its error goes to the executor, which looks and decides (rule 10).
 */
import { StsyncError } from '../core/error.ts';
import { recordKey, sameRdata, type RecordChange } from '../core/record-set.ts';
import type { Provider } from '../provider.ts';
import type { Pause } from './pause.ts';

const MAX_RETRIES = 3;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
/** Counted from the first failure. */
const DEADLINE_MS = 60_000;

export interface RetryWorld extends Pause {
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** The same provider, more patient. One whose reads are local is given back as it is: waiting for a file makes nothing better. */
export function withRetries(provider: Provider, world: RetryWorld): Provider {
  if (provider.capabilities.isReadLocal) return provider;
  const { exists } = provider;
  return {
    ...provider,
    read: (keys, signal) => repeated(world, signal, () => provider.read(keys, signal)),
    ...(exists === undefined ? {} : { exists: (name, signal) => repeated(world, signal, () => exists(name, signal)) }),
    apply: (changes, signal) =>
      repeated(
        world,
        signal,
        () => provider.apply(changes, signal),
        () => isUntouched(provider, changes, signal),
      ),
  };
}

async function repeated<T>(
  { nowMs, sleep, random }: RetryWorld,
  signal: AbortSignal,
  work: () => Promise<T>,
  mayRepeat: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<T> {
  let failedAtMs: number | null = null;
  for (let retries = 0; ; retries++) {
    try {
      return await work();
    } catch (error) {
      failedAtMs ??= nowMs();
      if (!(error instanceof StsyncError) || !error.retryable || signal.aborted || retries === MAX_RETRIES) throw error;
      const waitMs = waitBefore(retries, error.retryAfterSeconds, random);
      if (nowMs() + waitMs > failedAtMs + DEADLINE_MS) throw error;
      await sleep(waitMs, signal);
      if (!(await mayRepeat())) throw error;
    }
  }
}

/** Full jitter: anything up to a bound that doubles. What the service asked for is the least, up to the cap. */
function waitBefore(retries: number, retryAfterSeconds: number | null, random: () => number): number {
  const jitterMs = random() * FIRST_WAIT_MS * 2 ** retries;
  return Math.min(MAX_WAIT_MS, Math.max(jitterMs, (retryAfterSeconds ?? 0) * 1000));
}

/** Did nothing of it land? Not known is no. */
async function isUntouched(
  provider: Provider,
  changes: readonly RecordChange[],
  signal: AbortSignal,
): Promise<boolean> {
  const keys = changes.map(({ name, type }) => ({ name, type }));
  try {
    const found = new Map((await provider.read(keys, signal)).map((set) => [recordKey(set), set]));
    return changes.every((change) => sameRdata(found.get(recordKey(change)) ?? null, change.before));
  } catch {
    return false;
  }
}
