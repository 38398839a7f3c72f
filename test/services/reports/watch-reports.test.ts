/** New reports are looked at soon, all domains once a day; what was told outlives the process. */
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { reportNews } from '../../../src/services/reports/watch-reports.ts';
import { failureOf, policyOf, signedBy } from '../../core/reports/kept-report.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';

const DAY = 86_400_000;
const first = Date.parse('2026-09-01T00:00:00Z');

function report(domain: string, index: number, failed: number) {
  const start = new Date(first + index * DAY);
  const failureDetails = failed === 0 ? [] : [failureOf({ failedSessionCount: failed })];
  return {
    kind: 'keep',
    clears: '',
    report: signedBy('google.com', {
      domain,
      reportId: `r-${index}`,
      contactInfo: 'tls@google.com',
      dateRange: { start, end: new Date(start.getTime() + DAY - 1000) },
      policies: [policyOf({ totalSuccessfulSessionCount: 100, totalFailureSessionCount: failed, failureDetails })],
    }),
  } as const;
}

test('tells of a burst, of its end, and of silence, each once, also after a restart', async () => {
  const path = join(tempDirectory(), 'stsync.db');
  let at = first + 12 * DAY + DAY / 3;
  const look = async (domains: readonly string[] | null): Promise<readonly string[]> => {
    const store = openReportStore(path);
    onTestFinished(() => store.close());
    const news = await reportNews(domains, {
      store,
      knownOf: () => ({ plan: null, history: [] }),
      isOurs: (domain) => domain !== 'left.example',
      now: () => new Date(at),
      pause: async () => undefined,
      signal: new AbortController().signal,
    });
    return news.map(({ domain, event, code }) => `${domain} ${event} ${code}`);
  };
  const store = openReportStore(path);
  const days = Array.from({ length: 12 }, (_, index) => index);
  for (const domain of ['example.com', 'example.org', 'left.example'])
    store.store(days.map((index) => report(domain, index, index === 11 ? 60 : 0)));
  store.close();
  expect(await look(['example.com'])).toEqual([
    'example.com reported REPORT_MX_CERTIFICATE',
    'example.com reported REPORT_BURST',
  ]);
  expect(await look(null)).toEqual(['example.org reported REPORT_MX_CERTIFICATE', 'example.org reported REPORT_BURST']);
  expect(await look(null)).toEqual([]);
  const later = openReportStore(path);
  later.store([report('example.com', 12, 0)]);
  later.close();
  at += DAY;
  expect(await look(['example.com'])).toEqual([
    'example.com over REPORT_BURST',
    'example.com over REPORT_MX_CERTIFICATE',
  ]);
  at += 5 * DAY;
  expect(await look(null)).toEqual(['example.com reported REPORTS_STOPPED', 'example.org reported REPORTS_STOPPED']);
  expect(await look(null)).toEqual([]);
});
