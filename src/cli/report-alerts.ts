/** Floor 4. Within the daemon: looks each minute for reports that came, whichever process took them in, and once a day at every domain that has some. */
import { StsyncError } from '../core/error.ts';
import { systemClock } from '../effects/clock.ts';
import { openStoreReadOnly } from '../effects/store-sqlite.ts';
import { readReportNews } from '../effects/store-sqlite-report-news.ts';
import { openReportStore } from '../effects/store-sqlite-reports.ts';
import type { Notifier } from '../services/daemon/notifications.ts';
import { ownDomains } from '../services/reports/own-domains.ts';
import type { KnownOfDomain } from '../services/reports/report-findings.ts';
import { reportNews } from '../services/reports/watch-reports.ts';
import type { DaemonView } from './daemon-parts.ts';

const LOOK_MS = 60_000;
/** The day before yesterday's silence is seen in the morning; a restart looks at once. */
const ALL_MS = 86_400_000;
const PAUSE_MS = 20;

export interface ReportAlerts {
  close(): Promise<void>;
}

export function openReportAlerts(
  { state, log }: Pick<DaemonView, 'state' | 'log'>,
  path: string,
  notifier: Pick<Notifier, 'tellReports'>,
): ReportAlerts {
  const stopping = new AbortController();
  let [after, allAt]: [number | null, number] = [null, 0];
  let working = Promise.resolve();

  /** Null: all of them. */
  const due = (now: number): readonly string[] | null => {
    const news = readReportNews(path, after);
    const isAll = now - allAt >= ALL_MS || after === null;
    after = news.until;
    return isAll ? null : [...new Set(news.sessions.map(({ domain }) => domain))];
  };
  const look = async (): Promise<void> => {
    const { role, inForce } = state();
    // A stand-by would tell everything a second time.
    if (role !== 'leader' || inForce === null || !inForce.config.notifications.some(({ on }) => on.has('reports')))
      return;
    const now = systemClock.now();
    const domains = due(now.getTime());
    if (domains?.length === 0) return;
    const store = openReportStore(path);
    try {
      const isOurs = ownDomains(inForce.config.domains);
      const { signal } = stopping;
      const world = { store, knownOf: known(path, state), isOurs, now: systemClock.now, pause, signal };
      const news = await reportNews(domains, world);
      if (domains === null) allAt = now.getTime();
      if (news.length > 0) notifier.tellReports(news, state());
    } finally {
      store.close();
    }
  };
  const begin = (): void => {
    working = look()
      .catch((error: unknown) => {
        const { code, message, hint } =
          error instanceof StsyncError ? error : new StsyncError('INTERNAL', String(error));
        log.warn({ hint }, `${code} reports are not looked at for now: ${message}`);
      })
      .finally(() => {
        if (!stopping.signal.aborted) cancel = systemClock.after(LOOK_MS, begin);
      });
  };
  let cancel = systemClock.after(LOOK_MS, begin);
  return {
    close: async () => {
      cancel();
      stopping.abort();
      await working;
    },
  };
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

function pause(): Promise<void> {
  return new Promise((resolve) => void systemClock.after(PAUSE_MS, resolve));
}
