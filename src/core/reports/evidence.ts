/** Floor 0. What proved TLS reports say for and against enforce: how much was seen, and which live MX a sender under enforce would have refused (rule 8). */
import { byCodePoint } from '../names.ts';
import { isProved, type ReportFacts } from './finding-model.ts';
import { isStsFailure } from './result-meaning.ts';
import type { FailureCell, TotalCell } from './tally.ts';

/** Days without a failure, told by those who saw it; or more of them, told by anybody. Then it is over. */
export const CLEAN_DAYS = 3;
const CLEAN_DAYS_OF_OTHERS = 7;

export interface ReportEvidence {
  /** Days with sessions under MTA-STS. */
  readonly days: number;
  /** Sorted. */
  readonly reporters: readonly string[];
  readonly sessions: number;
  /** Trouble that is not over, the most sessions first. */
  readonly failing: readonly FailingHost[];
}

export interface FailingHost {
  /** '' where reports do not say which. */
  readonly host: string;
  /** Sorted, as RFC 8460 §4.3 names them. */
  readonly results: readonly string[];
  readonly reporters: readonly string[];
  readonly sessions: number;
  /** The last day with a failure, `2026-09-07`, UTC. */
  readonly lastDay: string;
}

/** Of the days from `since` on. `liveMx` null: it is not known, so every host counts. */
export function reportEvidence(facts: ReportFacts, since: string, liveMx: readonly string[] | null): ReportEvidence {
  const isCounted = ({ day, policyType, ...rest }: TotalCell | FailureCell): boolean =>
    isProved(rest) && day >= since && policyType === 'sts';
  const totals = facts.totals.filter((row) => isCounted(row) && row.succeeded + row.failed > 0);
  const failures = facts.failures.filter(
    (row) => isCounted(row) && row.sessions > 0 && isStsFailure(row.result, row.policyType) && isLive(row.mx, liveMx),
  );
  const hosts = [...Map.groupBy(failures, ({ mx }) => mx)].map(([host, rows]) => failingHost(host, rows));
  return {
    days: new Set(totals.map(({ day }) => day)).size,
    reporters: distinct(totals.map(({ reporter }) => reporter)),
    sessions: totals.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0),
    failing: hosts
      .filter((one) => !isOver(one, totals))
      .toSorted((a, b) => b.sessions - a.sessions || byCodePoint(a.host, b.host)),
  };
}

function isLive(host: string, liveMx: readonly string[] | null): boolean {
  return host === '' || liveMx === null || liveMx.includes(host);
}

function failingHost(host: string, rows: readonly FailureCell[]): FailingHost {
  return {
    host,
    results: distinct(rows.map(({ result }) => result)),
    reporters: distinct(rows.map(({ reporter }) => reporter)),
    sessions: rows.reduce((sum, row) => sum + row.sessions, 0),
    lastDay: rows.map(({ day }) => day).reduce((a, b) => (a > b ? a : b)),
  };
}

/** Silence proves nothing: only days count on which sessions went well. */
function isOver({ lastDay, reporters }: FailingHost, totals: readonly TotalCell[]): boolean {
  const later = totals.filter(({ day, succeeded }) => day > lastDay && succeeded > 0);
  const own = later.filter(({ reporter }) => reporters.includes(reporter));
  return daysOf(own) >= CLEAN_DAYS || daysOf(later) >= CLEAN_DAYS_OF_OTHERS;
}

function daysOf(rows: readonly TotalCell[]): number {
  return new Set(rows.map(({ day }) => day)).size;
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted(byCodePoint);
}
