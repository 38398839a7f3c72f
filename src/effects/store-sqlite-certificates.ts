/**
 * Floor 2. The certificates in the SQLite state, by a connection of their own that lives as long as the daemon: the worker writes while a run has
 * the other one. Nobody waits long for a writer here, since all of the daemon would.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import type { CertificateFacts, CertificateGlance } from '../core/certificates/model.ts';
import { StsyncError } from '../core/error.ts';
import type { CertificateStore } from './certificate-store.ts';
import { openDatabase, type Row, stateError } from './sqlite.ts';
import { factsOf, prepareCertificateWriter, prepareQueueQuery, recordOf } from './store-sqlite-certificate-rows.ts';
import { reading } from './store-sqlite-queries.ts';
import { inTransaction } from './store-sqlite-schema.ts';
import { openStore } from './store-sqlite.ts';

const BUSY_TIMEOUT_MS = 200;

/**
 * Makes the state (mode 0600) where there is none, and brings an older one to this schema. A state that was replaced is followed. Throws as
 * `openStore`. `onTrouble`: `STATE_UNREADABLE` of a row that `list` left out.
 */
export function openCertificateStore(path: string, onTrouble: (error: StsyncError) => void): CertificateStore {
  let connection = connect(path);
  const at = (): Connection => {
    const inode = statSync(path, { throwIfNoEntry: false })?.ino ?? connection.inode;
    if (inode !== connection.inode || !connection.db.isOpen) {
      connection.db.close();
      connection = connect(path);
    }
    return connection;
  };
  const attempt = <T>(doing: 'read' | 'write', work: (statements: Statements, db: DatabaseSync) => T): T => {
    try {
      const { statements, db } = at();
      return work(statements, db);
    } catch (error) {
      throw stateError(error, path, doing);
    }
  };
  const write = (work: (statements: Statements) => void): void =>
    attempt('write', (statements, db) => inTransaction(db, () => work(statements)));
  return {
    read: (host) =>
      attempt('read', ({ facts, pems }) => {
        const row = facts.get(host);
        return row === undefined ? null : reading(path, `what is kept of ${host}`, () => recordOf(row, pems.get(host)));
      }),
    list: () => attempt('read', ({ all }) => all.all().flatMap((row) => readable(row, path, onTrouble))),
    glances: () => attempt('read', ({ glances }) => glances.all().map(glanceAt)),
    save: (records) =>
      attempt('write', ({ save }, db) => {
        // A CA counts orders and certificates, and forgets none that a power cut made us forget.
        db.exec('PRAGMA synchronous = FULL');
        try {
          inTransaction(db, () => records.forEach((record) => save(record)));
        } finally {
          db.exec('PRAGMA synchronous = NORMAL');
        }
      }),
    remove: (host) => write(({ drops }) => drops.forEach((drop) => drop.run(host))),
    account: (directoryUrl) =>
      attempt('read', ({ account }) => {
        const row = account.get(directoryUrl);
        if (row === undefined) return null;
        const { key, new_key: newKey, url } = row;
        return { keyPem: String(key), newKeyPem: textOrNull(newKey), url: textOrNull(url) };
      }),
    saveAccount: (directoryUrl, { keyPem, newKeyPem, url }) =>
      write(({ saveAccount }) => void saveAccount.run(directoryUrl, keyPem, newKeyPem, url)),
    queue: (directoryUrl) =>
      attempt('read', ({ queue }) => reading(path, `the queue of ${directoryUrl}`, () => queue(directoryUrl))),
    saveQueue: (directoryUrl, { tokens, at: time, parkedUntil }) =>
      write(
        ({ saveQueue }) =>
          void saveQueue.run(directoryUrl, tokens, time.toISOString(), parkedUntil?.toISOString() ?? null),
      ),
    close: () => {
      if (connection.db.isOpen) connection.db.close();
    },
  };
}

interface Connection {
  readonly db: DatabaseSync;
  readonly statements: Statements;
  readonly inode: number | null;
}

type Statements = ReturnType<typeof prepare>;

function connect(path: string): Connection {
  // It makes the file, judges what is there, and brings the schema up to date.
  openStore(path).close();
  const inode = statSync(path, { throwIfNoEntry: false })?.ino ?? null;
  const db = openDatabase(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    return { db, statements: prepare(db), inode };
  } catch (error) {
    db.close();
    throw stateError(error, path, 'write');
  }
}

function prepare(db: DatabaseSync) {
  return {
    facts: db.prepare('SELECT * FROM certificates WHERE host = ?'),
    pems: db.prepare('SELECT chain, key, order_key FROM certificate_pems WHERE host = ?'),
    all: db.prepare('SELECT * FROM certificates ORDER BY host'),
    glances: db.prepare('SELECT host, directory, not_after, order_url, failure_code FROM certificates ORDER BY host'),
    save: prepareCertificateWriter(db),
    drops: ['certificates', 'certificate_pems'].map((table) => db.prepare(`DELETE FROM ${table} WHERE host = ?`)),
    account: db.prepare('SELECT key, new_key, url FROM acme_accounts WHERE directory = ?'),
    saveAccount: db.prepare(
      `INSERT INTO acme_accounts (directory, key, new_key, url) VALUES (?, ?, ?, ?) ON CONFLICT (directory)
       DO UPDATE SET key = excluded.key, new_key = excluded.new_key, url = excluded.url`,
    ),
    queue: prepareQueueQuery(db),
    saveQueue: db.prepare(
      `INSERT INTO acme_queues (directory, tokens, at, parked_until) VALUES (?, ?, ?, ?) ON CONFLICT (directory)
       DO UPDATE SET tokens = excluded.tokens, at = excluded.at, parked_until = excluded.parked_until`,
    ),
  };
}

/** One damaged row stops nobody else's certificate. */
function readable(row: Row, path: string, onTrouble: (error: StsyncError) => void): readonly CertificateFacts[] {
  try {
    return [reading(path, `what is kept of ${String(row['host'])}`, () => factsOf(row))];
  } catch (error) {
    if (!(error instanceof StsyncError)) throw error;
    onTrouble(error);
    return [];
  }
}

function glanceAt({
  host,
  directory,
  not_after: notAfter,
  order_url: order,
  failure_code: failure,
}: Row): CertificateGlance {
  const end = typeof notAfter === 'string' ? new Date(notAfter) : null;
  return {
    host: String(host),
    directoryUrl: String(directory),
    notAfter: end === null || Number.isNaN(end.getTime()) ? null : end,
    isOrdered: order !== null,
    hasFailed: failure !== null,
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
