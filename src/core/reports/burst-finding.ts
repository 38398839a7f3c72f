/** Floor 0. A day on which much more failed than in the week before: something broke, whatever it is. */
import { type ReportFacts, type ReportFinding, isProved } from './finding-model.ts';
import { dayWords, reportersWords } from './finding-words.ts';
import { grouped } from './render-text.ts';
import { failureRate } from './summary.ts';

const WEEK = 7;
/** Enough failures, and enough of all sessions, to be no chance; and so few before. */
const LEAST_FAILED = 20;
const LEAST_SHARE = 0.2;
const MOST_BEFORE = 0.05;

interface Sum {
  readonly succeeded: number;
  readonly failed: number;
}

/** Of the newest day with reports and the days with reports before it, under MTA-STS and without a policy; proved reports alone. */
export function burstFinding({ totals }: ReportFacts): readonly ReportFinding[] {
  const proved = totals.filter(isProved).filter(({ policyType }) => policyType !== 'tlsa');
  const days = [...new Set(proved.map(({ day }) => day))].toSorted();
  const newest = days.at(-1);
  const before = days.slice(-1 - WEEK, -1);
  if (newest === undefined || before.length === 0) return [];
  const rows = proved.filter(({ day }) => day === newest);
  const [now, then] = [sum(rows), sum(proved.filter(({ day }) => before.includes(day)))];
  if (now.failed < LEAST_FAILED || shareOf(now) < LEAST_SHARE || shareOf(then) > MOST_BEFORE) return [];
  const reporters = [...new Set(rows.filter(({ failed }) => failed > 0).map(({ reporter }) => reporter))].toSorted();
  const who = reportersWords(reporters, new Set(rows.map(({ reporter }) => reporter)).size);
  const message = `${failureRate(now)} of the sessions of ${dayWords(newest)} failed (${grouped(now.failed)} of ${grouped(now.succeeded + now.failed)}, told by ${who}), after ${failureRate(then)} in the days before`;
  return [
    {
      code: 'REPORT_BURST',
      severity: 'warning',
      message,
      hint: 'the other findings say where; `stsync check` shows what senders meet now',
      confidence: rows.filter(({ verdict, failed }) => verdict === 'dkim' && failed > 0).length > 1 ? 'high' : 'medium',
      subject: '',
      isOver: false,
      from: newest,
      to: newest,
      sessions: now.failed,
      reporters,
      rows: [],
    },
  ];
}

function sum(rows: readonly Sum[]): Sum {
  return {
    succeeded: rows.reduce((all, { succeeded }) => all + succeeded, 0),
    failed: rows.reduce((all, { failed }) => all + failed, 0),
  };
}

function shareOf({ succeeded, failed }: Sum): number {
  return failed === 0 ? 0 : failed / (succeeded + failed);
}
