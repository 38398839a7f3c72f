/**
 * Floor 2. The part of the SQLite store with certificates: its tables, and rows as values. PEMs lie in a table of their own, so that a look at all
 * hosts does not read them.
 */
import type { DatabaseSync } from 'node:sqlite';

import { errorCodes } from '../core/codes.ts';
import type {
  CertificateFacts,
  CertificateRecord,
  CertificateValidity,
  HeldCertificate,
  HeldOrder,
} from '../core/certificates/model.ts';
import type { OrderQueue } from '../core/certificates/order-queue.ts';
import type { Row } from './sqlite.ts';
import { parseInstant, StoredTextError } from './store-json.ts';

/** What the fourth version of the schema added. */
export const CERTIFICATE_TABLES = `
  CREATE TABLE certificates (
    host TEXT NOT NULL PRIMARY KEY, directory TEXT NOT NULL, wanted_since TEXT NOT NULL,
    stamp TEXT, issued_by TEXT, issued_at TEXT, not_before TEXT, not_after TEXT, order_url TEXT, order_started_at TEXT,
    failures INTEGER NOT NULL, next_attempt_at TEXT,
    failure_code TEXT, failure_message TEXT, failure_hint TEXT, failure_at TEXT,
    renew_at TEXT, ask_again_at TEXT, is_suggested INTEGER
  ) STRICT;
  CREATE TABLE certificate_pems (host TEXT NOT NULL PRIMARY KEY, chain TEXT, key TEXT, order_key TEXT) STRICT;
  CREATE TABLE acme_accounts (
    directory TEXT NOT NULL PRIMARY KEY, key TEXT NOT NULL, new_key TEXT, url TEXT
  ) STRICT;
  CREATE TABLE acme_queues (
    directory TEXT NOT NULL PRIMARY KEY, tokens REAL NOT NULL, at TEXT NOT NULL, parked_until TEXT
  ) STRICT;
`;

/** Asks again and again on one connection; gives null for a host of which nothing is kept. Throws `StoredTextError` for a row that is none of ours. */
export function prepareFactsQuery(db: DatabaseSync): (host: string) => CertificateFacts | null {
  // A state that a dry run opens may be older than these tables.
  if (!hasTables(db)) return () => null;
  const select = db.prepare('SELECT * FROM certificates WHERE host = ?');
  return (host) => {
    const row = select.get(host);
    return row === undefined ? null : factsOf(row);
  };
}

/** Of all hosts. Throws `StoredTextError` for a row that is none of ours. */
export function prepareAllFactsQuery(db: DatabaseSync): () => readonly CertificateFacts[] {
  if (!hasTables(db)) return () => [];
  const select = db.prepare('SELECT * FROM certificates ORDER BY host');
  return () => select.all().map(factsOf);
}

/** What is left of the limits of a CA; null: nothing was ordered there. Throws `StoredTextError`. */
export function prepareQueueQuery(db: DatabaseSync): (directoryUrl: string) => OrderQueue | null {
  if (!hasTables(db)) return () => null;
  const select = db.prepare('SELECT tokens, at, parked_until FROM acme_queues WHERE directory = ?');
  return (directoryUrl) => {
    const row = select.get(directoryUrl);
    if (row === undefined) return null;
    const { tokens, parked_until: parkedUntil } = row;
    if (typeof tokens !== 'number' || !Number.isFinite(tokens)) throw new StoredTextError('its tokens are no number');
    return {
      tokens,
      at: parseInstant(String(row['at']), 'its time'),
      parkedUntil: parkedUntil === null ? null : parseInstant(String(parkedUntil), 'its end'),
    };
  };
}

/** What a listener needs: whether its copy is still true, and the certificate. Null: the state is older than these tables. */
export interface PairQuery {
  /** Null: there is no certificate. */
  stamp(host: string): string | null;
  pair(host: string): CertificatePems | null;
}

export interface CertificatePems {
  readonly stamp: string;
  /** Leaf first. */
  readonly chainPem: string;
  readonly keyPem: string;
}

export function preparePairQuery(db: DatabaseSync): PairQuery | null {
  if (!hasTables(db)) return null;
  const stamp = db.prepare('SELECT stamp FROM certificates WHERE host = ?');
  const pair = db.prepare(
    'SELECT host, stamp, chain, key FROM certificates JOIN certificate_pems USING (host) WHERE host = ? AND stamp IS NOT NULL',
  );
  return {
    stamp: (host) => {
      const found = stamp.get(host)?.['stamp'];
      return typeof found === 'string' ? found : null;
    },
    pair: (host) => {
      const row = pair.get(host);
      if (row === undefined) return null;
      return { stamp: text(row, 'stamp'), chainPem: text(row, 'chain'), keyPem: text(row, 'key') };
    },
  };
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'certificates'").get() !== undefined;
}

