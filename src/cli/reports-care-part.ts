/** Floor 4. As a part of the daemon: TLS reports leave the state when their time is over (`reports.keep`), and their senders get names. */
import { StsyncError } from '../core/error.ts';
import { systemClock } from '../effects/clock.ts';
import { senderLookup } from '../effects/reports/look-up-sender.ts';
import { openReportStore } from '../effects/store-sqlite-reports.ts';
import { nameSenders } from '../services/reports/name-senders.ts';
import { pruneReports } from '../services/reports/prune-reports.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';
import { statePathOf } from './wiring.ts';

/** The start has other things to do. */
const FIRST_MS = 300_000;
const EVERY_MS = 3_600_000;
/** Failures of so long ago are looked at. */
const NAMED_MS = 7 * 86_400_000;
/** Between two slices, for all else that the process does. */
const PAUSE_MS = 50;

/** Only the one who leads does it: two would wait for each other. */
export async function reportsCarePart({ config, state, log }: DaemonView): Promise<DaemonPart> {
  const { kind } = config.state;
  if (kind !== 'file') return { close: async () => undefined };
  const stopping = new AbortController();
  const { signal } = stopping;
  let working = Promise.resolve();
  const work = async (): Promise<void> => {
    const { inForce, role } = state();
    if (role !== 'leader' || inForce === null) return;
    const store = openReportStore(statePathOf(config));
    try {
      const { keep, senderNames } = inForce.config.reports;
      const { now } = systemClock;
      await pruneReports(store, keep, { now: now(), pause, signal });
      if (!senderNames) return;
      const since = new Date(now().getTime() - NAMED_MS).toISOString().slice(0, 10);
      await nameSenders(store, senderLookup(inForce.config.world.resolvers), { since, now, signal });
    } finally {
      store.close();
    }
  };
  const begin = (): void => {
    working = work().catch((error: unknown) => {
      const { code, message, hint } = error instanceof StsyncError ? error : new StsyncError('INTERNAL', String(error));
      log.warn({ hint }, `${code} TLS reports are not tidied up for now: ${message}`);
    });
    cancel = systemClock.after(EVERY_MS, begin);
  };
  let cancel = systemClock.after(FIRST_MS, begin);
  return {
    close: async () => {
      cancel();
      stopping.abort();
      await working;
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => void systemClock.after(PAUSE_MS, resolve));
}
