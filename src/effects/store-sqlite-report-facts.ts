/** Floor 2. All counts of one domain over some days, out of the SQLite state. Errors of SQLite pass through. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';

import type { ReportFacts } from '../core/reports/finding-model.ts';
import { type Verdict, verdicts } from '../core/reports/model.ts';
import type { CellKey } from '../core/reports/tally.ts';
import type { ReportFilter } from './report-store.ts';

/** A domain with more has other troubles; the newest days are what people act on. */
const MOST_ROWS = 20_000;
const KEY = 'day, domain, reporter, verdict, policy_type, held';

/**
 * Prepared once: a run asks for each domain in testing. Rows come as arrays, in half the time of objects. A filter without a domain gives none: facts are
 * about one.
 */
export function prepareReportFacts(db: DatabaseSync): (filter: ReportFilter) => ReportFacts {
  const totalRows = prepareRows(db, 'report_days', 'succeeded, failed');
  const failureRows = prepareRows(db, 'report_failures', 'result, source, mx, sessions');
  const text = db.prepare('SELECT text FROM held_policies WHERE hash = ?');
  return (filter) => {
    const totals = totalRows(filter).map(({ key, rest: [succeeded, failed] }) => ({
      ...key,
      succeeded: Number(succeeded),
      failed: Number(failed),
    }));
    const failures = failureRows(filter).map(({ key, rest: [result, source, mx, sessions] }) => ({
      ...key,
      result: String(result),
      source: String(source),
      mx: String(mx),
      sessions: Number(sessions),
    }));
    const held = new Map<string, string>();
    for (const hash of new Set(totals.map((one) => one.held)))
      if (hash !== '') held.set(hash, String(text.get(hash)?.['text'] ?? ''));
    return { domain: filter.domain ?? '', totals, failures, held };
  };
}

interface KeyedRow {
  readonly key: CellKey;
  /** What stands behind the key. */
  readonly rest: readonly SQLOutputValue[];
}

function prepareRows(db: DatabaseSync, table: string, columns: string): (filter: ReportFilter) => readonly KeyedRow[] {
  const select = db.prepare(
    `SELECT ${KEY}, ${columns} FROM ${table} WHERE domain = ? AND day >= ? AND day <= ? ORDER BY day DESC LIMIT ${MOST_ROWS}`,
  );
  select.setReturnArrays(true);
  return ({ domain, since, until }) =>
    domain === null ? [] : select.all(domain, since, until).map((row) => keyed(Object.values(row)));
}

function keyed([day, domain, reporter, verdict, policyType, held, ...rest]: readonly SQLOutputValue[]): KeyedRow {
  const key = {
    day: String(day),
    domain: String(domain),
    reporter: String(reporter),
    verdict: verdictOf(verdict),
    policyType: String(policyType),
    held: String(held),
  };
  return { key, rest };
}

/** What cannot be read proves nothing. */
function verdictOf(word: SQLOutputValue | undefined): Verdict {
  return verdicts.find((one) => one === word) ?? 'https';
}
