/** Floor 4. As a part of the daemon: TLS reports leave the state when their time is over (`reports.keep`), and their senders get names. */
import { systemClock } from '../effects/clock.ts';
import { senderLookup } from '../effects/reports/look-up-sender.ts';
import { openReportStore } from '../effects/store-sqlite-reports.ts';
import { nameSenders } from '../services/reports/name-senders.ts';
import { pruneReports } from '../services/reports/prune-reports.ts';
import { openChore, pauseFor } from './chore.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';
import { statePathOf } from './wiring.ts';

/** The start has other things to do. */
const FIRST_MS = 300_000;
const EVERY_MS = 3_600_000;
/** Failures of so long ago are looked at. */
const NAMED_MS = 7 * 86_400_000;
/** Between two slices, for all else that the process does. */
const PAUSE_MS = 50;

export async function reportsCarePart({ config, state, log }: DaemonView): Promise<DaemonPart> {
  // `unbuilt` refuses a database URL for each domain.
  if (config.state.kind !== 'file') return { close: async () => undefined };
  const path = statePathOf(config);
  const failure = 'TLS reports are not tidied up';
  return openChore(
    { state, log, firstMs: FIRST_MS, everyMs: EVERY_MS, failure },
    async ({ reports, world }, signal) => {
      const store = openReportStore(path);
      try {
        const { now } = systemClock;
        await pruneReports(store, reports.keep, { now: now(), pause: () => pauseFor(PAUSE_MS), signal });
        if (!reports.senderNames) return;
        const since = new Date(now().getTime() - NAMED_MS).toISOString().slice(0, 10);
        await nameSenders(store, senderLookup(world.resolvers), { since, now, signal });
      } finally {
        store.close();
      }
    },
  );
}
