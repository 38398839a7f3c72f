import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { KeptReport, SetAside } from '../../src/core/reports/model.ts';
import { dimensions } from '../../src/core/reports/dimensions.ts';
import type { Change, ReportFilter, ReportStore } from '../../src/effects/report-store.ts';
import { openDatabase } from '../../src/effects/sqlite.ts';
import { openReportReader, openReportStore } from '../../src/effects/store-sqlite-reports.ts';
import { openStore } from '../../src/effects/store-sqlite.ts';
import { failureOf, keptReport, keptReports, policyOf, signedBy } from '../core/reports/kept-report.ts';
import { runs } from '../property-runs.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const ever: ReportFilter = { domain: null, since: '0000', until: '9999' };
const keep = (report: KeptReport, clears = 'd'): Change => ({ kind: 'keep', report, clears });
const aside = (rest: Partial<SetAside> = {}): Change => ({
  kind: 'set-aside',
  item: {
    state: 'quarantined',
    code: 'DKIM_UNPROVED',
    message: 'no signature',
    source: 'in/a',
    way: 'hand',
    organization: 'Sender',
    domain: 'example.com',
    digest: 'd',
    content: Buffer.from('x'),
    at: new Date('2026-09-08T06:00:00Z'),
    ...rest,
  },
});

const on = (day: string, domain: string): Change =>
  keep(keptReport({ domain, dateRange: { start: new Date(`${day}T00:00:00Z`), end: new Date(`${day}T23:59:59Z`) } }));

function withStore<T>(work: (store: ReportStore, path: string) => T): T {
  const path = join(tempDirectory(), 'stsync.db');
  const store = openReportStore(path);
  try {
    return work(store, path);
  } finally {
    store.close();
  }
}

/** Everything that is counted, and which copies of reports are kept. */
function picture(store: ReportStore): unknown {
  const copies = store.reports(ever, 1000).map(({ id, receivedAt: _at, ...head }) => {
    const report = store.report(id);
    return JSON.stringify([head, report?.policies]);
  });
  return [dimensions.map((by) => store.counts(by, ever)), store.totals(ever), store.reach(ever), copies.toSorted()];
}

describe('reports in the state', () => {
  test('come back as they were stored', () =>
    withStore((store) => {
      const report = signedBy('sender.example', {
        contactInfo: null,
        remarks: ['REPORT_SUM a', 'b'],
        policies: [
          policyOf({ policyDomain: null, mxHosts: [] }),
          policyOf({ failureDetails: [failureOf(), failureOf({ receivingIp: '::1' })] }),
        ],
      });
      expect(store.store([keep(report)])).toEqual(['new']);
      expect(store.report(1)).toEqual({ id: 1, ...report });
      expect(store.report(2)).toBeNull();
    }));

  test('are counted once, however often they come', () =>
    withStore((store) => {
      expect(store.store([keep(keptReport()), keep(keptReport())])).toEqual(['new', 'known']);
      expect(store.store([keep(keptReport({ source: 'again' }))])).toEqual(['known']);
      expect(store.totals(ever)).toEqual([{ label: '', policyType: 'sts', succeeded: 5, failed: 2 }]);
    }));

  test('give way to a signed copy, and their counts with them', () =>
    withStore((store) => {
      store.store([keep(keptReport())]);
      expect(store.store([keep(signedBy('sender.example'))])).toEqual(['new']);
      expect(store.store([keep(keptReport())])).toEqual(['known']);
      expect(store.counts('reporter', ever)).toEqual([
        { label: 'sender.example', policyType: 'sts', succeeded: 5, failed: 2 },
      ]);
      expect(store.counts('result', ever)).toEqual([
        { label: 'certificate-expired', policyType: 'sts', succeeded: null, failed: 2 },
      ]);
    }));

  test('property: any order and any doubling give the same counts and copies', () => {
    fc.assert(
      fc.property(keptReports, fc.func(fc.integer()), (reports, key) => {
        const shuffled = [...reports, ...reports].toSorted((a, b) => key(a) - key(b));
        const first = withStore((store) => {
          store.store(reports.map((report) => keep(report)));
          return picture(store);
        });
        const second = withStore((store) => {
          for (const report of shuffled) store.store([keep(report)]);
          return picture(store);
        });
        expect(second).toEqual(first);
      }),
      runs(25),
    );
  });

  test('are asked for by domain and days, both days inclusive', () =>
    withStore((store) => {
      store.store([
        on('2026-09-06', 'example.com'),
        on('2026-09-07', 'example.com'),
        on('2026-09-08', 'example.com'),
        on('2026-09-07', 'example.org'),
      ]);
      const filter = { domain: 'example.com', since: '2026-09-07', until: '2026-09-08' };
      expect(store.counts('day', filter).map(({ label }) => label)).toEqual(['2026-09-07', '2026-09-08']);
      expect(store.reach(filter)).toEqual({ reports: 2, reporters: 1 });
      expect(store.totals({ ...filter, domain: null })).toMatchObject([{ succeeded: 15, failed: 6 }]);
    }));

  test('add up beyond 2^53 without an error', () =>
    withStore((store) => {
      const most = policyOf({ totalSuccessfulSessionCount: 2 ** 53 - 1, failureDetails: [] });
      store.store(['a', 'b', 'c'].map((reportId) => keep(keptReport({ reportId, policies: [most] }))));
      expect(store.totals(ever)[0]?.succeeded).toBeCloseTo(3 * 2 ** 53, -3);
    }));

  test('tell which policies senders held', () =>
    withStore((store) => {
      store.store([keep(keptReport())]);
      const [row] = store.counts('policy', ever);
      expect([...store.held([row?.label ?? '', 'unknown'])].map(([, text]) => text)).toEqual([
        'version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmax_age: 86400\r\n',
      ]);
    }));
});

