/**
 * Floor 2. The certificates in the state, for the TLS of the policy host. Each handshake asks the state whether the certificate in memory is still
 * the one there (5 us beside 650 us of cryptography), so that a renewed one is in use at once, whoever got it.
 */
import { createSecureContext, type SecureContext } from 'node:tls';

import { StsyncError } from '../core/error.ts';
import { CIPHERS, type CertificateSource } from './certificate-directory.ts';
import { stateError } from './sqlite.ts';
import { type PairQuery, preparePairQuery } from './store-sqlite-certificate-rows.ts';
import { followState } from './store-sqlite-follow.ts';
import { lookOnce } from './store-sqlite.ts';

export interface StoredCertificatesOptions {
  readonly path: string;
  /** `CERTIFICATE_UNUSABLE` once for each certificate, `STATE_UNREADABLE` once until it can be read again. */
  readonly onTrouble: (error: StsyncError) => void;
  /** Contexts in memory: 40 KB each outside the heap of JavaScript, measured, and 0.3 ms to make one. */
  readonly cached?: number;
}

export interface StoredCertificates extends CertificateSource {
  close(): void;
}

const CACHED = 2_000;

interface Entry {
  readonly stamp: string;
  /** Null: that certificate is of no use, as was told, and there was none before. */
  readonly context: SecureContext | null;
}

/** Where the state cannot be read, what is in memory stays in use. */
export function storedCertificates({
  path,
  onTrouble,
  cached = CACHED,
}: StoredCertificatesOptions): StoredCertificates {
  const state = followState(path, preparePairQuery);
  const entries = new Map<string, Entry>();
  let told: string | null = null;
  const put = (host: string, entry: Entry): SecureContext | null => {
    entries.delete(host);
    entries.set(host, entry);
    // The look for the oldest goes over the places of all that were taken out before.
    const [oldest] = entries.size > cached ? entries.keys() : [];
    if (oldest !== undefined) entries.delete(oldest);
    return entry.context;
  };
  const find = (host: string, query: PairQuery): SecureContext | null => {
    const known = entries.get(host);
    const stamp = query.stamp(host);
    if (stamp !== null && stamp === known?.stamp) return put(host, known);
    const pair = stamp === null ? null : query.pair(host);
    if (pair === null) {
      entries.delete(host);
      return null;
    }
    try {
      const context = createSecureContext({
        cert: pair.chainPem,
        key: pair.keyPem,
        ciphers: CIPHERS,
        minVersion: 'TLSv1.2',
      });
      return put(host, { stamp: pair.stamp, context });
    } catch (error) {
      const context = known?.context ?? null;
      onTrouble(unusable(host, error, context !== null));
      return put(host, { stamp: pair.stamp, context });
    }
  };
  // Where SQLite cannot make its side files (disk full, read-only): slower, and as right.
  const findSlowly = (host: string): SecureContext | null =>
    lookOnce(path, (db) => {
      const query = preparePairQuery(db);
      return query === null ? null : find(host, query);
    });
  const kept = (host: string): SecureContext | null => entries.get(host)?.context ?? null;
  const troubled = (thrown: unknown): void => {
    const error = stateError(thrown, path, 'read');
    const trouble =
      error instanceof StsyncError
        ? error
        : new StsyncError('STATE_UNREADABLE', `the state ${path} cannot be read`, { where: path, cause: error });
    if (told !== trouble.message) onTrouble(trouble);
    told = trouble.message;
  };
  return {
    context: (name) => {
      const host = name.toLowerCase();
      try {
        const found = state.query();
        const context =
          found.kind === 'query' ? find(host, found.query) : found.kind === 'none' ? findSlowly(host) : kept(host);
        told = null;
        return context;
      } catch (error) {
        state.close();
        troubled(error);
        return kept(host);
      }
    },
    close: () => state.close(),
  };
}

function unusable(host: string, error: unknown, isOldInUse: boolean): StsyncError {
  const reason = error instanceof Error ? error.message : String(error);
  const what = isOldInUse ? 'the one before it stays in use' : 'senders cannot fetch its policy';
  return new StsyncError(
    'CERTIFICATE_UNUSABLE',
    `the certificate of ${host} in the state cannot be used: ${reason}; ${what}`,
    {
      hint: 'put a backup of the state in its place; or take the row of this host out of it, and another one is ordered',
      where: host,
      cause: error,
    },
  );
}
