/** Floor 2. The part of the SQLite store with the names of senders' addresses. Errors of SQLite pass through. */
import type { DatabaseSync } from 'node:sqlite';

import type { SenderName } from '../core/reports/sender.ts';
import type { SenderNameStore } from './report-store.ts';

/** A state older than the table has no names. */
export function readSenderNames(db: DatabaseSync, addresses: readonly string[]): ReadonlyMap<string, SenderName> {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sender_names'").get() === undefined) return new Map();
  const select = db.prepare('SELECT name, is_confirmed FROM sender_names WHERE address = ?');
  return new Map(
    addresses.flatMap((address): [string, SenderName][] => {
      const row = select.get(address);
      if (row === undefined) return [];
      const { name } = row;
      return [[address, { name: typeof name === 'string' ? name : null, isConfirmed: row['is_confirmed'] === 1 }]];
    }),
  );
}

/** `saveNames` within a transaction of the caller's. */
export function prepareSenderNames(db: DatabaseSync): SenderNameStore {
  const unnamed = db.prepare(
    `SELECT DISTINCT source FROM report_failures LEFT JOIN sender_names ON address = source
     WHERE day >= ? AND source <> '' AND coalesce(looked_at, '') < ? LIMIT ?`,
  );
  const save = db.prepare('INSERT OR REPLACE INTO sender_names VALUES (?, ?, ?, ?)');
  return {
    unnamed: (since, askedBefore, limit) =>
      unnamed.all(since, askedBefore.toISOString(), limit).map((row) => String(row['source'])),
    saveNames: (names) => {
      for (const { address, name, isConfirmed, lookedAt } of names)
        save.run(address, name, Number(isConfirmed), lookedAt.toISOString());
    },
  };
}
