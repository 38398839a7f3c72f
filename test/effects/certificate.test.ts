/** Which certificates a sender takes for a name, and what a person reads of the others; and the roots. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { expect, it } from 'vitest';
import { describeWith } from '../servers/programs.ts';

import { StsyncError } from '../../src/core/error.ts';
import { checkCertificate, type CheckedCertificate } from '../../src/effects/certificate.ts';
import { connectTcp, connectTls } from '../../src/effects/net/connection.ts';
import { loadTrust } from '../../src/effects/trust.ts';
import type { Certificate, LeafOptions } from '../support/ca.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { listening } from '../support/tcp-server.ts';
import { tempDirectory } from './temp-directory.ts';

const host = 'mx1.example.test';
const signal = new AbortController().signal;
const authorityHint =
  'get one from a public authority, such as by ACME; one of your own for a test goes into `world.caFile`';
const chainHint =
  'serve the full chain (fullchain.pem) of a public authority; a root of your own for a test goes into `world.caFile`';
const dateHint = 'renew it, let the server load it, and look at the clock of both machines';
const nameHint = `get one whose SAN names ${host}: the server must choose it by SNI, also where a CNAME leads there`;

const ca = sharedCa();

/** What is said of a server that shows `certificate`. */
async function check(certificate: Certificate, caFile: string | null = ca.file): Promise<CheckedCertificate | null> {
  const { port } = await listening(createServer(certificate));
  const tls = await connectTls(await connectTcp('127.0.0.1', port, signal), host, loadTrust(caFile), signal);
  const checked = checkCertificate(tls, host, new Date());
  tls.destroy();
  return checked;
}

