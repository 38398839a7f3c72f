/** Floor 2. The part of the SQLite store that the daemon keeps between its lives: the status of each domain, and when all was last looked at. */
import type { DatabaseSync } from 'node:sqlite';

import type { KnownStatus } from '../core/known-status.ts';
import type { Status } from '../core/plan/model.ts';
import type { Row } from './sqlite.ts';
import { parseInstant, parseWord, StoredTextError, type Words } from './store-json.ts';

const STATUSES: Words<Status> = {
  failed: 'failed',
  held: 'held',
  drift: 'drift',
  waiting: 'waiting',
  changed: 'changed',
  'in sync': 'in sync',
};
const LAST_GOOD_RUN = 'last good run';

/** Throws `StoredTextError` for a row that is none of ours. A state that a dry run opens may be older than these tables: then it is empty. */
export function readDomainStates(db: DatabaseSync): ReadonlyMap<string, KnownStatus> {
  if (!hasTables(db)) return new Map();
  const rows = db.prepare('SELECT domain, status, since, failures FROM domain_state ORDER BY domain').all();
  return new Map(rows.map((row) => [String(row['domain']), readState(row)]));
}

/** The same for the end of the last good run; null: there was none. */
export function readLastGoodRunAt(db: DatabaseSync): Date | null {
  if (!hasTables(db)) return null;
  const row = db.prepare('SELECT value FROM fleet WHERE name = ?').get(LAST_GOOD_RUN);
  return row === undefined ? null : parseInstant(String(row['value']), LAST_GOOD_RUN);
}

/** Within a transaction of the caller's. Over a fleet nearly nothing changes from run to run, so only the difference is written. */
export function writeDomainStates(
  db: DatabaseSync,
  states: ReadonlyMap<string, KnownStatus>,
  lastGoodRunAt: Date | null,
): void {
  const before = readDomainStates(db);
  const forget = db.prepare('DELETE FROM domain_state WHERE domain = ?');
  for (const domain of before.keys()) if (!states.has(domain)) forget.run(domain);
  const save = db.prepare(
    `INSERT INTO domain_state (domain, status, since, failures) VALUES (?, ?, ?, ?) ON CONFLICT (domain)
     DO UPDATE SET status = excluded.status, since = excluded.since, failures = excluded.failures`,
  );
  for (const [domain, state] of states) {
    if (!isSame(before.get(domain), state)) save.run(domain, state.status, state.since.toISOString(), state.failures);
  }
  if (lastGoodRunAt === null) return;
  db.prepare(
    'INSERT INTO fleet (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  ).run(LAST_GOOD_RUN, lastGoodRunAt.toISOString());
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'domain_state'").get() !== undefined;
}

function readState(row: Row): KnownStatus {
  const place = `the status of ${String(row['domain'])}`;
  const failures = Number(row['failures']);
  if (!Number.isSafeInteger(failures) || failures < 0) throw new StoredTextError(`${place} has no count of failures`);
  return {
    status: parseWord(String(row['status']), STATUSES, place),
    since: parseInstant(String(row['since']), place),
    failures,
  };
}

function isSame(before: KnownStatus | undefined, after: KnownStatus): boolean {
  return (
    before !== undefined &&
    before.status === after.status &&
    before.failures === after.failures &&
    before.since.getTime() === after.since.getTime()
  );
}
