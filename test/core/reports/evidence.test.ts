import { describe, expect, it } from 'vitest';

import { type ReportEvidence, reportEvidence } from '../../../src/core/reports/evidence.ts';
import { factsOf, failed, went } from './facts.ts';

const MX = ['mx1.example.com', 'mx2.example.com'];
const expired = { result: 'certificate-expired', mx: 'mx1.example.com' };
const evidence = (...rows: Parameters<typeof factsOf>[0]): ReportEvidence =>
  reportEvidence(factsOf(rows), '2026-09-01', MX);

function daysOf(reporter: string, from: number, to: number, count = 1): ReturnType<typeof went>[] {
  return Array.from({ length: to - from + 1 }, (_, index) => went(from + index, reporter, count));
}

describe('evidence for enforce', () => {
  it('counts days, reporters and sessions of proved reports under MTA-STS', () => {
    const { days, reporters, sessions } = evidence(
      went(1, 'a.example', 10),
      went(2, 'a.example', 5),
      went(2, 'b.example', 1, { verdict: 'file' }),
      went(3, 'c.example', 100, { verdict: 'https' }),
      went(3, 'd.example', 100, { verdict: 'unsigned' }),
      went(3, 'e.example', 100, { policyType: 'tlsa' }),
    );
    expect({ days, reporters, sessions }).toEqual({ days: 2, reporters: ['a.example', 'b.example'], sessions: 16 });
  });

  it('leaves out what was before the testing time', () => {
    const facts = factsOf([went(1, 'a.example', 10), failed(1, 'a.example', 3, expired)]);
    expect(reportEvidence(facts, '2026-09-02', MX)).toEqual({ days: 0, reporters: [], sessions: 0, failing: [] });
  });

  it.each<readonly [string, Partial<ReturnType<typeof failed>>, boolean]>([
    ['an expired certificate at a live MX', expired, true],
    ['no STARTTLS', { ...expired, result: 'starttls-not-supported' }, true],
    ['an MX that reports do not name', { ...expired, mx: '' }, true],
    ['a host that is not in MX', { ...expired, mx: 'old.example.com' }, false],
    ['a policy that could not be fetched', { ...expired, result: 'sts-policy-fetch-error' }, false],
    ['a result of DANE', { ...expired, result: 'tlsa-invalid' }, false],
    ['a failure under DANE', { ...expired, policyType: 'tlsa' }, false],
    ['a failure that only an unsigned report tells of', { ...expired, verdict: 'unsigned' }, false],
    ['a failure that only HTTPS tells of', { ...expired, verdict: 'https' }, false],
    ['a failure of a report imported by hand', { ...expired, verdict: 'file' }, true],
    ['no session', { ...expired, sessions: 0 }, false],
  ])('%s', (_what, row, isFailing) => {
    expect(evidence(went(5, 'a.example', 9), failed(5, 'a.example', 3, row)).failing.length > 0).toBe(isFailing);
  });

  it('takes every host for live where MX cannot be read', () => {
    const facts = factsOf([failed(5, 'a.example', 3, { ...expired, mx: 'old.example.com' })]);
    expect(reportEvidence(facts, '2026-09-01', null).failing).toHaveLength(1);
  });

  it('joins what failed at one host', () => {
    const rows = [
      failed(5, 'b.example', 3, expired),
      failed(6, 'a.example', 4, { ...expired, result: 'certificate-not-trusted' }),
    ];
    expect(evidence(...rows).failing).toEqual([
      {
        host: 'mx1.example.com',
        results: ['certificate-expired', 'certificate-not-trusted'],
        reporters: ['a.example', 'b.example'],
        sessions: 7,
        lastDay: '2026-09-06',
      },
    ]);
  });

  it.each<readonly [string, readonly ReturnType<typeof went>[], boolean]>([
    ['nobody reported since', [], false],
    ['the one who saw it reported two days since', daysOf('a.example', 6, 7), false],
    ['the one who saw it reported three days since', daysOf('a.example', 6, 8), true],
    [
      'it reported days on which nothing went well',
      daysOf('a.example', 6, 8, 0).map((row) => ({ ...row, failed: 1 })),
      false,
    ],
    ['others reported six days since', daysOf('b.example', 6, 11), false],
    ['others reported seven days since', daysOf('b.example', 6, 12), true],
    [
      'unproved reports came since',
      daysOf('a.example', 6, 20).map((row) => ({ ...row, verdict: 'https' as const })),
      false,
    ],
  ])('a failure where %s', (_what, later, isOver) => {
    const { failing } = evidence(failed(5, 'a.example', 3, expired), ...later);
    expect(failing.length === 0).toBe(isOver);
  });
});
