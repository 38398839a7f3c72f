/** Floor 3. Counts what is asked of providers, for the metrics. An attempt is a call: what is repeated counts again. */
import { StsyncError } from '../core/error.ts';
import type { Provider } from '../provider.ts';

export interface CallCount {
  /** Name in `providers:`. */
  readonly provider: string;
  readonly operation: 'read' | 'exists' | 'apply';
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly count: number;
}

export interface CallCounter {
  /** The same provider, counted under its name. */
  counted(name: string, provider: Provider): Provider;
  readonly counts: () => readonly CallCount[];
}

export function openCallCounter(): CallCounter {
  const counts = new Map<string, CallCount>();
  const add = (provider: string, operation: CallCount['operation'], outcome: string): void => {
    const key = `${provider} ${operation} ${outcome}`;
    counts.set(key, { provider, operation, outcome, count: (counts.get(key)?.count ?? 0) + 1 });
  };
  const watch = async <T>(name: string, operation: CallCount['operation'], work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      add(name, operation, 'ok');
      return result;
    } catch (error) {
      add(name, operation, error instanceof StsyncError ? error.code : 'INTERNAL');
      throw error;
    }
  };
  return {
    counted(name, provider) {
      const { exists } = provider;
      return {
        ...provider,
        read: (keys, signal) => watch(name, 'read', provider.read(keys, signal)),
        ...(exists === undefined ? {} : { exists: (domain, signal) => watch(name, 'exists', exists(domain, signal)) }),
        apply: (changes, signal) => watch(name, 'apply', provider.apply(changes, signal)),
      };
    },
    counts: () => [...counts.values()],
  };
}
