/** Floor 4. Work of the daemon that comes again and again beside its runs, while it leads: a stand-by would do it a second time. */
import type { Config } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { systemClock } from '../effects/clock.ts';
import type { DaemonView } from './daemon-parts.ts';

export interface ChoreOptions extends Pick<DaemonView, 'state' | 'log'> {
  /** After the start of the daemon, and after each end of the work. */
  readonly firstMs: number;
  readonly everyMs: number;
  /** Stands in the log before what went wrong: `TLS reports are not tidied up`. */
  readonly failure: string;
}

/** `work` is tried again the next time, whatever it throws; it should end soon when the signal aborts. `config`: in force now. */
export function openChore(
  { state, log, firstMs, everyMs, failure }: ChoreOptions,
  work: (config: Config, signal: AbortSignal) => Promise<void>,
): { readonly close: () => Promise<void> } {
  const stopping = new AbortController();
  let working = Promise.resolve();
  const attempt = async (): Promise<void> => {
    const { inForce, role } = state();
    if (role !== 'leader' || inForce === null) return;
    try {
      await work(inForce.config, stopping.signal);
    } catch (error) {
      const { code, message, hint } = error instanceof StsyncError ? error : new StsyncError('INTERNAL', String(error));
      log.warn({ hint }, `${code} ${failure} for now: ${message}`);
    }
  };
  const begin = (): void => {
    working = attempt().finally(() => {
      if (!stopping.signal.aborted) cancel = systemClock.after(everyMs, begin);
    });
  };
  let cancel = systemClock.after(firstMs, begin);
  return {
    close: async () => {
      cancel();
      stopping.abort();
      await working;
    },
  };
}

/** Lets the rest of the process work. */
export function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(ms, resolve));
}
