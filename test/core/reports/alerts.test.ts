/** What people are told of reports: each trouble once, and its end once. */
import { describe, expect, test } from 'vitest';

import { alertChanges, type ToldAlert } from '../../../src/core/reports/alerts.ts';
import type { ReportFinding } from '../../../src/core/reports/finding-model.ts';

const now = new Date('2026-09-15T08:00:00Z');
const finding = (rest: Partial<ReportFinding> = {}): ReportFinding => ({
  code: 'REPORT_MX_CERTIFICATE',
  severity: 'warning',
  message: 'mx1 showed an expired certificate',
  hint: 'renew it',
  confidence: 'high',
  subject: 'certificate-expired mx1 sts',
  isOver: false,
  from: '2026-09-13',
  to: '2026-09-14',
  sessions: 9,
  reporters: ['google.com'],
  rows: [],
  ...rest,
});
const told: ToldAlert = {
  key: 'REPORT_MX_CERTIFICATE certificate-expired mx1 sts',
  message: 'mx1 showed an expired certificate',
  at: new Date('2026-09-14T08:00:00Z'),
};

function newsOf(before: readonly ToldAlert[], ...findings: readonly ReportFinding[]): readonly string[] {
  return alertChanges('example.com', before, findings, now).news.map(({ event, message }) => `${event}: ${message}`);
}

describe('a trouble', () => {
  test('is told once, with its cure', () => {
    const first = alertChanges('example.com', [], [finding()], now);
    expect(first.news).toEqual([
      {
        domain: 'example.com',
        event: 'reported',
        code: 'REPORT_MX_CERTIFICATE',
        message: 'mx1 showed an expired certificate',
        hint: 'renew it',
      },
    ]);
    expect(alertChanges('example.com', first.told, [finding({ sessions: 20, to: '2026-09-15' })], now)).toEqual({
      told: first.told,
      news: [],
    });
  });

  test.each<[string, Partial<ReportFinding>]>([
    ['over', { isOver: true }],
    ['not in the reports any more', { subject: 'other', to: '2026-09-01' }],
  ])('that is %s is told as over, once', (_, rest) => {
    const end = alertChanges('example.com', [told], [finding(rest)], now);
    expect(end.news.map(({ event, message }) => `${event}: ${message}`)).toEqual([`over: ${told.message}`]);
    expect(end.told).toEqual([]);
    expect(newsOf(end.told, finding(rest))).toEqual([]);
  });

  test('that nobody reports on any more stays told', () =>
    expect(newsOf([told], finding({ to: '2026-09-05' }))).toEqual([]));

  test.each<[string, Partial<ReportFinding>]>([
    ['an archive tells of', { to: '2026-09-10' }],
    ['nothing proves', { confidence: 'low' }],
    ['is for information', { severity: 'info' }],
  ])('that %s is not told', (_, rest) => expect(newsOf([], finding(rest))).toEqual([]));

  test('that is silence is told, whatever its severity', () =>
    expect(
      newsOf([], finding({ code: 'REPORTER_SILENT', severity: 'info', from: null, to: null, subject: 'a' })),
    ).toHaveLength(1));
});
