/** Floor 3. TLS reports for Prometheus. One look at the state a scrape; labels are bounded and there from the start, domains only behind `domainMetrics`. */
import { Counter, Gauge, type Registry } from '@prometheus-io/client';

import { verdicts } from '../../core/reports/model.ts';
import { policyTypes, resultTypes } from '../../core/tls-report/model.ts';
import { OTHER, type ReportCounts } from '../reports/count-reports.ts';

const NONE = { succeeded: 0, failed: 0 };

export interface ReportMetricsWorld {
  /** Null: nothing can be told. */
  readonly counts: () => ReportCounts | null;
  /** Domains that have series of their own; empty without `domainMetrics`. */
  readonly domains: () => readonly string[];
}

export function reportMetrics(registry: Registry, world: ReportMetricsWorld): void {
  let counts: ReportCounts | null = null;
  registry.registerMetric(
    new Counter({
      name: 'stsync_tls_reports_total',
      help: 'TLS reports that came and count, by what proves them',
      labelNames: ['verdict'],
      registers: [],
      // The first of these metrics: the others show the same look.
      collect() {
        counts = world.counts();
        this.reset();
        for (const verdict of verdicts) this.inc({ verdict }, counts?.reports.get(verdict) ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'stsync_tls_report_sessions_total',
      help: 'Sessions that TLS reports tell of, by policy type and result (success, failure)',
      labelNames: ['policy_type', 'result'],
      registers: [],
      collect() {
        this.reset();
        for (const type of [...policyTypes, OTHER]) {
          const { succeeded, failed } = counts?.sessions.get(type) ?? NONE;
          this.inc({ policy_type: type, result: 'success' }, succeeded);
          this.inc({ policy_type: type, result: 'failure' }, failed);
        }
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'stsync_tls_report_failures_total',
      help: 'Failures that TLS reports tell of, in sessions, by result type of RFC 8460',
      labelNames: ['result_type'],
      registers: [],
      collect() {
        this.reset();
        for (const type of [...resultTypes, OTHER]) this.inc({ result_type: type }, counts?.failures.get(type) ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'stsync_domain_tls_report_sessions_total',
      help: 'Sessions that TLS reports tell of, by domain; only with daemon.domainMetrics, a thousand domains at most',
      labelNames: ['domain', 'result'],
      registers: [],
      collect() {
        this.reset();
        for (const domain of world.domains()) {
          const { succeeded, failed } = counts?.byDomain.get(domain) ?? NONE;
          this.inc({ domain, result: 'success' }, succeeded);
          this.inc({ domain, result: 'failure' }, failed);
        }
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'stsync_tls_reports_set_aside',
      help: 'What came as a TLS report and does not count: rejected (cannot be read), quarantined (not proved, or not ours)',
      labelNames: ['state'],
      registers: [],
      collect() {
        this.reset();
        if (counts === null) return;
        this.set({ state: 'rejected' }, counts.rejected);
        this.set({ state: 'quarantined' }, counts.quarantined);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'stsync_tls_report_last_timestamp_seconds',
      help: 'When the newest TLS report that counts came',
      registers: [],
      collect() {
        const newestAt = counts?.newestAt ?? null;
        if (newestAt === null) this.remove();
        else this.set(newestAt.getTime() / 1000);
      },
    }),
  );
}
