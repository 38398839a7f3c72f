/** Floor 2. The schema of the SQLite store: whose a database is, which version it has, and how it comes to the newest. */
import type { DatabaseSync } from 'node:sqlite';

import { StsyncError } from '../core/error.ts';
import { CERTIFICATE_TABLES } from './store-sqlite-certificate-rows.ts';
import { REPORT_TABLES, REPORT_TABLES_6 } from './store-sqlite-report-tables.ts';

/** "stsy": marks a database as ours, beside the version in `user_version`. */
const APPLICATION_ID = 0x73_74_73_79;
const SCHEMA_VERSION = 6;
/** What each version of the schema added: `MIGRATIONS[n]` leads from version n to the next. */
const MIGRATIONS = [
  `
  CREATE TABLE memory (domain TEXT NOT NULL PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE journal (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, domain TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, type TEXT,
    before TEXT, after TEXT, reason TEXT NOT NULL, outcome TEXT NOT NULL, note TEXT, yaml_commit TEXT
  ) STRICT;
  CREATE INDEX journal_by_domain ON journal (domain, number);
  CREATE INDEX journal_not_done ON journal (number) WHERE outcome <> 'done';
`,
  `
  CREATE TABLE domain_state (
    domain TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL, since TEXT NOT NULL, failures INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE fleet (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;
`,
  `
  CREATE TABLE policies (host TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
`,
  CERTIFICATE_TABLES,
  REPORT_TABLES,
  REPORT_TABLES_6,
] as const;

/** Brings an empty or older database to this version. Throws as {@link checkVersion}. */
export function prepareSchema(db: DatabaseSync, path: string): void {
  // Before anything is written: is it ours at all?
  checkVersion(db, path);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  inTransaction(db, () => {
    const version = checkVersion(db, path);
    if (version === SCHEMA_VERSION) return;
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

/** The schema version of a state of ours; 0 for an empty database. Throws `STATE_UNREADABLE` for another's and for a newer one. */
export function checkVersion(db: DatabaseSync, path: string): number {
  const pragma = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
  const version = pragma('user_version');
  if (pragma('application_id') !== APPLICATION_ID) {
    const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
    if (version === 0 && isEmpty) return 0;
    throw notOurs(path);
  }
  if (version > SCHEMA_VERSION) {
    throw new StsyncError(
      'STATE_UNREADABLE',
      `the state ${path} was written by a newer stsync (schema ${version}; this one knows ${SCHEMA_VERSION})`,
      { hint: 'use that stsync, or let "state:" name another file', where: path },
    );
  }
  return version;
}

export function notOurs(path: string): StsyncError {
  return new StsyncError('STATE_UNREADABLE', `the state ${path} is a database of another program`, {
    hint: 'let "state:" name another file',
    where: path,
  });
}

/** All or nothing. Errors of SQLite pass through. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite ends a transaction by itself on some errors (disk full).
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
