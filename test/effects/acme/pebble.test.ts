/** The whole way to a certificate at pebble, a CA that nobody here wrote. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';

import { afterAll, beforeAll, expect, it } from 'vitest';

import {
  type Acme,
  certificateId,
  type ChallengeType,
  makeCsr,
  makeKey,
  openAcme,
} from '../../../src/effects/acme/client.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { loadTrust } from '../../../src/effects/trust.ts';
import { type Pebble, PEBBLE_PROGRAMS, type PebbleOptions, startPebble } from '../../servers/pebble.ts';
import { describeWith } from '../../servers/programs.ts';
import { problemOf } from './rig.ts';
import { type Solver, startSolver } from './solver.ts';

const { signal } = new AbortController();

interface Place {
  readonly pebble: () => Pebble;
  readonly solver: () => Solver;
}

/** One pebble for all tests of a `describe`. */
function place(options: PebbleOptions): Place {
  let [pebble, solver]: [Pebble | null, Solver | null] = [null, null];
  beforeAll(async () => {
    pebble = await startPebble(options);
    solver = await startSolver(pebble);
  });
  afterAll(async () => {
    await solver?.[Symbol.asyncDispose]();
    await pebble?.stop();
  });
  return { pebble: () => there(pebble), solver: () => there(solver) };
}

function there<T>(what: T | null): T {
  if (what === null) throw new Error('pebble does not run');
  return what;
}

function open(pebble: Pebble, more: Partial<Parameters<typeof openAcme>[0]> = {}): Acme {
  return openAcme({
    directoryUrl: pebble.directoryUrl,
    ca: loadTrust(pebble.caFile),
    accountKeyPem: makeKey(),
    contact: ['mailto:ops@example.test'],
    externalAccount: null,
    clock: systemClock,
    signal,
    ...more,
  });
}

/** Gives the chain, its key, and how many challenges were to be answered. */
async function issue(
  acme: Acme,
  { solver }: Place,
  host: string,
  type: ChallengeType,
): Promise<{ key: string; cert: string; answered: number }> {
  const order = await acme.newOrder(host);
  const challenges = (await acme.challenges(order)).filter((one) => one.type === type);
  for (const challenge of challenges) {
    const hide = await solver().show(challenge);
    await acme.answer(challenge);
    await hide();
  }
  const key = makeKey();
  const done = await acme.finalize(await acme.readOrder(order.url), await makeCsr(host, key));
  return { key, cert: await acme.certificate(done), answered: challenges.length };
}

