/**
 * Floor 2. Certificates of the operator in a directory, for the TLS of the policy host. For `mta-sts.example.com` it takes
 * `mta-sts.example.com/fullchain.pem` with `privkey.pem` (as certbot has them), or `mta-sts.example.com.pem` with `.key`.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';

import { StsyncError } from '../core/error.ts';
import { parseHostName } from '../core/names.ts';

/**
 * RFC 9325 section 4.2: ephemeral keys and AEAD only. A context has to have them too: OpenSSL takes the list of the context that SNI chose.
 */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

export interface CertificateSource {
  /** Of a name as a client sent it; null: there is none, and the handshake has to fail. */
  context(name: string): SecureContext | null;
}

export interface DirectoryOptions {
  /** Looked through in this order, anew for each handshake: a certificate belongs to whoever comes first. */
  readonly directories: () => readonly string[];
  /** `CERTIFICATE_UNUSABLE`, once for each state of the files. */
  readonly onTrouble: (error: StsyncError) => void;
  /** Contexts in memory: 40 KB each outside the heap of JavaScript, measured, and 0.3 ms to make one. */
  readonly cached?: number;
}

const CACHED = 2_000;

interface Pair {
  readonly certificate: string;
  readonly key: string;
  /** Changes with either file. */
  readonly stamp: string;
}

interface Entry {
  readonly stamp: string;
  /** Null: the files are of no use, as was told. */
  readonly context: SecureContext | null;
}

/**
 * The files are looked at with each handshake (two `stat` of 2 us beside 650 us of cryptography), so a renewed certificate is in use at
 * once. Files that do not fit, or are gone, leave the certificate in use that was there: a renewal replaces them one after the other.
 */
export function certificateDirectory({ directories, onTrouble, cached = CACHED }: DirectoryOptions): CertificateSource {
  const entries = new Map<string, Entry>();
  let toldOfLooking: string | null = null;
  const put = (host: string, entry: Entry): SecureContext | null => {
    entries.delete(host);
    entries.set(host, entry);
    const [oldest] = entries.keys();
    if (entries.size > cached && oldest !== undefined) entries.delete(oldest);
    return entry.context;
  };
  return {
    context: (name) => {
      const host = parseHostName(name);
      // It becomes a path, so only the form that parsers give is taken.
      if (!host.ok || host.value !== name.toLowerCase()) return null;
      const known = entries.get(host.value);
      const keep = (stamp: string): SecureContext | null => put(host.value, { stamp, context: known?.context ?? null });
      try {
        const pair = findPair(directories(), host.value);
        toldOfLooking = null;
        if (pair === null) return known === undefined ? null : keep(known.stamp);
        if (pair.stamp === known?.stamp) return put(host.value, known);
        try {
          return put(host.value, { stamp: pair.stamp, context: loadContext(host.value, pair) });
        } catch (error) {
          onTrouble(unusable(host.value, pair.certificate, error, known?.context != null));
          return keep(pair.stamp);
        }
      } catch (error) {
        // Of the directory, for whatever name anybody asks: told once, and nothing is kept of it.
        const code = error instanceof Error && 'code' in error ? String(error.code) : reasonOf(error);
        if (toldOfLooking !== code)
          onTrouble(unusable(host.value, directories()[0] ?? '', error, known?.context != null));
        toldOfLooking = code;
        return known?.context ?? null;
      }
    },
  };
}

/** Throws errors of node:fs where it cannot be looked. */
function findPair(directories: readonly string[], host: string): Pair | null {
  for (const directory of directories) {
    for (const [certificate, key] of [
      [join(directory, host, 'fullchain.pem'), join(directory, host, 'privkey.pem')],
      [join(directory, `${host}.pem`), join(directory, `${host}.key`)],
    ] as const) {
      const stamps = [certificate, key].map(stampOf);
      if (!stamps.includes(null)) return { certificate, key, stamp: `${certificate} ${stamps.join(' ')}` };
    }
  }
  return null;
}

function stampOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.ino}:${found.size}:${found.mtimeMs}`;
}

function loadContext(host: string, { certificate, key }: Pair): SecureContext {
  const [cert, privateKey] = [readFileSync(certificate), readFileSync(key)];
  const leaf = new X509Certificate(cert);
  // RFC 8461 §3.3: the DNS-ID of the SAN; a CN is not read. No certificate is better than a wrong one: senders say it more clearly.
  if (leaf.checkHost(host, { subject: 'never' }) === undefined) throw new Error(`it is not for ${host}`);
  return createSecureContext({ cert, key: privateKey, ciphers: CIPHERS, minVersion: 'TLSv1.2' });
}

function unusable(host: string, where: string, error: unknown, isOldInUse: boolean): StsyncError {
  const what = isOldInUse ? 'the one before it stays in use' : 'senders cannot fetch its policy';
  return new StsyncError(
    'CERTIFICATE_UNUSABLE',
    `the certificate of ${host} cannot be used: ${reasonOf(error)}; ${what}`,
    {
      hint: 'put there the chain (leaf first) and its key, both PEM, readable for the user of stsync',
      where,
      cause: error,
    },
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
