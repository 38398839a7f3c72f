/** How reports leave the state: whole ones first, their counts long after, and never twice counted for it. */
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { KeptReport } from '../../src/core/reports/model.ts';
import type { Keeping, ReportFilter, ReportStore } from '../../src/effects/report-store.ts';
import { openDatabase } from '../../src/effects/sqlite.ts';
import { openReportReader, openReportStore } from '../../src/effects/store-sqlite-reports.ts';
import { keptReport, signedBy } from '../core/reports/kept-report.ts';
import { tempDirectory } from './temp-directory.ts';

const EVER: ReportFilter = { domain: null, since: '0000', until: '9999' };
const ALL: Keeping = { wholeSince: '0000', countsSince: '0000', mostBytes: Number.MAX_SAFE_INTEGER };

function open(): ReportStore {
  const store = openReportStore(join(tempDirectory(), 'stsync.db'));
  onTestFinished(() => store.close());
  return store;
}

function on(day: string, rest: Partial<KeptReport> = {}): KeptReport {
  return keptReport({
    dateRange: { start: new Date(`${day}T00:00:00Z`), end: new Date(`${day}T23:59:59Z`) },
    ...rest,
  });
}

function keep(store: ReportStore, ...reports: readonly KeptReport[]): readonly string[] {
  return store.store(reports.map((report) => ({ kind: 'keep', report, clears: '' })));
}

function prune(store: ReportStore, keeping: Partial<Keeping>): void {
  for (let slices = 0; store.prune({ ...ALL, ...keeping }); slices++) if (slices > 1000) throw new Error('no end');
}

/** `1 whole`, `2 gone`: which reports can be shown in full. */
function wholeness(store: ReportStore): readonly string[] {
  return store
    .reports(EVER, 100)
    .map(({ id }) => `${id} ${store.report(id)?.policies.length === 0 ? 'gone' : 'whole'}`);
}

describe('a report whose time is over', () => {
  test('loses policies and details from the day before the bound on, and none of its counts', () => {
    const store = open();
    keep(store, on('2026-09-07'), on('2026-09-08'), on('2026-09-09'));
    const before = [store.totals(EVER), store.counts('mx', EVER), store.reach(EVER)];
    prune(store, { wholeSince: '2026-09-08' });
    expect(wholeness(store)).toEqual(['3 whole', '2 whole', '1 gone']);
    expect([store.totals(EVER), store.counts('mx', EVER), store.reach(EVER)]).toEqual(before);
  });

  test('is known when it comes again, also in a better copy', () => {
    const store = open();
    keep(store, on('2026-09-07'));
    prune(store, { wholeSince: '2026-09-08' });
    const before = store.totals(EVER);
    const better = signedBy('sender.example', { dateRange: on('2026-09-07').dateRange });
    expect(keep(store, on('2026-09-07'), better)).toEqual(['known', 'known']);
    expect(store.totals(EVER)).toEqual(before);
  });

  test('goes with its counts when their time is over too, those of one day whole', () => {
    const store = open();
    const domains = Array.from({ length: 30 }, (_, index) => `d${index}.example`);
    keep(store, ...domains.flatMap((domain) => [on('2026-09-07', { domain }), on('2026-09-08', { domain })]));
    prune(store, { countsSince: '2026-09-08' });
    expect(store.counts('day', EVER).map(({ label }) => label)).toEqual(['2026-09-08']);
    expect([...new Set(store.counts('mx', EVER).map(({ failed }) => failed))]).toEqual([60]);
    expect(store.reach(EVER).reports).toBe(30);
  });
});

describe('where there are more than one slice has', () => {
  test('all go that are to go, and no others', () => {
    const store = open();
    const reports = Array.from({ length: 1_300 }, (_, index) =>
      on(index < 1_200 ? '2026-09-07' : '2026-09-08', { reportId: `r${index}`, domain: `d${index % 700}.example` }),
    );
    keep(store, ...reports);
    expect(store.prune({ ...ALL, wholeSince: '2026-09-08' })).toBe(true);
    prune(store, { wholeSince: '2026-09-08' });
    expect(store.reports(EVER, 2_000).filter(({ id }) => store.report(id)?.policies.length === 0)).toHaveLength(1_200);
    prune(store, { wholeSince: '2026-09-08', countsSince: '2026-09-08' });
    expect(store.reach(EVER).reports).toBe(100);
    expect(store.counts('day', EVER).map(({ label }) => label)).toEqual(['2026-09-08']);
  });
});

test('counts of many domains go in slices that end between two domains', () => {
  const store = open();
  const domains = Array.from({ length: 5_600 }, (_, index) => `d${index}.example`);
  keep(store, ...domains.map((domain) => on('2026-09-07', { domain, policies: keptReport().policies })));
  prune(store, { countsSince: '2026-09-08' });
  expect([store.totals(EVER), store.counts('mx', EVER), store.reach(EVER).reports]).toEqual([[], [], 0]);
});

test('a state that is too large loses whole reports, the oldest day first, until it is not', () => {
  const store = open();
  const strings = [`version: STSv1 ${'x'.repeat(20_000)}`];
  const [policy] = keptReport().policies;
  if (policy === undefined) throw new Error('there is a policy');
  const large = (day: string, reportId: string): KeptReport =>
    on(day, { reportId, policies: [{ ...policy, policyStrings: strings, policyType: `t${reportId}` }] });
  const days = ['2026-09-09', '2026-09-07', '2026-09-08'];
  keep(store, ...days.flatMap((day) => Array.from({ length: 20 }, (_, index) => large(day, `${index}`))));
  const totals = store.totals(EVER);
  prune(store, { mostBytes: 1_300_000 });
  const left = store.reports(EVER, 100).filter(({ id }) => store.report(id)?.policies.length !== 0);
  const leftDays = new Set(left.map(({ dateRange }) => dateRange.start.toISOString().slice(0, 10)));
  expect([...leftDays]).toEqual(['2026-09-09', '2026-09-08']);
  expect(store.totals(EVER)).toEqual(totals);
});

test('a state of the fifth schema is read as it is, and brought to this one by the first import', () => {
  const path = join(tempDirectory(), 'stsync.db');
  const before = openReportStore(path);
  keep(before, on('2026-09-07'));
  before.close();
  const db = openDatabase(path);
  db.exec(`DROP INDEX reports_whole_by_day; ALTER TABLE reports DROP COLUMN is_whole; DROP TABLE sender_names; DROP TABLE report_alerts;
    ALTER TABLE reports_set_aside DROP COLUMN way; PRAGMA user_version = 5`);
  db.close();
  const reader = openReportReader(path);
  expect([reader.reports(EVER, 10).length, reader.setAside(10), reader.senderNames(['192.0.2.1']).size]).toEqual([
    1,
    [],
    0,
  ]);
  const store = openReportStore(path);
  onTestFinished(() => store.close());
  expect(keep(store, on('2026-09-07'), on('2026-09-08'))).toEqual(['known', 'new']);
  prune(store, { wholeSince: '2026-09-08' });
  expect(wholeness(store)).toEqual(['2 whole', '1 gone']);
});
