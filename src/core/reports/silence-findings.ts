/** Floor 0. Reporters that fell silent. Most report each day while they have mail for a domain, so silence after many days is news. */
import { type ReportFacts, type ReportFinding, isProved } from './finding-model.ts';
import { daysApart, dayWords, reporterName } from './finding-words.ts';

/** Of the days up to a reporter's last report so many count, and so many of them make it a daily one. */
const LOOK_BACK_DAYS = 14;
const DAILY = 10;
/** Whole days without a report: a weekend without mail is none. */
const SILENT_DAYS = 4;

interface Reporter {
  readonly name: string;
  readonly lastDay: string;
  readonly isDaily: boolean;
}

/** `today`: UTC. The reports of a day come on the next one. */
export function silenceFindings({ totals }: ReportFacts, today: string): readonly ReportFinding[] {
  const byReporter = Map.groupBy(totals.filter(isProved), ({ reporter }) => reporter);
  const reporters = [...byReporter].map(([name, rows]) => reporterOf(name, new Set(rows.map(({ day }) => day))));
  const daily = reporters.filter(({ isDaily }) => isDaily);
  const silent = daily.filter(({ lastDay }) => quietDays(lastDay, today) >= SILENT_DAYS);
  if (silent.length === 0) return [];
  const lastDay = reporters.map((one) => one.lastDay).reduce((a, b) => (a > b ? a : b));
  if (quietDays(lastDay, today) >= SILENT_DAYS) return [stopped(lastDay, today, daily)];
  return silent.map((one) => silentFinding(one, today));
}

function reporterOf(name: string, days: ReadonlySet<string>): Reporter {
  const lastDay = [...days].reduce((a, b) => (a > b ? a : b));
  const recent = [...days].filter((day) => daysApart(day, lastDay) < LOOK_BACK_DAYS);
  return { name, lastDay, isDaily: recent.length >= DAILY };
}

function quietDays(lastDay: string, today: string): number {
  return daysApart(lastDay, today) - 1;
}

function silentFinding({ name, lastDay }: Reporter, today: string): ReportFinding {
  const message = `${reporterName(name)} has sent no report for ${quietDays(lastDay, today)} days, although it did daily; its last is about ${dayWords(lastDay)}`;
  const hint =
    'it may have no mail for the domain now, or its reports are refused or set aside: `stsync reports rejected`';
  return { ...about([name]), code: 'REPORTER_SILENT', severity: 'info', message, hint, subject: name };
}

function stopped(lastDay: string, today: string, daily: readonly Reporter[]): ReportFinding {
  const who = daily.length === 1 ? reporterName(daily[0]?.name ?? '') : `${daily.length} reporters`;
  const message = `Nobody has sent a report for ${quietDays(lastDay, today)} days, although ${who} did daily; the last is about ${dayWords(lastDay)}`;
  const hint =
    'look at the _smtp._tls record (`stsync check`), at the mailbox it names, and at `stsync reports rejected`';
  const reporters = daily.map(({ name }) => name);
  return { ...about(reporters), code: 'REPORTS_STOPPED', severity: 'warning', message, hint, subject: '' };
}

function about(
  reporters: readonly string[],
): Omit<ReportFinding, 'code' | 'severity' | 'message' | 'hint' | 'subject'> {
  const confidence = reporters.length > 1 ? 'high' : 'medium';
  return { confidence, isOver: false, from: null, to: null, sessions: 0, reporters, rows: [] };
}
