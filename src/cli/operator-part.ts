/** Floor 4. The operator listener as a part of the daemon: health, metrics, API, hooks, dashboard. */
import { setTimeout } from 'node:timers/promises';

import type { Config } from '../core/config/model.ts';
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
import { networkOwner } from './reports/network-owner.ts';
import { providerCalls, statePathOf } from './wiring.ts';

/** Between two slices of the sums over the fleet. */
const BREATH_MS = 5;

/** `daemon.listen` counts at the start: another address needs a restart. */
export async function operatorPart({ config, state, trigger, log, version }: DaemonView): Promise<DaemonPart> {
  const reports = reportCounts(statePathOf(config));
  // What comes from now on counts, also before the first scrape.
  reports();
  const { counts: certificates } = certificateCounts;
  const counts = { calls: providerCalls.counts, certificates, reports, now: systemClock.now };
  const metrics = openMetrics(state, counts, version);
  const openStore = () => openStoreReadOnly(statePathOf(config));
  const pages = once(() => loadPages(config, { state, log }));
  const dashboard = async () => (await pages()).dashboard;
  const shared = async () => (await pages()).shared;
  const { now } = systemClock;
  const app = operatorApp({ state, trigger, metrics, log, now, openStore, dashboard, shared, mayAsk });
  const { listen } = config.daemon;
  if (listen === null) return { close: async () => undefined };
  const listener = openHttpListener(listen, (request, peer) => app.fetch(request, { peer }), {
    clock: systemClock,
    onTrouble: ({ code, message, hint }) => log.warn({ hint }, `${code} ${message}`),
  });
  log.info({ listen }, 'operator listener');
  return { onNews: (before, after) => metrics.news(before, after), close: () => listener.close() };
}

/** Charts and pages are much to load, and a daemon that nobody looks at does without. */
async function loadPages(
  config: Config,
  { state, log }: Pick<DaemonView, 'state' | 'log'>,
): Promise<Readonly<Record<'dashboard' | 'shared', (request: Request) => Response | Promise<Response>>>> {
  const [{ dashboardApp }, { sharedApp }, { lookAtState }, { readShareSecret }] = await Promise.all([
    import('../services/dashboard/dashboard-app.ts'),
    import('../services/dashboard/shared-app.ts'),
    import('../effects/look-at-state.ts'),
    import('../effects/store-sqlite-owners.ts'),
  ]);
  const path = statePathOf(config);
  const world = {
    state,
    now: systemClock.now,
    look: <T>(ask: Parameters<typeof lookAtState<T>>[1]) => lookAtState(path, ask),
    ownerOf: await networkOwner(config.reports),
  };
  const app = dashboardApp({
    ...world,
    pause: () => setTimeout(BREATH_MS),
    onTrouble: (error) => log.warn({ error: String(error) }, 'the dashboard could not add up the fleet'),
  });
  let secret: Uint8Array | null = null;
  const shared = sharedApp({
    ...world,
    shareSecret: () => (secret ??= readShareSecret(path)),
    onTrouble: ({ code, message }) => log.warn({}, `${code} the page of an owner cannot be shown: ${message}`),
  });
  return { dashboard: (request) => app.fetch(request), shared: (request) => shared.fetch(request) };
}

/** What failed is tried again at the next call. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
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
