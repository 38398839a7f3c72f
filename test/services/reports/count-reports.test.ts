/** What metrics say of TLS reports: only what came since, whichever process stored it, under labels that strangers cannot make up. */
import { Registry } from '@prometheus-io/client';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { KeptReport } from '../../../src/core/reports/model.ts';
import type { ReportStore } from '../../../src/effects/report-store.ts';
import { readReportNews } from '../../../src/effects/store-sqlite-report-news.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { reportMetrics } from '../../../src/services/daemon/report-metrics.ts';
import { openReportCounter } from '../../../src/services/reports/count-reports.ts';
import { keptReport } from '../../core/reports/kept-report.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';

let path: string;
let store: ReportStore;
beforeEach(() => {
  path = `${tempDirectory()}/stsync.db`;
  store = openReportStore(path);
});
afterEach(() => store.close());

function keep(report: KeptReport): void {
  store.store([{ kind: 'keep', report, clears: '' }]);
}

async function scrape(registry: Registry): Promise<readonly string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('counts what came since the process began, by labels that are bounded', async () => {
  keep(keptReport({ reportId: 'before' }));
  const registry = new Registry();
  const counts = openReportCounter((after) => readReportNews(path, after));
  counts();
  reportMetrics(registry, { counts, domains: () => ['example.com'] });
  expect((await scrape(registry)).filter((line) => / [1-9]\d*$/.test(line) && line.includes('_total'))).toEqual([]);

  const [policy] = keptReport({}).policies;
  if (policy === undefined) throw new Error('the report has a policy');
  const failureDetails = policy.failureDetails.slice(0, 1);
  const [detail] = failureDetails;
  if (detail === undefined) throw new Error('the policy has a failure');
  const strange = { ...detail, resultType: 'made-up-{by}="a stranger"', failedSessionCount: 2 };
  keep(
    keptReport({
      reportId: 'after',
      policies: [{ ...policy, failureDetails: [{ ...detail, failedSessionCount: 3 }, strange] }],
    }),
  );
  store.store([
    {
      kind: 'set-aside',
      item: {
        state: 'rejected',
        code: 'NOT_A_REPORT',
        message: 'no',
        source: 'x',
        way: 'hand',
        organization: null,
        domain: null,
        digest: 'd',
        content: null,
        at: new Date('2026-09-08T00:00:00Z'),
      },
    },
  ]);
  const lines = await scrape(registry);
  expect(lines).toEqual(
    expect.arrayContaining([
      'stsync_tls_reports_total{verdict="file"} 1',
      `stsync_tls_report_sessions_total{policy_type="sts",result="success"} ${policy.totalSuccessfulSessionCount}`,
      `stsync_tls_report_sessions_total{policy_type="sts",result="failure"} ${policy.totalFailureSessionCount}`,
      `stsync_tls_report_failures_total{result_type="${detail.resultType}"} 3`,
      'stsync_tls_report_failures_total{result_type="other"} 2',
      `stsync_domain_tls_report_sessions_total{domain="example.com",result="failure"} ${policy.totalFailureSessionCount}`,
      'stsync_tls_reports_set_aside{state="rejected"} 1',
      'stsync_tls_reports_set_aside{state="quarantined"} 0',
      expect.stringMatching(/^stsync_tls_report_last_timestamp_seconds \d+$/),
    ]),
  );
  expect(await scrape(registry)).toEqual(lines);
});

test('a state that is replaced begins anew, and one that is not there begins at its first report', () => {
  const counts = openReportCounter((after) => readReportNews(path, after === null ? null : 1_000_000));
  keep(keptReport({}));
  expect(counts()?.reports.size).toBe(0);
  expect(counts()?.reports.size).toBe(0);
  expect(readReportNews(`${path}.none`, null).until).toBe(0);
});
