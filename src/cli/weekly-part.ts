/** Floor 4. As a part of the daemon: the weekly summaries to the owners of domains (`contacts`, `reports.weekly`). */
import { systemClock } from '../effects/clock.ts';
import { lookAtState } from '../effects/look-at-state.ts';
import { openOwnerStore } from '../effects/store-sqlite-owners.ts';
import { openWeeklySummaries } from '../services/owners/weekly-summaries.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';

const PAUSE_MS = 20;

export async function weeklyPart({ config, state, log }: DaemonView): Promise<DaemonPart> {
  // `unbuilt` refuses a database URL for each domain.
  if (config.state.kind !== 'file') return { close: async () => undefined };
  const { path } = config.state;
  return openWeeklySummaries({
    clock: systemClock,
    log,
    state,
    look: (ask) => lookAtState(path, ask),
    openOwners: () => openOwnerStore(path),
    pause: () => new Promise((resolve) => void systemClock.after(PAUSE_MS, resolve)),
    // Loaded for the first mail: most daemons send none.
    sendMail: async (server, mail) => (await import('../effects/send-mail.ts')).sendMail(server, mail),
  });
}
