/**
 * Floor 2. All that needs a library for X.509: the request for a certificate, the certificate of tls-alpn-01, and the identifier for renewals. To
 * be imported when one of them is wanted and not before: the library takes 0.3 s and 22 MB.
 */
// It has to be there before the library is.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does
import 'reflect-metadata';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  type webcrypto,
} from 'node:crypto';

import {
  AuthorityKeyIdentifierExtension,
  Extension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
/** id-pe-acmeIdentifier (RFC 8737 §3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const DAY_MS = 86_400_000;

/** The DER of a PKCS #10 request (RFC 8555 §7.4): the name in the SAN alone; a CN would be one more place to be wrong. */
export async function makeRequest(host: string, keyPem: string): Promise<Uint8Array> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: keysOf(keyPem),
    signingAlgorithm: SIGNING,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
  });
  return new Uint8Array(request.rawData);
}

/** RFC 8737 §3: signed by itself, the one name, and the SHA-256 of the key authorization in a critical extension. */
export async function makeChallengeCertificate(
  host: string,
  keyAuthorization: string,
  keyPem: string,
  now: Date,
): Promise<string> {
  const digest = createHash('sha256').update(keyAuthorization).digest();
  // An OCTET STRING of 32 bytes.
  const identifier = Buffer.concat([Buffer.from([0x04, 0x20]), digest]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // The CA looks at none of the dates; the clock of this machine may be wrong.
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + 7 * DAY_MS),
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    keys: keysOf(keyPem),
    signingAlgorithm: SIGNING,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      new Extension(ACME_IDENTIFIER, true, identifier),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** Of a certificate in DER, the identifier of RFC 9773 §4.1; null where it does not name the key of its issuer. */
export function readCertificateId(der: Uint8Array): string | null {
  const certificate = new X509Certificate(der);
  const { keyId } = certificate.getExtension(AuthorityKeyIdentifierExtension) ?? {};
  return keyId === undefined ? null : `${base64urlOf(keyId)}.${base64urlOf(withSignByte(certificate.serialNumber))}`;
}

/** A positive INTEGER as DER has it: 00 before a first bit that is set (X.690 §8.3). The library leaves it out, and the CA counts it in. */
function withSignByte(hex: string): string {
  return /^[89a-f]/i.test(hex) ? `00${hex}` : hex;
}

function base64urlOf(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64url');
}

function keysOf(pem: string): webcrypto.CryptoKeyPair {
  const privateKey = createPrivateKey(pem);
  return { privateKey: toWebKey(privateKey, 'sign'), publicKey: toWebKey(createPublicKey(privateKey), 'verify') };
}

function toWebKey(key: KeyObject, usage: 'sign' | 'verify'): webcrypto.CryptoKey {
  return key.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [usage]);
}
