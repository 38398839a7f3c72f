/** What is made for a CA, read by OpenSSL and Node; and the values that RFCs print. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { certificateId, dnsValue, makeCsr, makeKey, tlsAlpnCertificate } from '../../../src/effects/acme/client.ts';
import { retryAfterMs } from '../../../src/effects/acme/retry-after.ts';
import { describeWith } from '../../servers/programs.ts';
import { EXAMPLE, EXAMPLE_ID } from './rfc-9773.ts';
import { HOST, START } from './rig.ts';

function openssl(args: readonly string[], input: Uint8Array | string): string {
  return execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

describeWith(['openssl'], 'a request for a certificate', () => {
  it('is signed by its key, and names the host in the SAN alone', async () => {
    const key = makeKey();
    const csr = await makeCsr(HOST, key);
    const text = openssl(['req', '-inform', 'DER', '-noout', '-verify', '-text', '-pubkey'], csr);
    expect(text).toMatch(/Subject: *\n/);
    expect(text).toMatch(new RegExp(`Subject Alternative Name: *\\n *DNS:${HOST}\\n`));
    expect(text).toContain('ASN1 OID: prime256v1');
    expect(text).toContain('ecdsa-with-SHA256');
    expect(text).toContain(openssl(['pkey', '-pubout'], key));
  });
});

describeWith(['openssl'], 'the certificate of tls-alpn-01', () => {
  it('has the name, and the digest in a critical extension (RFC 8737 §3)', async () => {
    const { key, cert } = await tlsAlpnCertificate(HOST, 'token.thumbprint');
    const certificate = new X509Certificate(cert);
    expect(certificate.subjectAltName).toBe(`DNS:${HOST}`);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    const digest = createHash('sha256').update('token.thumbprint').digest('hex');
    // OID 1.3.6.1.5.5.7.1.31, critical, an OCTET STRING in the OCTET STRING of the extension.
    expect(certificate.raw.toString('hex')).toContain(`06082b0601050507011f0101ff042204 20${digest}`.replace(' ', ''));
    expect(openssl(['x509', '-noout', '-text'], cert)).toContain('1.3.6.1.5.5.7.1.31: critical');
    expect(openssl(['x509', '-noout', '-pubkey'], cert)).toBe(openssl(['pkey', '-pubout'], key));
  });
});

describe('the values of challenges and renewals', () => {
  it('hashes the key authorization for dns-01 (RFC 8555 §8.4)', () => {
    expect(dnsValue('token.thumbprint')).toBe(createHash('sha256').update('token.thumbprint').digest('base64url'));
    expect(dnsValue('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
  });

  it('names a certificate as RFC 9773 §4.1 does, with the leading zero of its serial', async () => {
    expect(await certificateId(EXAMPLE)).toBe(EXAMPLE_ID);
    expect(await certificateId(`${EXAMPLE}${EXAMPLE}`)).toBe(EXAMPLE_ID);
  });

  it.each([
    ['no certificate', 'nothing'],
    ['a broken one', EXAMPLE.replace('MIIB', 'MIIA')],
  ])('has no name for %s', async (_what, pem) => expect(await certificateId(pem)).toBeNull());

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    [new Date(START.getTime() + 5000).toUTCString(), 5000],
    // What is past means now.
    [new Date(START.getTime() - 5000).toUTCString(), 0],
    // The two old forms (RFC 9110 §5.6.7).
    ['Wednesday, 25-Nov-26 12:01:00 GMT', 60_000],
    ['Wed Nov 25 12:01:00 2026 GMT', 60_000],
    ['-5', null],
    ['1e3', null],
    ['99999999999', null],
    ['soon', null],
    ['', null],
    [undefined, null],
  ])('reads Retry-After: %s as %s', (value, ms) => expect(retryAfterMs(value, START)).toBe(ms));
});

describeWith(['openssl'], 'a certificate without an authority key identifier', () => {
  it('has no name for renewals', async () => {
    const { cert } = await tlsAlpnCertificate(HOST, 'token.thumbprint');
    expect(openssl(['x509', '-noout', '-text'], cert)).not.toContain('Authority Key Identifier');
    expect(await certificateId(cert)).toBeNull();
  });
});

it('loads what makes certificates when one is made, and not before', () => {
  const directory = mkdtempSync(join(tmpdir(), 'stsync-acme-'));
  const client = join(import.meta.dirname, '../../../src/effects/acme/client.ts');
  const script = join(directory, 'look.mjs');
  // reflect-metadata, which the library needs, shows in Reflect.
  writeFileSync(
    script,
    `const client = await import(${JSON.stringify(client)});
const key = client.makeKey();
client.dnsValue('x');
const before = 'getMetadata' in Reflect;
await client.makeCsr('mta-sts.example.test', key);
console.log(before, 'getMetadata' in Reflect);`,
  );
  try {
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toBe('false true\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
