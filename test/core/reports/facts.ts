/** Counts of reports about example.com in September 2026, one line each. */
import type { ReportFacts } from '../../../src/core/reports/finding-model.ts';
import type { FailureCell, TotalCell } from '../../../src/core/reports/tally.ts';

const key = { domain: 'example.com', verdict: 'dkim', policyType: 'sts', held: '' } as const;

export function went(day: number, reporter: string, succeeded: number, rest: Partial<TotalCell> = {}): TotalCell {
  return { ...key, day: dayText(day), reporter, succeeded, failed: 0, ...rest };
}

export function failed(day: number, reporter: string, sessions: number, rest: Partial<FailureCell> = {}): FailureCell {
  const where = { result: 'certificate-expired', source: '192.0.2.1', mx: 'mx1.example.com' };
  return { ...key, ...where, day: dayText(day), reporter, sessions, ...rest };
}

export function factsOf(
  rows: readonly (TotalCell | FailureCell)[],
  held: ReportFacts['held'] = new Map(),
): ReportFacts {
  return {
    domain: 'example.com',
    totals: rows.flatMap((row) => ('succeeded' in row ? [row] : [])),
    failures: rows.flatMap((row) => ('sessions' in row ? [row] : [])),
    held,
  };
}

function dayText(day: number): string {
  return `2026-09-${String(day).padStart(2, '0')}`;
}
