/** Floor 2. Whom a TLS peer must be certified by: the public roots, and what `world.caFile` adds. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

import { StsyncError } from '../core/error.ts';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * What every connection of one fetcher or probe shares, made once: parsing the roots takes longer than a handshake. TLS 1.2 or newer
 * (RFC 8461 §3.3, RFC 9325). The public roots are those of this Node (`NODE_EXTRA_CA_CERTS` and `--use-system-ca` count).
 * Throws `CA_FILE_UNREADABLE` when `caFile` cannot be read, holds no certificate in PEM, or a broken one.
 */
export function loadTrust(caFile: string | null): SecureContext {
  const minVersion = 'TLSv1.2';
  if (caFile === null) return createSecureContext({ minVersion });
  return createSecureContext({ minVersion, ca: [...getCACertificates('default'), ...readCertificates(caFile)] });
}

function readCertificates(caFile: string): readonly string[] {
  const blocks = readText(caFile).match(PEM) ?? [];
  if (blocks.length === 0) {
    throw new StsyncError('CA_FILE_UNREADABLE', `${caFile} holds no certificate in PEM form`, {
      hint: 'it begins with -----BEGIN CERTIFICATE-----; convert with `openssl x509 -inform DER -in FILE -out ca.pem`',
      where: caFile,
    });
  }
  for (const [index, block] of blocks.entries()) {
    try {
      void new X509Certificate(block);
    } catch (cause) {
      throw new StsyncError('CA_FILE_UNREADABLE', `certificate ${index + 1} in ${caFile} cannot be read`, {
        hint: 'bring the file again from where it was made',
        where: caFile,
        cause,
      });
    }
  }
  return blocks;
}

function readText(caFile: string): string {
  try {
    return readFileSync(caFile, 'latin1');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new StsyncError('CA_FILE_UNREADABLE', `${caFile} cannot be read (${code})`, {
      hint: 'correct `world.caFile`, or give the user of stsync the rights to read it',
      where: caFile,
      cause,
    });
  }
}
