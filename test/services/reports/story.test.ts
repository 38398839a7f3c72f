/**
 * Fourteen days of one domain as its senders report them, taken in in any order, and what stsync concludes: Google, Microsoft, a small sender and one that
 * writes by HTTPS what nobody else sees.
 */
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { bodyHash } from '../../../src/core/id.ts';
import type { HistoryEntry } from '../../../src/core/memory.ts';
import type { Observation } from '../../../src/core/plan/observation.ts';
import { offerFindings } from '../../../src/core/plan/offers.ts';
import { formatPolicy, type StsPolicy } from '../../../src/core/policy.ts';
import type { KeptReport } from '../../../src/core/reports/model.ts';
import type { TlsReportPolicy } from '../../../src/core/tls-report/model.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { findingsOf, type KnownOfDomain } from '../../../src/services/reports/report-findings.ts';
import { failureOf, keptReport, policyOf, signedBy } from '../../core/reports/kept-report.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { Random } from '../../model/random.ts';

const MX1 = 'mx1.example.com';
const MX2 = 'mx2.example.com';
const OLD: StsPolicy = { mode: 'enforce', maxAgeSeconds: 604_800, mx: [MX1] };
const NEW: StsPolicy = { mode: 'enforce', maxAgeSeconds: 604_800, mx: [MX1, MX2] };
const day = (date: number): string => `2026-09-${String(date).padStart(2, '0')}`;

function entry(policy: StsPolicy, id: string, begun: string, to: string | null): HistoryEntry {
  const from = new Date(begun);
  return {
    policy,
    id,
    from,
    to: to === null ? null : new Date(to),
    rotatedAt: from,
    txtTtlSeconds: 300,
    cause: 'change',
    isHeldTesting: false,
  };
}

const history = [
  entry(OLD, '20260801000000aaaaaaaaaaaaaaaa', '2026-08-01T00:00:00Z', '2026-09-02T09:00:00Z'),
  entry(NEW, '20260902090000bbbbbbbbbbbbbbbb', '2026-09-02T09:00:00Z', null),
];

function held(policy: StsPolicy, succeeded: number, failed: TlsReportPolicy['failureDetails'] = []): TlsReportPolicy {
  const totalFailureSessionCount = failed.reduce((sum, one) => sum + one.failedSessionCount, 0);
  const policyStrings = formatPolicy(policy).trimEnd().split('\r\n');
  const counts = { totalSuccessfulSessionCount: succeeded, totalFailureSessionCount };
  return policyOf({ policyStrings, mxHosts: policy.mx, ...counts, failureDetails: failed });
}

function fails(
  resultType: string,
  mx: string | null,
  failedSessionCount: number,
): TlsReportPolicy['failureDetails'][number] {
  return failureOf({ resultType, receivingMxHostname: mx, failedSessionCount });
}

function at(date: number, rest: Partial<KeptReport>): Partial<KeptReport> {
  const start = new Date(`${day(date)}T00:00:00Z`);
  return { reportId: `r-${date}`, dateRange: { start, end: new Date(start.getTime() + 86_399_000) }, ...rest };
}

function google(date: number, ...policies: readonly TlsReportPolicy[]): KeptReport {
  return signedBy('google.com', at(date, { contactInfo: 'smtp-tls-reporting@google.com', policies }));
}

function microsoft(date: number, ...policies: readonly TlsReportPolicy[]): KeptReport {
  return signedBy('microsoft.com', at(date, { contactInfo: 'tlsrpt-noreply@microsoft.com', policies }));
}

function small(date: number, ...policies: readonly TlsReportPolicy[]): KeptReport {
  return signedBy('sender.example', at(date, { policies }));
}

const days = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const reports: readonly KeptReport[] = [
  // Google: every day. mx2's certificate ended on the 5th and was renewed on the 8th; the policy host was down for it on the 10th.
  ...days(1, 14).map((date) => {
    const expired = date >= 5 && date <= 7 ? [fails('certificate-expired', MX2, 20)] : [];
    const fetch = date === 10 ? [fails('sts-policy-fetch-error', null, 7)] : [];
    return google(date, held(date <= 2 ? OLD : NEW, 100, [...expired, ...fetch]));
  }),
  // Microsoft: saw it as well, holds the old policy to the 9th, and once went to a host that the policy it held does not name.
  ...days(1, 14).map((date) => {
    const expired = date >= 5 && date <= 7 ? [fails('certificate-expired', MX2, 5)] : [];
    const stray = date === 14 ? [fails('validation-failure', 'mx3.example.com', 3)] : [];
    return microsoft(date, held(date <= 12 ? OLD : NEW, 50, [...expired, ...stray]));
  }),
  // The small one: saw it on one day, and has been silent since the 9th.
  ...days(1, 9).map((date) => small(date, held(NEW, 4, date === 6 ? [fails('certificate-expired', MX2, 2)] : []))),
  ...days(25, 31).map((date) => {
    const start = new Date(Date.UTC(2026, 7, date));
    const dateRange = { start, end: new Date(start.getTime() + 86_399_000) };
    return signedBy('sender.example', { reportId: `a-${date}`, dateRange, policies: [held(OLD, 4)] });
  }),
  keptReport(
    at(11, {
      verdict: 'https',
      contactInfo: 'x@stranger.example',
      policies: [held(NEW, 0, [fails('certificate-not-trusted', MX1, 9_000)])],
    }),
  ),
];

