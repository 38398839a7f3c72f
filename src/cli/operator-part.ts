/** Floor 4. The operator listener as a part of the daemon: health, metrics, API, hooks. */
import { StsyncError } from '../core/error.ts';
import { systemClock } from '../effects/clock.ts';
import { openHttpListener } from '../effects/http-listener.ts';
import { readReportNews } from '../effects/store-sqlite-report-news.ts';
import { openStoreReadOnly } from '../effects/store-sqlite.ts';
import { mayAsk } from '../services/daemon/may-ask.ts';
import { openMetrics } from '../services/daemon/metrics.ts';
import { operatorApp } from '../services/daemon/operator-app.ts';
import { openReportCounter, type ReportCounts } from '../services/reports/count-reports.ts';
import { certificateCounts } from './certificates.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';
import { providerCalls, statePathOf } from './wiring.ts';

/** `daemon.listen` counts at the start: another address needs a restart. */
export async function operatorPart({ config, state, trigger, log, version }: DaemonView): Promise<DaemonPart> {
  const reports = reportCounts(statePathOf(config));
  // What comes from now on counts, also before the first scrape.
  reports();
  const { counts: certificates } = certificateCounts;
  const counts = { calls: providerCalls.counts, certificates, reports, now: systemClock.now };
  const metrics = openMetrics(state, counts, version);
  const openStore = () => openStoreReadOnly(statePathOf(config));
  const app = operatorApp({ state, trigger, metrics, log, now: systemClock.now, openStore, mayAsk });
  const { listen } = config.daemon;
  if (listen === null) return { close: async () => undefined };
  const listener = openHttpListener(listen, (request, peer) => app.fetch(request, { peer }), {
    clock: systemClock,
    onTrouble: ({ code, message, hint }) => log.warn({ hint }, `${code} ${message}`),
  });
  log.info({ listen }, 'operator listener');
  return { onNews: (before, after) => metrics.news(before, after), close: () => listener.close() };
}

/** A state that cannot be read for the moment is no reason to give no metrics at all. */
function reportCounts(path: string): () => ReportCounts | null {
  return openReportCounter((after) => {
    try {
      return readReportNews(path, after);
    } catch (error) {
      if (error instanceof StsyncError) return null;
      throw error;
    }
  });
}
