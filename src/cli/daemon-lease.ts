/** Floor 4. Whose turn it is, where several daemons have one state: one works, the others stand by. */
import { systemClock } from '../effects/clock.ts';
import { acquireDaemonLease, type RunLock } from '../effects/run-lock.ts';

export interface Turn {
  /** Who has the lease now; null: nobody had, and it is ours. */
  readonly holder: Promise<string | null>;
  /** Null: the daemon was stopped while it stood by. */
  readonly lease: Promise<RunLock | null>;
  /** Gives the lease back, or waits for it no longer. */
  readonly close: () => Promise<void>;
}

/** Takes the lease, however long another has it; `stopping` ends the wait. */
export function openTurn(statePath: string, stopping: AbortSignal): Turn {
  const closed = new AbortController();
  const signal = AbortSignal.any([stopping, closed.signal]);
  const standby = Promise.withResolvers<string>();
  const info = { command: 'daemon', startedAt: systemClock.now() };
  const lease = acquireDaemonLease(statePath, info, { signal, onStandby: standby.resolve }).catch((error: unknown) => {
    if (signal.aborted && error === signal.reason) return null;
    throw error;
  });
  const holder = Promise.race([standby.promise, lease.then(() => null)]);
  // Whoever asks gets the error; it is no crash where nobody does.
  holder.catch(() => undefined);
  return {
    holder,
    lease,
    close: async () => {
      closed.abort();
      (await lease.catch(() => null))?.release();
    },
  };
}