test.each([1, 2, 3])('a fortnight is told in sentences, in whatever order it came (seed %i)', (seed) => {
  const store = openReportStore(join(tempDirectory(), 'stsync.db'));
  onTestFinished(() => store.close());
  const random = new Random(seed);
  const shuffled = reports.map((report) => ({ report, at: random.next() })).toSorted((a, b) => a.at - b.at);
  for (const { report } of shuffled) store.store([{ kind: 'keep', report, clears: '' }]);
  const known: KnownOfDomain = {
    history,
    plan: { mx: { wanted: [], live: [MX1, MX2], uncovered: [], unused: [] }, findings: [] },
  };
  const found = findingsOf(store, 'example.com', known, { since: day(1), now: new Date('2026-09-15T08:00:00Z') });
  expect(
    found.map(({ severity, code, message, confidence }) => `${severity} ${code} (${confidence}) ${message}`),
  ).toEqual([
    'warning REPORT_OLD_POLICY (medium) Microsoft still held the policy with id 20260801000000aaaaaaaaaaaaaaaa on 12 September ' +
      `(${bodyHash(formatPolicy(OLD))} enforce, max_age 604800, mx mx1.example.com; 50 sessions), which was replaced on 2 September, ` +
      'longer than its max_age allows (9 September)',
    'info REPORTS_CONTRADICT (low) Reports of (stranger.example), which nothing proves, tell of certificate-not-trusted at mx1.example.com ' +
      'on 11 September (9,000 sessions); no proved report of these days does',
    'info REPORT_MX_CERTIFICATE (high) mx2.example.com showed an expired certificate to all 3 reporters from 5 to 7 September (77 sessions); ' +
      'none since 8 September',
    'info REPORT_POLICY_FETCH (medium) Google could not fetch the policy on 10 September (7 sessions); none since 11 September',
    'info REPORT_MX_NOT_IN_POLICY (medium) Microsoft delivered to mx3.example.com, which the policy does not name, on 14 September ' +
      '(3 sessions); it is in MX no more',
    'info REPORTER_SILENT (medium) sender.example has sent no report for 5 days, although it did daily; its last is about 9 September',
  ]);
  expect(found.find(({ code }) => code === 'REPORT_MX_CERTIFICATE')?.rows.map(({ sessions }) => sessions)).toHaveLength(
    7,
  );
  const ends = found.map(
    ({ code, isOver, hint }) => `${code} ${isOver ? 'over' : 'now'} ${hint === null ? 'no hint' : 'hint'}`,
  );
  expect(ends).toContain('REPORT_MX_CERTIFICATE over no hint');
});

test('while it goes on it is an error under enforce, with the cure', () => {
  const store = openReportStore(join(tempDirectory(), 'stsync.db'));
  onTestFinished(() => store.close());
  for (const report of reports.filter(({ dateRange }) => dateRange.start < new Date('2026-09-07T00:00:00Z')))
    store.store([{ kind: 'keep', report, clears: '' }]);
  const [worst] = findingsOf(
    store,
    'example.com',
    { history, plan: null },
    { since: day(1), now: new Date('2026-09-07T08:00:00Z') },
  );
  expect([worst?.severity, worst?.message]).toEqual([
    'error',
    'mx2.example.com showed an expired certificate to all 3 reporters from 5 to 6 September (52 sessions)',
  ]);
  expect(worst?.hint).toContain('renew it');
});

test('all silent is one finding, not one for each', () => {
  const store = openReportStore(join(tempDirectory(), 'stsync.db'));
  onTestFinished(() => store.close());
  for (const report of reports) store.store([{ kind: 'keep', report, clears: '' }]);
  const found = findingsOf(
    store,
    'example.com',
    { history, plan: null },
    { since: day(20), now: new Date('2026-09-22T08:00:00Z') },
  );
  expect(found.map(({ code, message }) => `${code} ${message}`).filter((text) => !text.includes('OLD_POLICY'))).toEqual(
    [
      'REPORTS_STOPPED Nobody has sent a report for 7 days, although 3 reporters did daily; the last is about 14 September',
    ],
  );
});

test.each([
  ['that very host', MX2, '; stsync sees it too'],
  ['a host with a longer name', `a${MX2}`, ''],
])('what a run saw of %s is said of it alone', (_, host, words) => {
  const store = openReportStore(join(tempDirectory(), 'stsync.db'));
  onTestFinished(() => store.close());
  for (const report of reports.filter(({ dateRange }) => dateRange.start < new Date('2026-09-07T00:00:00Z')))
    store.store([{ kind: 'keep', report, clears: '' }]);
  const hidden = { kind: 'unreadable', code: 'DNS_TIMEOUT', message: 'no answer', hint: null } as const;
  const looked: Observation = {
    mx: hidden,
    policy: hidden,
    published: hidden,
    views: [],
    offers: [{ host, verdict: 'bad', reason: 'offers no STARTTLS' }],
    spreading: [],
    delegation: null,
  };
  const seen = offerFindings(looked, true, true);
  const plan = { mx: { wanted: [], live: [MX1, MX2], uncovered: [], unused: [] }, findings: seen };
  const now = new Date('2026-09-07T08:00:00Z');
  const [worst] = findingsOf(store, 'example.com', { history, plan }, { since: day(1), now });
  expect(worst?.message.split('(52 sessions)')[1]).toBe(words);
});
