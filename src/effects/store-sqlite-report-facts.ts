/** Floor 2. All counts of one domain over some days, out of the SQLite state. Errors of SQLite pass through. */
import type { DatabaseSync } from 'node:sqlite';

import type { ReportFacts } from '../core/reports/finding-model.ts';
import { type Verdict, verdicts } from '../core/reports/model.ts';
import type { CellKey } from '../core/reports/tally.ts';
import type { ReportFilter } from './report-store.ts';
import type { Row } from './sqlite.ts';

/** A domain with more has other troubles; the newest days are what people act on. */
const MOST_ROWS = 20_000;

/** `domain` null gives none: it is about one. */
export function readReportFacts(db: DatabaseSync, { domain, since, until }: ReportFilter): ReportFacts {
  const rows = (table: string): readonly Row[] =>
    domain === null
      ? []
      : db
          .prepare(
            `SELECT * FROM ${table} WHERE domain = ? AND day >= ? AND day <= ? ORDER BY day DESC LIMIT ${MOST_ROWS}`,
          )
          .all(domain, since, until);
  const totals = rows('report_days').map((row) => ({
    ...keyOf(row),
    succeeded: Number(row['succeeded']),
    failed: Number(row['failed']),
  }));
  const failures = rows('report_failures').map((row) => ({
    ...keyOf(row),
    result: String(row['result']),
    source: String(row['source']),
    mx: String(row['mx']),
    sessions: Number(row['sessions']),
  }));
  const text = db.prepare('SELECT text FROM held_policies WHERE hash = ?');
  const held = new Map<string, string>();
  for (const hash of new Set(totals.map((one) => one.held)))
    if (hash !== '') held.set(hash, String(text.get(hash)?.['text'] ?? ''));
  return { domain: domain ?? '', totals, failures, held };
}

function keyOf(row: Row): CellKey {
  return {
    day: String(row['day']),
    domain: String(row['domain']),
    reporter: String(row['reporter']),
    verdict: verdictOf(row['verdict']),
    policyType: String(row['policy_type']),
    held: String(row['held']),
  };
}

/** What cannot be read proves nothing. */
function verdictOf(word: Row[string] | undefined): Verdict {
  return verdicts.find((one) => one === word) ?? 'https';
}
