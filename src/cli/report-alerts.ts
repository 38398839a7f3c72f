/** Floor 4. Within the daemon: looks each minute for reports that came, whichever process took them in, and once a day at every domain that has some. */
import { systemClock } from '../effects/clock.ts';
import { openStoreReadOnly } from '../effects/store-sqlite.ts';
import { readReportNews } from '../effects/store-sqlite-report-news.ts';
import { openReportStore } from '../effects/store-sqlite-reports.ts';
import type { Notifier } from '../services/daemon/notifications.ts';
import { ownDomains } from '../services/reports/own-domains.ts';
import type { KnownOfDomain } from '../services/reports/report-findings.ts';
import { reportNews } from '../services/reports/watch-reports.ts';
import { openChore, pauseFor } from './chore.ts';
import type { DaemonView } from './daemon-parts.ts';

const LOOK_MS = 60_000;
/** The day before yesterday's silence is seen in the morning; a restart looks at once. */
const ALL_MS = 86_400_000;
const PAUSE_MS = 20;

export function openReportAlerts(
  { state, log }: Pick<DaemonView, 'state' | 'log'>,
  path: string,
  notifier: Pick<Notifier, 'tellReports'>,
): { readonly close: () => Promise<void> } {
  let [after, allAt]: [number | null, number] = [null, 0];
  const options = { state, log, firstMs: LOOK_MS, everyMs: LOOK_MS, failure: 'TLS reports are not looked at' };
  return openChore(options, async (config, signal) => {
    if (!config.notifications.some(({ on }) => on.has('reports'))) return;
    const now = systemClock.now().getTime();
    const { until, sessions } = readReportNews(path, after);
    const isAll = after === null || now - allAt >= ALL_MS;
    const domains = isAll ? null : [...new Set(sessions.map(({ domain }) => domain))];
    if (domains?.length === 0) return;
    const store = openReportStore(path);
    try {
      const isOurs = ownDomains(config.domains);
      const pause = (): Promise<void> => pauseFor(PAUSE_MS);
      const world = { store, knownOf: known(path, state), isOurs, now: systemClock.now, pause, signal };
      const news = await reportNews(domains, world);
      // What went wrong before here is looked at again.
      after = until;
      if (isAll) allAt = now;
      if (news.length > 0) notifier.tellReports(news, state());
    } finally {
      store.close();
    }
  });
}

function known(path: string, state: DaemonView['state']): (domain: string) => KnownOfDomain {
  return (domain) => {
    const store = openStoreReadOnly(path);
    try {
      return {
        plan: state().domains.get(domain)?.plan ?? null,
        history: store?.memory(domain).history ?? [],
      };
    } finally {
      store?.close();
    }
  };
}