/** What RFC 9773 §4.1 calls it, of what openssl reads. */
function idByOpenssl(cert: string): string {
  const args = ['x509', '-noout', '-serial', '-ext', 'authorityKeyIdentifier'];
  const text = execFileSync('openssl', args, { input: cert, encoding: 'utf8' });
  const serial = /serial=([0-9A-F]+)/.exec(text)?.[1] ?? '';
  const keyId = /(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/.exec(text)?.[0].replaceAll(':', '') ?? '';
  // DER numbers have a sign.
  const der = /^[89A-F]/.test(serial) ? `00${serial}` : serial;
  return [keyId, der].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.');
}

/** The protocol that a client who trusts the root alone agrees on with a server that shows the chain. */
async function handshake(
  host: string,
  pair: { readonly key: string; readonly cert: string },
  root: string,
): Promise<string | null> {
  const server = createServer(pair, (socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect({ host: '127.0.0.1', port, servername: host, ca: root });
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol();
  } finally {
    socket.destroy();
    server.close();
  }
}

describeWith(PEBBLE_PROGRAMS, 'at pebble', () => {
  const here = place({});

  it.each(['http-01', 'dns-01', 'tls-alpn-01'] as const)(
    '%s leads to a certificate that clients accept',
    async (type) => {
      const { pebble, solver } = here;
      const host = `mta-sts.${type}.test`;
      const pair = await issue(open(pebble()), here, host, type);
      expect(pair.answered).toBe(1);
      if (type !== 'dns-01') expect(solver().seen.get(type)).toBeGreaterThan(0);
      expect(await handshake(host, pair, pebble().root)).toBe('TLSv1.3');
      const leaf = new X509Certificate(pair.cert);
      expect(leaf.subjectAltName).toBe(`DNS:${host}`);
      expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
      expect(pair.cert.match(/BEGIN/g)?.length).toBe(2);
      expect(await certificateId(pair.cert)).toBe(idByOpenssl(pair.cert));
    },
  );

  it('says what its directory has', async () => {
    const { profiles, hasRenewalInfo, isExternalAccountRequired, termsOfService } = await open(
      here.pebble(),
    ).directory();
    expect([profiles.size, hasRenewalInfo, isExternalAccountRequired]).toEqual([0, false, false]);
    expect(termsOfService).toMatch(/^data:|^https:/);
  });

  it('has no renewal information, which is null and no fault', async () => {
    const acme = open(here.pebble());
    const { cert } = await issue(acme, here, 'mta-sts.ari.test', 'dns-01');
    expect(await acme.renewalInfo(cert)).toBeNull();
  });

  it('refuses a profile that the CA does not have before it is asked', async () => {
    const problem = await problemOf(open(here.pebble()).newOrder('mta-sts.profile.test', { profile: 'shortlived' }));
    expect([problem.type, problem.scope, problem.code]).toEqual(['invalidProfile', 'account', 'ACME_ACCOUNT']);
  });

  it('finds the account of a key again, and makes one for another key', async () => {
    const accountKeyPem = makeKey();
    const first = await open(here.pebble(), { accountKeyPem }).account();
    expect(await open(here.pebble(), { accountKeyPem, contact: ['mailto:other@example.test'] }).account()).toBe(first);
    expect(await open(here.pebble()).account()).not.toBe(first);
  });

  it('tells why a challenge failed, as a matter of the domain', async () => {
    const acme = open(here.pebble());
    const order = await acme.newOrder('mta-sts.wrong.test');
    const http = (await acme.challenges(order)).find(({ type }) => type === 'http-01');
    if (http === undefined) throw new Error('no http-01');
    const problem = await problemOf(acme.answer(http));
    expect([problem.type, problem.scope, problem.code, problem.retryable]).toEqual([
      'unauthorized',
      'domain',
      'ACME_REFUSED',
      false,
    ]);
    expect(problem.detail).toContain('404');
    // The same again from the order.
    expect((await problemOf(acme.challenges(order))).type).toBe('unauthorized');
    expect((await acme.readOrder(order.url)).status).toBe('invalid');
  });

  it('refuses a name that is none before the CA is asked', async () => {
    const problem = await problemOf(open(here.pebble()).newOrder('mta-sts..test'));
    expect([problem.type, problem.scope]).toEqual(['rejectedIdentifier', 'domain']);
  });

  it('goes on after a crash, by the URL of the order, wherever the crash was', async () => {
    const [accountKeyPem, key, host] = [makeKey(), makeKey(), 'mta-sts.crash.test'];
    const csr = await makeCsr(host, key);
    const born = (): Acme => open(here.pebble(), { accountKeyPem });
    const { url } = await born().newOrder(host);
    const [challenge] = (await born().challenges(await born().readOrder(url))).filter(({ type }) => type === 'dns-01');
    if (challenge === undefined) throw new Error('no dns-01');
    const hide = await here.solver().show(challenge);
    await born().answer(challenge);
    // The answer was lost: the same call again finds it done.
    await born().answer(challenge);
    await hide();
    const ready = await born().readOrder(url);
    expect(ready.status).toBe('ready');
    expect(await born().challenges(ready)).toEqual([]);
    await born().finalize(ready, csr);
    const valid = await born().readOrder(url);
    expect(valid.status).toBe('valid');
    expect((await born().finalize(valid, csr)).certificateUrl).toBe(valid.certificateUrl);
    const cert = await born().certificate(valid);
    expect(await handshake(host, { key, cert }, here.pebble().root)).toBe('TLSv1.3');
  });

  it('changes the key of the account, also when the change is asked for twice', async () => {
    const [oldKey, newKey] = [makeKey(), makeKey()];
    const acme = open(here.pebble(), { accountKeyPem: oldKey });
    const account = await acme.account();
    await acme.rollOver(newKey);
    // The client goes on with the new key.
    expect((await issue(acme, here, 'mta-sts.rolled.test', 'http-01')).answered).toBe(1);
    expect(await open(here.pebble(), { accountKeyPem: newKey }).account()).toBe(account);
    // A process that died before it heard of the change.
    const again = open(here.pebble(), { accountKeyPem: oldKey });
    await again.rollOver(newKey);
    expect(await again.account()).toBe(account);
    expect(await open(here.pebble(), { accountKeyPem: oldKey }).account()).not.toBe(account);
  });
});

describeWith(PEBBLE_PROGRAMS, 'at a pebble that rejects 60 of 100 nonces', () => {
  const here = place({ rejectedNonces: 60 });

  it('gets certificates all the same', async () => {
    const acme = open(here.pebble());
    const hosts = ['one', 'two', 'three', 'four', 'five', 'six'].map((name) => `mta-sts.${name}.test`);
    const pairs = await Promise.all(hosts.map((host) => issue(acme, here, host, 'http-01')));
    expect(pairs.map(({ cert }) => new X509Certificate(cert).subjectAltName)).toEqual(
      hosts.map((host) => `DNS:${host}`),
    );
    // It did reject, so 50 requests in a row would not pass without repeating.
    expect(here.pebble().server.log()).toContain('reject 60%');
  });
});

describeWith(PEBBLE_PROGRAMS, 'at a pebble that uses every authorization again', () => {
  const here = place({ reusedAuthorizations: 100 });

  it('orders a second time without a challenge', async () => {
    const acme = open(here.pebble());
    expect((await issue(acme, here, 'mta-sts.again.test', 'http-01')).answered).toBe(1);
    expect((await issue(acme, here, 'mta-sts.again.test', 'http-01')).answered).toBe(0);
  });
});

describeWith(PEBBLE_PROGRAMS, 'at a pebble that wants to know its customers', () => {
  const hmacKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
  const here = place({ externalAccounts: { 'kid-1': hmacKey } });

  it('binds the account', async () => {
    const acme = open(here.pebble(), { externalAccount: { keyId: 'kid-1', hmacKey } });
    expect((await acme.directory()).isExternalAccountRequired).toBe(true);
    expect((await issue(acme, here, 'mta-sts.bound.test', 'http-01')).answered).toBe(1);
  });

  it.each([
    ['none', null, 'externalAccountRequired'],
    [
      'one with another HMAC key',
      { keyId: 'kid-1', hmacKey: 'b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH' },
      'unauthorized',
    ],
    ['one that the CA does not know', { keyId: 'kid-9', hmacKey }, 'unauthorized'],
  ])('is refused with %s, as a matter of the account', async (_title, externalAccount, type) => {
    const problem = await problemOf(open(here.pebble(), { externalAccount }).newOrder('mta-sts.unbound.test'));
    expect([problem.type, problem.scope, problem.code]).toEqual([type, 'account', 'ACME_ACCOUNT']);
    for (const text of [problem.message, problem.hint, problem.detail])
      expect(text).not.toContain(externalAccount?.hmacKey ?? hmacKey);
  });
});