/** Throws `StoredTextError`. */
export function factsOf(row: Row): CertificateFacts {
  const host = text(row, 'host');
  return {
    host,
    directoryUrl: text(row, 'directory'),
    wantedSince: instant(row, 'wanted_since'),
    certificate: validityOf(row),
    order:
      row['order_url'] === null ? null : { url: text(row, 'order_url'), startedAt: instant(row, 'order_started_at') },
    failures: count(row, 'failures'),
    nextAttemptAt: instantOrNull(row, 'next_attempt_at'),
    lastFailure: failureOf(row),
    renewal:
      row['renew_at'] === null
        ? null
        : {
            renewAt: instant(row, 'renew_at'),
            askAgainAt: instantOrNull(row, 'ask_again_at'),
            isSuggested: row['is_suggested'] === 1,
          },
  };
}

/** Of the two rows of a host. Throws `StoredTextError`, also where a PEM is missing that the first row speaks of. */
export function recordOf(row: Row, pems: Row | undefined): CertificateRecord {
  const facts = factsOf(row);
  const { certificate, order } = facts;
  const pem = (column: string): string => {
    if (pems === undefined) throw new StoredTextError(`${place(row, column)} is missing`);
    return text({ ...pems, host: row['host'] ?? null }, column);
  };
  const held: HeldCertificate | null =
    certificate === null ? null : { ...certificate, chainPem: pem('chain'), keyPem: pem('key') };
  const heldOrder: HeldOrder | null = order === null ? null : { ...order, keyPem: pem('order_key') };
  return { ...facts, certificate: held, order: heldOrder };
}

const COLUMNS = [
  'host',
  'directory',
  'wanted_since',
  'stamp',
  'issued_by',
  'issued_at',
  'not_before',
  'not_after',
  'order_url',
  'order_started_at',
  'failures',
  'next_attempt_at',
  'failure_code',
  'failure_message',
  'failure_hint',
  'failure_at',
  'renew_at',
  'ask_again_at',
  'is_suggested',
] as const;

/** Within a transaction of the caller's. */
export function prepareCertificateWriter(db: DatabaseSync): (record: CertificateRecord) => void {
  const updates = COLUMNS.slice(1).map((one) => `${one} = excluded.${one}`);
  const facts = db.prepare(
    `INSERT INTO certificates (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((one) => `:${one}`).join(', ')})
     ON CONFLICT (host) DO UPDATE SET ${updates.join(', ')}`,
  );
  const pems = db.prepare(
    `INSERT INTO certificate_pems (host, chain, key, order_key) VALUES (?, ?, ?, ?) ON CONFLICT (host)
     DO UPDATE SET chain = excluded.chain, key = excluded.key, order_key = excluded.order_key
     WHERE chain IS NOT excluded.chain OR key IS NOT excluded.key OR order_key IS NOT excluded.order_key`,
  );
  return (record) => {
    const { host, certificate, order } = record;
    facts.run(rowOf(record));
    pems.run(host, certificate?.chainPem ?? null, certificate?.keyPem ?? null, order?.keyPem ?? null);
  };
}

function rowOf(record: CertificateFacts): Record<(typeof COLUMNS)[number], string | number | null> {
  const { certificate, order, lastFailure, renewal } = record;
  return {
    host: record.host,
    directory: record.directoryUrl,
    wanted_since: record.wantedSince.toISOString(),
    stamp: certificate?.stamp ?? null,
    issued_by: certificate?.directoryUrl ?? null,
    issued_at: iso(certificate?.issuedAt),
    not_before: iso(certificate?.notBefore),
    not_after: iso(certificate?.notAfter),
    order_url: order?.url ?? null,
    order_started_at: iso(order?.startedAt),
    failures: record.failures,
    next_attempt_at: iso(record.nextAttemptAt),
    failure_code: lastFailure?.code ?? null,
    failure_message: lastFailure?.message ?? null,
    failure_hint: lastFailure?.hint ?? null,
    failure_at: iso(lastFailure?.at),
    renew_at: iso(renewal?.renewAt),
    ask_again_at: iso(renewal?.askAgainAt),
    is_suggested: renewal === null ? null : Number(renewal.isSuggested),
  };
}

function validityOf(row: Row): CertificateValidity | null {
  if (row['stamp'] === null) return null;
  return {
    stamp: text(row, 'stamp'),
    directoryUrl: text(row, 'issued_by'),
    issuedAt: instant(row, 'issued_at'),
    notBefore: instant(row, 'not_before'),
    notAfter: instant(row, 'not_after'),
  };
}

function failureOf(row: Row): CertificateFacts['lastFailure'] {
  if (row['failure_code'] === null) return null;
  const code = errorCodes.find((one) => one === row['failure_code']);
  if (code === undefined) throw new StoredTextError(`${place(row, 'failure_code')} is no code of ours`);
  return {
    code,
    message: text(row, 'failure_message'),
    hint: row['failure_hint'] === null ? null : text(row, 'failure_hint'),
    at: instant(row, 'failure_at'),
  };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new StoredTextError(`${place(row, column)} is not a text`);
  return value;
}

function count(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new StoredTextError(`${place(row, column)} is no count`);
  return value;
}

function instant(row: Row, column: string): Date {
  return parseInstant(text(row, column), place(row, column));
}

function instantOrNull(row: Row, column: string): Date | null {
  return row[column] === null ? null : instant(row, column);
}

function place(row: Row, column: string): string {
  return `${column} of the certificate of ${String(row['host'])}`;
}

function iso(date: Date | null | undefined): string | null {
  return date?.toISOString() ?? null;
}
