/**
 * Floor 3. What Prometheus scrapes. Gauges are read from the state at the moment of the scrape, so they can never be stale; counters are added
 * up here. Labels are bounded: domains only behind `domainMetrics`, and then a thousand at most.
 */
import { Counter, Gauge, Registry } from '@prometheus-io/client';

import { statuses } from '../../core/plan/model.ts';
import type { FleetState } from './fleet-state.ts';
import { reportMetrics } from './report-metrics.ts';
import type { CertificateCounts } from '../certificates/count-certificates.ts';
import type { CallCount } from '../count-calls.ts';
import type { ReportCounts } from '../reports/count-reports.ts';

/** More series than these are no help to anybody, and a burden to all. */
const MAX_DOMAIN_SERIES = 1_000;

export interface Metrics {
  /** A scrape: text, and what it is. */
  readonly contentType: string;
  text(): Promise<string>;
  /** Two states, one after the other; counts the run between them, if there was one. */
  news(before: FleetState, after: FleetState): void;
}

/** What the process itself counts, over its life. */
export interface Counts {
  /** To providers. */
  readonly calls: () => readonly CallCount[];
  /** Null: none is to come by ACME. */
  readonly certificates: () => CertificateCounts | null;
  /** Null: the state has none, or cannot be read now. */
  readonly reports: () => ReportCounts | null;
  readonly now: () => Date;
}

export function openMetrics(state: () => FleetState, counts: Counts, version: string): Metrics {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: (state: FleetState) => number | null): void => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.reset();
          const value = read(state());
          if (value === null) this.remove();
          else this.set(value);
        },
      }),
    );
  };
  gauge('stsync_leader', '1: this daemon works; 0: it stands by or stops', ({ role }) => (role === 'leader' ? 1 : 0));
  gauge('stsync_running', '1: a run is going on', ({ isRunning }) => (isRunning ? 1 : 0));
  gauge('stsync_config_refused', '1: the newest config was refused, an older one is in force', ({ refused }) =>
    refused === null ? 0 : 1,
  );
  gauge('stsync_source_failed', '1: the repository of `source` could not be asked or fetched the last time', (one) =>
    one.inForce?.config.source == null && one.sourceFailure === null ? null : one.sourceFailure === null ? 0 : 1,
  );
  gauge('stsync_config_loaded_timestamp_seconds', 'When the config in force was read', ({ inForce }) =>
    seconds(inForce?.loadedAt),
  );
  gauge('stsync_last_sync_timestamp_seconds', 'End of the last run with a result for every domain due', (one) =>
    seconds(one.lastGoodRunAt),
  );
  gauge('stsync_next_run_timestamp_seconds', 'When the schedule runs next', ({ nextRunAt }) => seconds(nextRunAt));
  gauge('stsync_last_run_duration_seconds', 'How long the last run took', ({ lastRun }) =>
    lastRun === null ? null : (lastRun.endedAt.getTime() - lastRun.startedAt.getTime()) / 1000,
  );
  gauge('stsync_orphans', 'Domains that left the YAML and are still served', ({ orphans }) => orphans.length);
  domainGauges(registry, state);
  callCounter(registry, counts.calls);
  certificateMetrics(registry, counts);
  reportMetrics(registry, {
    counts: counts.reports,
    domains: () => {
      const { known, inForce } = state();
      return inForce?.config.daemon.domainMetrics === true ? [...known.keys()].slice(0, MAX_DOMAIN_SERIES) : [];
    },
  });
  const build = new Gauge({ name: 'stsync_build_info', help: 'Version', labelNames: ['version'], registers: [] });
  build.set({ version }, 1);
  registry.registerMetric(build);
  const runs = new Counter({
    name: 'stsync_runs_total',
    help: 'Runs by reason and result (done: a result for every domain due; broken: none)',
    labelNames: ['reason', 'result'],
    registers: [],
  });
  registry.registerMetric(runs);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    news: (before, { lastRun }) => {
      if (lastRun !== null && lastRun !== before.lastRun)
        runs.inc({ reason: lastRun.reason, result: lastRun.error === null ? 'done' : 'broken' });
    },
  };
}

function domainGauges(registry: Registry, state: () => FleetState): void {
  registry.registerMetric(
    new Gauge({
      name: 'stsync_domains',
      help: 'Domains by status',
      labelNames: ['status'],
      registers: [],
      collect() {
        const { known } = state();
        for (const status of statuses) this.set({ status }, 0);
        for (const { status } of known.values()) this.inc({ status });
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'stsync_domain_status',
      help: '1 for the status that a domain has; only with daemon.domainMetrics, a thousand domains at most',
      labelNames: ['domain', 'status'],
      registers: [],
      collect() {
        this.reset();
        const { known, inForce } = state();
        if (inForce?.config.daemon.domainMetrics !== true) return;
        for (const [domain, { status }] of [...known].slice(0, MAX_DOMAIN_SERIES)) this.set({ domain, status }, 1);
      },
    }),
  );
}

function certificateMetrics(registry: Registry, { certificates, now }: Counts): void {
  registry.registerMetric(
    new Gauge({
      name: 'stsync_certificates',
      help: 'Policy hosts whose certificate comes by ACME: held, missing, and failing (missing, and the last attempt failed)',
      labelNames: ['state'],
      registers: [],
      collect() {
        const counts = certificates();
        for (const state of ['held', 'missing', 'failing'] as const) this.set({ state }, counts?.[state] ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'stsync_certificate_expiry_seconds',
      help: 'Until the end of the certificate by ACME that ends first',
      registers: [],
      collect() {
        const endsFirstAt = certificates()?.endsFirstAt ?? null;
        if (endsFirstAt === null) this.remove();
        else this.set((endsFirstAt.getTime() - now().getTime()) / 1000);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'stsync_acme_orders_total',
      help: 'What became of certificates that were to be had by ACME: issued, or failed for a reason of the host',
      labelNames: ['result'],
      registers: [],
      collect() {
        this.reset();
        const counts = certificates();
        for (const result of ['issued', 'failed'] as const) this.inc({ result }, counts?.[result] ?? 0);
      },
    }),
  );
}

function callCounter(registry: Registry, calls: () => readonly CallCount[]): void {
  registry.registerMetric(
    new Counter({
      name: 'stsync_provider_calls_total',
      help: 'Calls to DNS providers by outcome (`ok`, or the code of the error)',
      labelNames: ['provider', 'operation', 'outcome'],
      registers: [],
      collect() {
        this.reset();
        for (const { provider, operation, outcome, count } of calls())
          this.inc({ provider, operation, outcome }, count);
      },
    }),
  );
}

function seconds(date: Date | null | undefined): number | null {
  return date == null ? null : date.getTime() / 1000;
}
