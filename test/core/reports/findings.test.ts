/** Each rule of the findings by itself: what makes one, what does not, and how it is told. */
import { describe, expect, test } from 'vitest';

import { bodyHash } from '../../../src/core/id.ts';
import type { HistoryEntry } from '../../../src/core/memory.ts';
import { formatPolicy, type StsPolicy } from '../../../src/core/policy.ts';
import type { ReportFinding } from '../../../src/core/reports/finding-model.ts';
import { type FindingContext, reportFindings } from '../../../src/core/reports/report-findings.ts';
import type { FailureCell, TotalCell } from '../../../src/core/reports/tally.ts';
import { factsOf, failed, went } from './facts.ts';

type Rows = readonly (TotalCell | FailureCell)[];

const policy: StsPolicy = { mode: 'enforce', maxAgeSeconds: 604_800, mx: ['mx1.example.com'] };
const body = formatPolicy(policy);
const held = bodyHash(body);

function find(rows: Rows, rest: Partial<FindingContext> = {}, now = '2026-09-10T08:00:00Z'): readonly ReportFinding[] {
  const context: FindingContext = { now: new Date(now), hostNow: () => 'unknown', history: [], ...rest };
  return reportFindings(factsOf(rows, new Map([[held, body]])), context);
}

function codes(rows: Rows, rest: Partial<FindingContext> = {}): readonly string[] {
  return find(rows, rest).map(({ code, severity, isOver }) => `${severity} ${code}${isOver ? ' over' : ''}`);
}

const daily = (reporter: string, last: number, rest: Partial<TotalCell> = {}): Rows =>
  Array.from({ length: 12 }, (_, index) => went(last - index, reporter, 1, rest));

const entry = (one: StsPolicy, id: string, at: string): HistoryEntry => ({
  policy: one,
  id,
  from: new Date(at),
  to: null,
  rotatedAt: new Date(at),
  txtTtlSeconds: 300,
  cause: 'change',
  isHeldTesting: false,
});

const newest = (good: number, bad: number, rest: Partial<TotalCell> = {}): TotalCell =>
  went(8, 'a.example', good, { failed: bad, ...rest });

const by = (reporter: string): string => find([failed(9, reporter, 1)])[0]?.message ?? '';

describe('a failure', () => {
  test.each<readonly [string, Rows, readonly string[]]>([
    ['under enforce is an error', [failed(9, 'a.example', 1, { held })], ['error REPORT_MX_CERTIFICATE']],
    ['under testing is a warning', [failed(9, 'a.example', 1)], ['warning REPORT_MX_CERTIFICATE']],
    ['of no session is none', [failed(9, 'a.example', 0, { held })], []],
    [
      'is over when the one who saw it reported a day without',
      [failed(8, 'a.example', 1), went(9, 'a.example', 5)],
      ['info REPORT_MX_CERTIFICATE over'],
    ],
    [
      'is not over when that day had no session that went well',
      [failed(8, 'a.example', 1), went(9, 'a.example', 0, { failed: 2 })],
      ['warning REPORT_MX_CERTIFICATE'],
    ],
    [
      'is not over when another reporter saw none',
      [failed(8, 'a.example', 1), went(9, 'b.example', 5)],
      ['warning REPORT_MX_CERTIFICATE'],
    ],
    [
      'of the policy is one, whatever host is told beside it',
      [
        failed(8, 'a.example', 1, { result: 'sts-policy-invalid', mx: 'x.example' }),
        failed(9, 'a.example', 1, { result: 'sts-policy-invalid', mx: '' }),
      ],
      ['warning REPORT_POLICY_INVALID'],
    ],
    [
      'at a host that the policy held does not name is that, whatever the result',
      [
        failed(9, 'a.example', 1, { held, mx: 'mx9.example.com', result: 'validation-failure' }),
        failed(9, 'a.example', 1, { held, mx: 'mx9.example.com', result: 'certificate-host-mismatch' }),
      ],
      ['error REPORT_MX_NOT_IN_POLICY'],
    ],
    [
      'of DANE is one for each host, and no error',
      [
        failed(9, 'a.example', 1, { result: 'tlsa-invalid', policyType: 'tlsa' }),
        failed(9, 'b.example', 1, { result: 'tlsa-invalid', policyType: 'tlsa' }),
        failed(9, 'a.example', 1, { result: 'tlsa-invalid', policyType: 'tlsa', mx: 'mx2.example.com' }),
      ],
      ['warning REPORT_DANE', 'warning REPORT_DANE'],
    ],
    [
      'of an unknown type is shown',
      [failed(9, 'a.example', 1, { result: 'made-up' })],
      ['warning REPORT_OTHER_FAILURE'],
    ],
  ])('%s', (_, rows, expected) => expect(codes(rows)).toEqual(expected));

  test('at a host that left MX is over', () =>
    expect(codes([failed(9, 'a.example', 1, { held })], { hostNow: () => 'gone' })).toEqual([
      'info REPORT_MX_CERTIFICATE over',
    ]));

  test.each<readonly [string, Rows, string]>([
    ['several that are signed', [failed(9, 'a.example', 1), failed(9, 'b.example', 1)], 'high'],
    ['one that is signed', [failed(9, 'a.example', 1)], 'medium'],
    ['one by hand', [failed(9, 'a.example', 1, { verdict: 'file' })], 'medium'],
    ['none that is proved', [failed(9, '(a.example)', 1, { verdict: 'https' })], 'low'],
  ])('of %s has its confidence', (_, rows, confidence) => expect(find(rows)[0]?.confidence).toBe(confidence));

  test('names reporters as people know them, in brackets where no signature proves them', () => {
    expect([by('google.com'), by('(google.com)'), by('(a.example)')].map((text) => text.split(' to ')[1])).toEqual([
      'Google on 9 September (1 session)',
      '(Google) on 9 September (1 session)',
      '(a.example) on 9 September (1 session)',
    ]);
  });

  test('has harmless words, whatever reports say', () => {
    const [one] = find([
      failed(9, 'a.example', 1, { mx: `\u001B[31m\u202E${'x'.repeat(500)}\n<b>`, result: 'validation-failure' }),
    ]);
    expect(one?.message).not.toContain('\u001B');
    expect(one?.message).not.toMatch(/[\n\u202E]/);
    expect(one?.message.length).toBeLessThan(300);
  });
});