function day(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

describeWith(['openssl'], 'checkCertificate', () => {
  it('gives the facts of a good one', async () => {
    const checked = await check(ca.issue({ names: [host, 'mx2.example.test'] }));
    expect(checked?.fault).toBeNull();
    expect(checked?.facts).toMatchObject({
      names: [host, 'mx2.example.test'],
      issuer: 'CN=Test Root',
      isTrusted: true,
    });
    expect(checked?.facts.notAfter.toISOString().slice(0, 10)).toBe(day(20));
    expect(checked?.facts.notBefore.toISOString().slice(0, 10)).toBe(day(-1));
  });

  it.each<[string, LeafOptions]>([
    ['the name beside others', { names: ['www.example.test', host] }],
    ['the name in capitals', { names: ['MX1.Example.TEST'] }],
    ['a wildcard for its left-most label', { names: ['*.example.test'] }],
    ['another CN', { names: [host], commonName: 'somebody else' }],
  ])('takes %s', async (_title, options) => {
    expect((await check(ca.issue(options)))?.fault).toBeNull();
  });

  it.each<[string, LeafOptions, string]>([
    ['another name', { names: ['mx2.example.test'] }, `made for mx2.example.test, not for ${host}`],
    ['a wildcard two labels up', { names: ['*.test'] }, `made for *.test, not for ${host}`],
    ['a wildcard below', { names: ['*.mx1.example.test'] }, `made for *.mx1.example.test, not for ${host}`],
    ['a part of a label', { names: ['mx*.example.test'] }, `made for mx*.example.test, not for ${host}`],
    ['a wildcard inside', { names: ['mx1.*.test'] }, `made for mx1.*.test, not for ${host}`],
    ['the parent domain', { names: ['example.test'] }, `made for example.test, not for ${host}`],
    ['the CN alone', { names: [], commonName: host }, 'it has no DNS name in its SAN'],
    ['the CN beside a SAN', { names: ['a.test'], commonName: host }, `made for a.test, not for ${host}`],
    [
      'many other names',
      { names: ['a.test', 'b.test', 'c.test', 'd.test', 'e.test', 'f.test'] },
      `made for a.test, b.test, c.test, d.test and 2 more, not for ${host}`,
    ],
  ])('does not take %s', async (_title, options, reason) => {
    expect((await check(ca.issue(options)))?.fault).toEqual({ code: 'CERT_NAME', reason, hint: nameHint });
  });

  it('does not take one that has expired', async () => {
    const checked = await check(ca.issue({ names: [host], fromDays: -9, toDays: -2 }));
    expect(checked?.fault).toEqual({ code: 'CERT_EXPIRED', reason: `expired on ${day(-2)}`, hint: dateHint });
    expect(checked?.facts.isTrusted).toBe(false);
  });

  it('does not take one that is not valid yet', async () => {
    const checked = await check(ca.issue({ names: [host], fromDays: 2, toDays: 9 }));
    expect(checked?.fault).toEqual({ code: 'CERT_EXPIRED', reason: `not valid before ${day(2)}`, hint: dateHint });
  });

  it('does not take a self-signed one', async () => {
    const checked = await check(ca.selfSigned(host));
    expect(checked?.fault).toEqual({ code: 'CERT_UNTRUSTED', reason: 'self-signed', hint: authorityHint });
    expect(checked?.facts.isTrusted).toBe(false);
  });

  it('does not take one of an authority that is not known', async () => {
    expect((await check(ca.issue({ names: [host] }), null))?.fault).toEqual({
      code: 'CERT_UNTRUSTED',
      reason: 'no chain to a public root (UNABLE_TO_VERIFY_LEAF_SIGNATURE; issuer CN=Test Root)',
      hint: chainHint,
    });
  });

  it('takes one with its chain, and not without', async () => {
    const { key, cert } = ca.issue({ names: [host], isWithoutChain: true });
    expect((await check({ key, cert: cert + ca.chain }))?.fault).toBeNull();
    expect((await check({ key, cert }))?.fault).toEqual({
      code: 'CERT_UNTRUSTED',
      reason: 'no chain to a public root (UNABLE_TO_VERIFY_LEAF_SIGNATURE; issuer CN=Test Intermediate)',
      hint: chainHint,
    });
  });

  it('says all that is wrong, the date first', async () => {
    const checked = await check(ca.issue({ names: ['old.test'], fromDays: -9, toDays: -2 }));
    const reason = `expired on ${day(-2)}; made for old.test, not for ${host}`;
    expect(checked?.fault).toEqual({ code: 'CERT_EXPIRED', reason, hint: dateHint });
    const snakeoil = await check(ca.selfSigned('localhost'));
    expect(snakeoil?.fault?.reason).toBe(`self-signed; made for localhost, not for ${host}`);
  });

  it('takes no name from an e-mail address or a URI of the SAN', async () => {
    const checked = await check(
      ca.issue({ names: ['a.test', 'b.test,URI:https://mx1.example.test/,email:x@mx1.example.test'] }),
    );
    expect(checked?.facts.names).toEqual(['a.test', 'b.test']);
    expect(checked?.fault?.code).toBe('CERT_NAME');
  });
});

describeWith(['openssl'], 'loadTrust', () => {
  it.each<[string, string, string, string]>([
    ['text', 'hello', 'holds no certificate in PEM form', 'it begins with -----BEGIN CERTIFICATE-----'],
    ['nothing', '', 'holds no certificate in PEM form', 'it begins with'],
    [
      'a broken certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'cannot be read',
      'bring the file again from where it was made',
    ],
  ])('does not take a file with %s', (_title, content, message, hint) => {
    const file = join(tempDirectory(), 'ca.pem');
    writeFileSync(file, content);
    const error = caught(() => loadTrust(file));
    expect(error).toMatchObject({ code: 'CA_FILE_UNREADABLE', where: file });
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });

  it('says that a file is not there', () => {
    expect(caught(() => loadTrust('/nowhere/ca.pem'))).toMatchObject({
      code: 'CA_FILE_UNREADABLE',
      message: '/nowhere/ca.pem cannot be read (ENOENT)',
      hint: 'correct `world.caFile`, or give the user of stsync the rights to read it',
    });
  });

  it('reads several certificates, with text between them', async () => {
    const file = join(tempDirectory(), 'ca.pem');
    writeFileSync(
      file,
      `# theirs\n${ca.selfSigned('other.test').cert}\n# and ours\n${readFileSync(ca.file, 'utf8')}\nend\n`,
    );
    expect((await check(ca.issue({ names: [host] }), file))?.fault).toBeNull();
  });
});

function caught(work: () => unknown): StsyncError {
  try {
    work();
  } catch (error) {
    if (error instanceof StsyncError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
