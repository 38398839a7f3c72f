/** Floor 2. Keys, requests and what the challenges want to see; what takes time to load is loaded when it is used. */
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';

/** PEM texts, as `createSecureContext` takes them. */
export interface CertificatePair {
  readonly key: string;
  readonly cert: string;
}

/** A new P-256 key, PKCS #8 in PEM: for accounts and for certificates. */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/** The request to `finalize` an order of `host` (A-labels) with, DER. The key has to be in the store before: without it the certificate is lost. */
export async function makeCsr(host: string, keyPem: string): Promise<Uint8Array> {
  const { makeRequest } = await import('./x509.ts');
  return makeRequest(host, keyPem);
}

/** What a listener shows for `host` to who asks for the protocol `acme-tls/1`, with a key of its own (RFC 8737 §3). */
export async function tlsAlpnCertificate(host: string, keyAuthorization: string): Promise<CertificatePair> {
  const { makeChallengeCertificate } = await import('./x509.ts');
  const key = makeKey();
  return { key, cert: await makeChallengeCertificate(host, keyAuthorization, key, new Date()) };
}

/** The TXT value at `_acme-challenge.HOST` (RFC 8555 §8.4). */
export function dnsValue(keyAuthorization: string): string {
  return createHash('sha256').update(keyAuthorization).digest('base64url');
}

/**
 * What a CA calls a certificate (RFC 9773 §4.1): the key identifier of its issuer and its serial number, with a leading 00 where there is one,
 * base64url. `aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE`. Of a chain the first counts. Null: it has no such identifier, or is no certificate.
 */
export async function certificateId(certificatePem: string): Promise<string | null> {
  const { readCertificateId } = await import('./x509.ts');
  try {
    return readCertificateId(new X509Certificate(certificatePem).raw);
  } catch {
    return null;
  }
}