describe('what nothing proves', () => {
  const unproved = failed(9, '(x.example)', 50, { verdict: 'https', result: 'certificate-not-trusted' });
  test.each<readonly [string, Rows, readonly string[]]>([
    [
      'is shown apart where a proved report of the day tells of none',
      [went(9, 'a.example', 5), unproved],
      ['info REPORTS_CONTRADICT'],
    ],
    [
      'counts where nobody proved reports that day',
      [went(7, 'a.example', 5), unproved],
      ['warning REPORT_MX_CERTIFICATE'],
    ],
    [
      'counts where a proved report tells of the same',
      [went(9, 'a.example', 5), unproved, { ...unproved, verdict: 'dkim', reporter: 'a.example' }],
      ['warning REPORT_MX_CERTIFICATE'],
    ],
    [
      'never moves what is proved there',
      [went(9, 'b.example', 5), { ...unproved, verdict: 'dkim', reporter: 'a.example' }],
      ['warning REPORT_MX_CERTIFICATE'],
    ],
  ])('%s', (_, rows, expected) => expect(codes(rows)).toEqual(expected));
});

describe('silence', () => {
  const at = (day: number, rows: Rows): readonly string[] =>
    find(rows, {}, `2026-09-${day}T08:00:00Z`).map(({ code }) => code);
  test.each<readonly [string, number, Rows, readonly string[]]>([
    [
      'of four days of a daily reporter is told',
      19,
      [...daily('a.example', 14), ...daily('b.example', 18)],
      ['REPORTER_SILENT'],
    ],
    ['of three days is none', 18, [...daily('a.example', 14), ...daily('b.example', 17)], []],
    [
      'of one that never was regular is none',
      25,
      [...daily('b.example', 24), went(2, 'a.example', 1), went(9, 'a.example', 1)],
      [],
    ],
    ['of all is one', 25, [...daily('a.example', 14), ...daily('b.example', 18)], ['REPORTS_STOPPED']],
    [
      'is not broken by what nothing proves',
      25,
      [...daily('a.example', 14), ...daily('(x)', 24, { verdict: 'https' })],
      ['REPORTS_STOPPED'],
    ],
  ])('%s', (_, day, rows, expected) => expect(at(day, rows)).toEqual(expected));
});

describe('a policy that was replaced', () => {
  const next = { ...policy, mx: ['mx2.example.com'] };
  const history = [entry(policy, 'old', '2026-08-01T00:00:00Z'), entry(next, 'new', '2026-09-07T09:00:00Z')];
  test.each<readonly [string, Rows, readonly HistoryEntry[], readonly string[]]>([
    ['is told while senders hold it', [went(8, 'a.example', 1, { held })], history, ['REPORT_OLD_POLICY']],
    ['is not told of the day of the change', [went(7, 'a.example', 1, { held })], history, []],
    ['is not told when nobody delivered under it', [went(8, 'a.example', 0, { held })], history, []],
    [
      'is not told of days long before the newest',
      [went(8, 'a.example', 1, { held }), went(12, 'a.example', 1)],
      history,
      [],
    ],
    [
      'that is back is none',
      [went(9, 'a.example', 1, { held })],
      [...history, entry(policy, 'back', '2026-09-08T00:00:00Z')],
      [],
    ],
    ['is not told on the word of nobody', [went(8, '(x)', 1, { held, verdict: 'https' })], history, []],
  ])('%s', (_, rows, past, expected) =>
    expect(find(rows, { history: past }, '2026-09-13T08:00:00Z').map(({ code }) => code)).toEqual(expected),
  );
});

describe('a burst', () => {
  const before = [went(6, 'a.example', 100), went(7, 'a.example', 100)];
  test.each<readonly [string, Rows, boolean]>([
    ['of a fifth of the newest day', [...before, newest(80, 20)], true],
    ['of less than a fifth', [...before, newest(81, 19), newest(3, 1, { held })], false],
    ['of few sessions', [...before, newest(1, 19)], false],
    ['where as much failed before', [...before.map((row) => ({ ...row, failed: 30 })), newest(80, 20)], false],
    ['with nothing before', [newest(80, 20)], false],
    ['that nothing proves', [...before, newest(80, 20, { verdict: 'https' })], false],
    ['under DANE', [...before, newest(80, 20, { policyType: 'tlsa' })], false],
  ])('%s', (_, rows, isBurst) => expect(find(rows).some(({ code }) => code === 'REPORT_BURST')).toBe(isBurst));
});
