/** Floor 0. A burst of failures that several signed reporters tell of: what `stepBack` acts on. */
import { byCodePoint } from '../names.ts';
import type { ReportFacts } from './finding-model.ts';
import { isStsFailure } from './result-meaning.ts';

/** The last days that have reports. */
const DAYS = 3;
const LEAST_REPORTERS = 2;
const LEAST_SESSIONS = 10;
const LEAST_SHARE = 0.05;

export interface ReportBurst {
  readonly days: number;
  /** Sorted; '' where reports do not say. */
  readonly hosts: readonly string[];
  readonly reporters: readonly string[];
  /** How many reporters there are at all. */
  readonly all: number;
  readonly sessions: number;
  /** Of all sessions of these days, at most 1. */
  readonly share: number;
}

/** Of signed reports about days from `since` on; one reporter alone, whatever it tells, makes no burst. `liveMx` null: every host counts. */
export function reportBurst(facts: ReportFacts, since: string, liveMx: readonly string[] | null): ReportBurst | null {
  const signed = facts.totals.filter(
    ({ verdict, policyType, day }) => verdict === 'dkim' && policyType === 'sts' && day >= since,
  );
  const days = [...new Set(signed.map(({ day }) => day))].toSorted().slice(-DAYS);
  const totals = signed.filter(({ day }) => days.includes(day));
  const failures = facts.failures.filter(
    ({ verdict, day, mx, result, policyType, sessions }) =>
      verdict === 'dkim' &&
      days.includes(day) &&
      sessions > 0 &&
      isStsFailure(result, policyType) &&
      (mx === '' || liveMx === null || liveMx.includes(mx)),
  );
  const sessions = failures.reduce((sum, row) => sum + row.sessions, 0);
  const reporters = [...new Set(failures.map(({ reporter }) => reporter))].toSorted(byCodePoint);
  const whole = totals.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0);
  const share = Math.min(1, sessions / Math.max(whole, 1));
  if (reporters.length < LEAST_REPORTERS || sessions < LEAST_SESSIONS || share < LEAST_SHARE) return null;
  const hosts = [...new Set(failures.map(({ mx }) => mx))].toSorted(byCodePoint);
  return { days: days.length, hosts, reporters, all: new Set(totals.map((row) => row.reporter)).size, sessions, share };
}
