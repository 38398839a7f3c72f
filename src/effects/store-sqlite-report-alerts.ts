/** Floor 2. The part of the SQLite store with what people were told of reports. Errors of SQLite pass through. */
import type { DatabaseSync } from 'node:sqlite';

import type { ToldAlert } from '../core/reports/alerts.ts';
import { parseInstant } from './store-json.ts';

export interface AlertQueries {
  alertDomains(since: string): readonly string[];
  alerts(domain: string): readonly ToldAlert[];
  saveAlerts(domain: string, told: readonly ToldAlert[]): void;
}

/** `saveAlerts` within a transaction of the caller's. */
export function prepareAlerts(db: DatabaseSync): AlertQueries {
  const domains = db.prepare(
    'SELECT domain FROM report_days WHERE day >= ? UNION SELECT domain FROM report_alerts ORDER BY domain',
  );
  const select = db.prepare('SELECT key, message, at FROM report_alerts WHERE domain = ? ORDER BY key');
  const drop = db.prepare('DELETE FROM report_alerts WHERE domain = ?');
  const insert = db.prepare('INSERT INTO report_alerts VALUES (?, ?, ?, ?)');
  return {
    alertDomains: (since) => domains.all(since).map((row) => String(row['domain'])),
    alerts: (domain) =>
      select.all(domain).map((row) => ({
        key: String(row['key']),
        message: String(row['message']),
        at: parseInstant(String(row['at']), 'at'),
      })),
    saveAlerts: (domain, told) => {
      drop.run(domain);
      for (const { key, message, at } of told) insert.run(domain, key, message, at.toISOString());
    },
  };
}
