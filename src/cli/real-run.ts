/** Floor 4. A run that writes: under the lock, with the state open. `sync` and the daemon make it the same way, so they exclude each other. */
import type { Config, DomainConfig } from '../core/config/model.ts';
import type { RunReport } from '../core/plan/report.ts';
import type { Publisher } from '../effects/publisher.ts';
import { acquireRunLock } from '../effects/run-lock.ts';
import type { Store } from '../effects/store.ts';
import { openStore } from '../effects/store-sqlite.ts';
import { type RunOptions, syncRun } from '../services/sync.ts';
import { type Outside, statePathOf } from './wiring.ts';

export interface RealRun {
  /** For whoever finds the state locked. */
  readonly command: 'sync' | 'daemon';
  /** How long another run may go on. */
  readonly waitMs: number;
  /** Of the YAML, for the journal. */
  readonly commit: string | null;
  readonly signal: AbortSignal;
  readonly options: RunOptions;
}

/** `ended` gets the report while the state is still locked and open. Throws `LOCKED` and what else the state throws. */
export async function realRun<T>(
  config: Config,
  outside: Outside,
  { command, waitMs, commit, signal, options }: RealRun,
  ended: (report: RunReport, store: Store) => T,
): Promise<T> {
  const path = statePathOf(config);
  const lock = await acquireRunLock(path, { command, startedAt: new Date() }, { waitMs, signal });
  try {
    const store = openStore(path);
    try {
      const reading = outside.reading(store, signal);
      const { providers, network } = outside;
      const publisher = (wanted: DomainConfig): Publisher => outside.publisher(wanted, store);
      const writing = { providers, publisher, network, store, now: reading.now, commit, signal };
      return ended(await syncRun(config, reading, writing, options), store);
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}
