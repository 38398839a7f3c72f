/**
 * Floor 2. What only the dashboard asks of the SQLite state: pages of journal and reports, and figures of single domains, each found by an index. Errors of
 * SQLite pass through.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { JournalEntry } from '../core/journal.ts';
import type { NumberedReport } from './report-store.ts';
import type { Row } from './sqlite.ts';
import { readEntry } from './store-sqlite-queries.ts';
import { headOf } from './store-sqlite-report-queries.ts';

/** Days are UTC, `2026-09-07`, both inclusive. */
export interface Days {
  readonly since: string;
  readonly until: string;
}

export interface PageOf {
  /** Null: of all domains. */
  readonly domain: string | null;
  /** Only what is numbered below; null: from the newest on. */
  readonly before: number | null;
  readonly limit: number;
}

export interface NumberedEntry extends JournalEntry {
  readonly number: number;
}

export interface SessionsOfDay {
  readonly day: string;
  readonly succeeded: number;
  readonly failed: number;
}

/** Who held a policy: one row a policy, policy type and reporter. */
export interface HeldRow {
  /** Of the policy; '' where the reporter does not say. */
  readonly hash: string;
  readonly policyType: string;
  readonly reporter: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly lastDay: string;
}

export interface DashboardQueries {
  /** Newest first. */
  journalPage(page: PageOf): readonly NumberedEntry[];
  /** As they came, newest first, without policies. */
  reportsPage(page: PageOf): readonly Omit<NumberedReport, 'policies' | 'remarks'>[];
  /** By day, oldest first; days without reports are left out. */
  sessionsByDay(domain: string, days: Days): readonly SessionsOfDay[];
  /** The same in one sum. */
  sessions(domain: string, days: Days): Omit<SessionsOfDay, 'day'>;
  /** When the certificate of this policy host ends; null: there is none by ACME. */
  certificateEnd(host: string): Date | null;
  /** The newest last day first. */
  heldBy(domain: string, days: Days): readonly HeldRow[];
}

const WHERE = 'FROM report_days WHERE domain = ? AND day >= ? AND day <= ?';
/**
 * Senders tell of one session under each policy they looked at: under DANE (`tlsa`), and again under MTA-STS, or under no policy. So of these two the larger
 * counts for each reporter and day, never both.
 */
const EITHER = `SELECT day,
    max(total(iif(policy_type = 'tlsa', 0, succeeded + failed)), total(iif(policy_type = 'tlsa', succeeded + failed, 0))) AS sessions,
    max(total(iif(policy_type = 'tlsa', 0, failed)), total(iif(policy_type = 'tlsa', failed, 0))) AS failed
  ${WHERE} GROUP BY day, reporter`;
const SUMS = 'total(succeeded + failed) AS sessions, total(failed) AS failed';
const SUMS_OF_SUMS = 'total(sessions) AS sessions, total(failed) AS failed';

export function prepareDashboardQueries(db: DatabaseSync): DashboardQueries {
  const has = (table: string): boolean =>
    db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
  const journal = pageQuery(db, 'journal', 'number');
  const certificate = has('certificates') ? db.prepare('SELECT not_after FROM certificates WHERE host = ?') : null;
  const certificateEnd = (host: string): Date | null => {
    const end = certificate?.get(host)?.['not_after'];
    return typeof end === 'string' ? new Date(end) : null;
  };
  const journalPage = (page: PageOf): readonly NumberedEntry[] =>
    journal(page).map((row) => ({ ...readEntry(row), number: Number(row['number']) }));
  if (!has('reports_set_aside')) return { ...noReports, journalPage, certificateEnd };
  const reports = pageQuery(db, 'reports', 'id');
  // Most domains have no DANE, and then plain sums do, in a third of the time.
  const dane = db.prepare(`SELECT 1 ${WHERE} AND policy_type = 'tlsa' LIMIT 1`);
  const byDay = {
    plain: db.prepare(`SELECT day, ${SUMS} ${WHERE} GROUP BY day ORDER BY day`),
    either: db.prepare(`SELECT day, ${SUMS_OF_SUMS} FROM (${EITHER}) GROUP BY day ORDER BY day`),
  };
  const sum = {
    plain: db.prepare(`SELECT ${SUMS} ${WHERE}`),
    either: db.prepare(`SELECT ${SUMS_OF_SUMS} FROM (${EITHER})`),
  };
  const kindOf = (...of: readonly [string, string, string]): 'plain' | 'either' =>
    dane.get(...of) === undefined ? 'plain' : 'either';
  const held = db.prepare(
    `SELECT held, policy_type, reporter, total(succeeded) AS succeeded, total(failed) AS failed, max(day) AS last FROM report_days
     WHERE domain = ? AND day >= ? AND day <= ? GROUP BY held, policy_type, reporter ORDER BY last DESC, succeeded + failed DESC, held, reporter`,
  );
  return {
    journalPage,
    certificateEnd,
    reportsPage: (page) => reports(page).map(headOf),
    sessionsByDay: (domain, { since, until }) =>
      byDay[kindOf(domain, since, until)]
        .all(domain, since, until)
        .map((row) => ({ day: String(row['day']), ...sessionsOf(row) })),
    sessions: (domain, { since, until }) =>
      sessionsOf(sum[kindOf(domain, since, until)].get(domain, since, until) ?? {}),
    heldBy: (domain, { since, until }) =>
      held.all(domain, since, until).map((row) => ({
        hash: String(row['held']),
        policyType: String(row['policy_type']),
        reporter: String(row['reporter']),
        succeeded: Number(row['succeeded']),
        failed: Number(row['failed']),
        lastDay: String(row['last']),
      })),
  };
}

/** Of a state that is older than its reports. */
const noReports: Omit<DashboardQueries, 'journalPage' | 'certificateEnd'> = {
  reportsPage: () => [],
  sessionsByDay: () => [],
  sessions: () => ({ succeeded: 0, failed: 0 }),
  heldBy: () => [],
};

function sessionsOf(row: Row): Omit<SessionsOfDay, 'day'> {
  const failed = Number(row['failed'] ?? 0);
  return { succeeded: Number(row['sessions'] ?? 0) - failed, failed };
}

/** Two statements: with one for both cases SQLite takes no index for the domain. */
function pageQuery(
  db: DatabaseSync,
  table: 'journal' | 'reports',
  number: 'number' | 'id',
): (page: PageOf) => readonly Row[] {
  const order = `${number} < ? ORDER BY ${number} DESC LIMIT ?`;
  const all = db.prepare(`SELECT * FROM ${table} WHERE ${order}`);
  const ofDomain = db.prepare(`SELECT * FROM ${table} WHERE domain = ? AND ${order}`);
  return ({ domain, before, limit }) => {
    const below = before ?? Number.MAX_SAFE_INTEGER;
    return domain === null ? all.all(below, limit) : ofDomain.all(domain, below, limit);
  };
}
