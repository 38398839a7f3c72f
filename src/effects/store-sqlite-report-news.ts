/** Floor 2. What reports came into the SQLite state since one looked last, in numbers: for metrics, whichever process took them in. */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { lookOnce } from './store-sqlite.ts';

export interface ReportNews {
  /** The number of the newest report there ever was; the next look begins behind it. */
  readonly until: number;
  readonly reports: readonly { readonly verdict: string; readonly count: number }[];
  readonly sessions: readonly {
    readonly domain: string;
    readonly policyType: string;
    readonly succeeded: number;
    readonly failed: number;
  }[];
  readonly failures: readonly { readonly result: string; readonly sessions: number }[];
  /** When the newest report came; null: there is none. */
  readonly newestAt: Date | null;
  /** What is set aside now. */
  readonly rejected: number;
  readonly quarantined: number;
}

const NONE: ReportNews = {
  until: 0,
  reports: [],
  sessions: [],
  failures: [],
  newestAt: null,
  rejected: 0,
  quarantined: 0,
};

/**
 * `after` null: only where it begins, and what is set aside. A state that was replaced begins anew. Throws `STATE_UNREADABLE`, and `LOCKED` (retryable) when it changed meanwhile.
 */
export function readReportNews(path: string, after: number | null): ReportNews {
  const isThere = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
  return (isThere ? lookOnce(path, (db) => newsOf(db, after)) : null) ?? NONE;
}

function newsOf(db: DatabaseSync, after: number | null): ReportNews {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'reports_set_aside'").get() === undefined) return NONE;
  const until = Number(db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'reports'").get()?.['seq'] ?? 0);
  const from = after === null || after > until ? until : after;
  const newest = db.prepare('SELECT received_at FROM reports ORDER BY id DESC LIMIT 1').get()?.['received_at'];
  const states = db.prepare('SELECT state, count(*) AS count FROM reports_set_aside GROUP BY state').all();
  const aside = (state: string): number => Number(states.find((row) => row['state'] === state)?.['count'] ?? 0);
  const rows = (sql: string) => (from === until ? [] : db.prepare(sql).all(from, until));
  return {
    until,
    reports: rows('SELECT verdict, count(*) AS count FROM reports WHERE id > ? AND id <= ? GROUP BY verdict').map(
      (row) => ({ verdict: String(row['verdict']), count: Number(row['count']) }),
    ),
    sessions: rows(
      `SELECT domain, type, total(succeeded) AS succeeded, total(failed) AS failed FROM report_policies
       JOIN reports ON reports.id = report WHERE report > ? AND report <= ? GROUP BY domain, type`,
    ).map((row) => ({
      domain: String(row['domain']),
      policyType: String(row['type']),
      succeeded: Number(row['succeeded']),
      failed: Number(row['failed']),
    })),
    failures: rows(
      'SELECT result, total(sessions) AS sessions FROM report_details WHERE report > ? AND report <= ? GROUP BY result',
    ).map((row) => ({ result: String(row['result']), sessions: Number(row['sessions']) })),
    newestAt: typeof newest === 'string' ? new Date(newest) : null,
    rejected: aside('rejected'),
    quarantined: aside('quarantined'),
  };
}