describe('what is set aside', () => {
  test('stands there once with its number, until it is counted after all', () =>
    withStore((store) => {
      store.store([aside(), aside({ at: new Date('2026-09-07T06:00:00Z') }), aside({ digest: 'e', domain: null })]);
      expect(store.setAside(10)).toMatchObject([
        { domain: null, times: 1 },
        {
          domain: 'example.com',
          times: 2,
          firstAt: new Date('2026-09-07T06:00:00Z'),
          lastAt: new Date('2026-09-08T06:00:00Z'),
        },
      ]);
      store.store([keep(keptReport(), 'd')]);
      expect(store.setAside(10)).toMatchObject([{ domain: null }]);
      expect(store.setAsideCount()).toBe(1);
    }));

  test('of the same mail about another domain stays', () =>
    withStore((store) => {
      store.store([aside({ domain: 'other.example', code: 'NOT_OUR_DOMAIN' }), keep(keptReport(), 'd')]);
      expect(store.setAside(10)).toMatchObject([{ domain: 'other.example', code: 'NOT_OUR_DOMAIN' }]);
    }));

  test('is bounded: the oldest go, and the content of older ones before', { timeout: 60_000 }, () =>
    withStore((store, path) => {
      const many = Array.from({ length: 10_050 }, (_, n) => aside({ digest: `d${n}`, content: null }));
      store.store(many);
      expect(store.setAsideCount()).toBe(10_000);
      const content = Buffer.alloc(1 << 20);
      store.store(Array.from({ length: 105 }, (_, n) => aside({ digest: `c${n}`, content })));
      const db = openDatabase(path, { readOnly: true });
      expect(db.prepare('SELECT count(content) AS n FROM reports_set_aside').get()).toEqual({ n: 100 });
      db.close();
    }),
  );
});

describe('the state', () => {
  test('of an earlier stsync is brought up to date, and keeps what it had', () => {
    const path = join(tempDirectory(), 'stsync.db');
    const store = openStore(path);
    store.savePolicyBody('mta-sts.example.com', 'body');
    store.close();
    const old = openDatabase(path);
    const tables = [
      'reports',
      'report_policies',
      'report_details',
      'report_days',
      'report_failures',
      'held_policies',
      'reports_set_aside',
      'sender_names',
      'report_alerts',
    ];
    old.exec(`${tables.map((name) => `DROP TABLE ${name};`).join(' ')} PRAGMA user_version = 4;`);
    old.close();
    const reader = openReportReader(path);
    expect([reader.totals(ever), reader.setAsideCount(), reader.report(1)]).toEqual([[], 0, null]);
    const reports = openReportStore(path);
    expect(reports.store([keep(keptReport())])).toEqual(['new']);
    reports.close();
    const again = openStore(path);
    expect(again.policyBody('mta-sts.example.com')).toBe('body');
    again.close();
  });

  test('is not made or changed by a look', () => {
    const directory = tempDirectory();
    const path = join(directory, 'stsync.db');
    expect(openReportReader(path).reach(ever)).toEqual({ reports: 0, reporters: 0 });
    writeFileSync(path, '');
    expect(openReportReader(path).reports(ever, 10)).toEqual([]);
    const store = openReportStore(path);
    store.store([keep(keptReport()), aside()]);
    store.close();
    const before = listing(directory);
    const reader = openReportReader(path);
    expect([reader.reach(ever).reports, reader.setAside(1).length]).toEqual([1, 1]);
    expect(listing(directory)).toEqual(before);
  });

  test('that another program holds is told as LOCKED, and nothing of the batch is stored', { timeout: 60_000 }, () =>
    withStore((store, path) => {
      const other = openDatabase(path);
      other.exec('BEGIN IMMEDIATE');
      expect(() => store.store([keep(keptReport())])).toThrow(
        expect.objectContaining({ code: 'LOCKED', retryable: true }),
      );
      other.exec('ROLLBACK');
      other.close();
      expect(store.reach(ever).reports).toBe(0);
    }),
  );
});
