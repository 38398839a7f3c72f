/** Floor 2. The part of the SQLite store with the policies that our own policy host serves. What serves them: `store-sqlite-served.ts`. */
import type { DatabaseSync } from 'node:sqlite';

import { StoredTextError } from './store-json.ts';

/** Asks again and again on one connection; null: the state is older than this table. */
export function preparePolicyQuery(db: DatabaseSync): ((host: string) => string | null) | null {
  if (!hasTable(db)) return null;
  const select = db.prepare('SELECT body FROM policies WHERE host = ?');
  return (host) => textOf(select.get(host)?.['body']);
}

/** Null where nothing was ever published, and in a state of an older schema. */
export function readPolicyBody(db: DatabaseSync, host: string): string | null {
  return preparePolicyQuery(db)?.(host) ?? null;
}

/** Throws errors of SQLite. The same body again writes nothing. */
export function writePolicyBody(db: DatabaseSync, host: string, body: string | null): void {
  // The id goes out after this, and outlives a power cut at its provider; the body has to as well.
  db.exec('PRAGMA synchronous = FULL');
  try {
    if (body === null) db.prepare('DELETE FROM policies WHERE host = ?').run(host);
    else {
      const sql = `INSERT INTO policies (host, body) VALUES (?, ?)
        ON CONFLICT (host) DO UPDATE SET body = excluded.body WHERE body <> excluded.body`;
      db.prepare(sql).run(host, body);
    }
  } finally {
    db.exec('PRAGMA synchronous = NORMAL');
  }
}

function hasTable(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'policies'").get() !== undefined;
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  throw new StoredTextError('a policy is not a text');
}
