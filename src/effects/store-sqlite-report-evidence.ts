/** Floor 2. Reports of one domain for a run: a look that costs next to nothing where there are none. Errors of SQLite pass through. */
import type { DatabaseSync } from 'node:sqlite';

import type { ReportFacts } from '../core/reports/finding-model.ts';
import { prepareReportFacts } from './store-sqlite-report-facts.ts';

const LAST_DAY = '9999-12-31';

/** A state older than the reports has none. Null: no report of the domain since that day. */
export function prepareEvidence(db: DatabaseSync): (domain: string, since: string) => ReportFacts | null {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'report_days'").get() === undefined) return () => null;
  const any = db.prepare('SELECT 1 FROM report_days WHERE domain = ? AND day >= ? LIMIT 1');
  const facts = prepareReportFacts(db);
  return (domain, since) => (any.get(domain, since) === undefined ? null : facts({ domain, since, until: LAST_DAY }));
}
