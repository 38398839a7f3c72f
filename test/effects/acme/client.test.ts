/** What pebble does not have, at a fake CA: renewal information and profiles; and the account. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { type AcmeOptions, makeKey, openAcme } from '../../../src/effects/acme/client.ts';
import { describeWith } from '../../servers/programs.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { fakeRig } from './fake-rig.ts';
import { EXAMPLE, EXAMPLE_ID } from './rfc-9773.ts';
import { HOST, problemOf, QuickClock, START } from './rig.ts';

describeWith(['openssl'], 'the ACME client', () => {
  const ca = sharedCa();
  const { fail, fake, open, posts, start } = fakeRig(ca);

  describe('about renewals', () => {
    it('asks by the identifier of the certificate, without a signature', async () => {
      fake().window = {
        suggestedWindow: { start: '2026-12-01T00:00:00Z', end: '2026-12-02T00:00:00Z' },
        explanationURL: 'https://ca.test/why',
      };
      expect(await open().renewalInfo(EXAMPLE)).toEqual({
        startsAt: new Date('2026-12-01T00:00:00Z'),
        endsAt: new Date('2026-12-02T00:00:00Z'),
        explanationUrl: 'https://ca.test/why',
        retryAfterMs: 21_600_000,
      });
      expect(fake().server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'GET /dir',
        `GET /renewal/${EXAMPLE_ID}`,
      ]);
    });

    it.each([
      [
        'a window that ends before it begins (RFC 9773 §4.2)',
        { start: '2026-12-02T00:00:00Z', end: '2026-12-01T00:00:00Z' },
      ],
      ['a window that is none', { start: 'soon', end: 'later' }],
      ['no window', undefined],
    ])('takes %s as no answer', async (_what, suggestedWindow) => {
      fake().window = { suggestedWindow };
      expect(await problemOf(open().renewalInfo(EXAMPLE))).toMatchObject({ type: 'badAnswer', scope: 'network' });
    });

    it('throws what the CA says about a certificate that it does not know', async () => {
      expect(await problemOf(open().renewalInfo(EXAMPLE))).toMatchObject({
        type: 'malformed',
        status: 404,
        scope: 'domain',
      });
    });

    it('is null for a certificate without an identifier', async () => {
      expect(await open().renewalInfo(ca.selfSigned(HOST).cert.replaceAll('CERTIFICATE', 'NOTHING'))).toBeNull();
    });

    it('says which certificate an order replaces, and orders without that when another one did', async () => {
      const acme = open();
      await acme.newOrder(HOST, { replaces: EXAMPLE_ID });
      await acme.newOrder(HOST, { replaces: EXAMPLE_ID });
      expect(fake().orders.map(({ replaces }) => replaces)).toEqual([EXAMPLE_ID, null]);
      expect(posts('/orders')).toBe(3);
    });

    it('says nothing of it where the CA has no renewal information', async () => {
      await start({ hasRenewalInfo: false });
      const acme = open();
      await acme.newOrder(HOST, { replaces: EXAMPLE_ID });
      expect(fake().orders[0]?.replaces).toBeNull();
      expect(await acme.renewalInfo(EXAMPLE)).toBeNull();
      expect((await acme.directory()).hasRenewalInfo).toBe(false);
    });
  });

  describe('about profiles', () => {
    it('asks for one that the CA has, and for none unless told', async () => {
      await start({ profiles: { classic: 'the usual', shortlived: 'six days' } });
      const acme = open();
      expect([...(await acme.directory()).profiles]).toEqual([
        ['classic', 'the usual'],
        ['shortlived', 'six days'],
      ]);
      await acme.newOrder(HOST, { profile: 'shortlived' });
      await acme.newOrder(HOST);
      expect(fake().orders.map(({ profile }) => profile)).toEqual(['shortlived', null]);
      expect(await problemOf(acme.newOrder(HOST, { profile: 'tlsserver' }))).toMatchObject({
        type: 'invalidProfile',
        scope: 'account',
        detail: 'it has no profile "tlsserver", but classic, shortlived',
      });
    });
  });

  describe('about its account', () => {
    it('makes one account for calls that come at once', async () => {
      const acme = open();
      await Promise.all([acme.account(), acme.newOrder(HOST), acme.newOrder(HOST)]);
      expect(fake().accounts.map(({ contact }) => contact)).toEqual([['mailto:ops@example.test']]);
      // One look, and one that makes it.
      expect(posts('/accounts')).toBe(2);
    });

    it('tells the CA a new contact once', async () => {
      const accountKeyPem = makeKey();
      await open({ accountKeyPem }).account();
      for (let time = 0; time < 2; time++)
        await open({ accountKeyPem, contact: ['mailto:new@example.test'] }).account();
      expect(fake().accounts.map(({ contact }) => contact)).toEqual([['mailto:new@example.test']]);
      expect(posts('/accounts/0')).toBe(1);
    });

    it('settles a change of the key whose answer was lost', async () => {
      const [oldKey, newKey] = [makeKey(), makeKey()];
      const acme = open({ accountKeyPem: oldKey });
      const account = await acme.account();
      fail('/key-change', { kind: 'reset', isDone: true });
      expect((await problemOf(acme.rollOver(newKey))).scope).toBe('network');
      await acme.rollOver(newKey);
      expect(await acme.account()).toBe(account);
      expect(posts('/key-change')).toBe(1);
      await acme.newOrder(HOST);
      expect([fake().accounts.length, fake().refused.length]).toEqual([1, 0]);
    });

    it('makes no account by changing a key that the CA does not know', async () => {
      expect(await problemOf(open().rollOver(makeKey()))).toMatchObject({
        type: 'accountDoesNotExist',
        scope: 'account',
      });
      expect(fake().accounts).toEqual([]);
    });

    it('refuses a key that is none, without showing it', async () => {
      const secret = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----';
      const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pkcs8);
      const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export(pkcs8);
      for (const accountKeyPem of [secret, rsa, p384]) {
        const thrown = await (async () => open({ accountKeyPem }))().catch((error: unknown) => error);
        expect(thrown).toMatchObject({ code: 'ACME_ACCOUNT', retryable: false });
        expect(inspect(thrown)).not.toContain(accountKeyPem.split('\n')[1]);
        expect(thrown).not.toHaveProperty('cause');
      }
    });

    it('refuses an HMAC key that is no base64url, without showing it', async () => {
      const acme = open({ externalAccount: { keyId: 'kid', hmacKey: 'not+base64url/' } });
      await expect(acme.account()).rejects.toMatchObject({
        code: 'ACME_ACCOUNT',
        message: expect.not.stringContaining('not+'),
      });
    });
  });

  it('reads the directory again when it is an hour old, and when the clock was set back', async () => {
    let nowMs = START.getTime();
    const acme = open({ clock: { now: () => new Date(nowMs), after: new QuickClock().after } });
    const looks: number[] = [];
    for (const passedMs of [0, 3_599_000, 2000, -3_600_000]) {
      nowMs += passedMs;
      await acme.directory();
      looks.push(fake().server.requests.length);
    }
    expect(looks).toEqual([1, 1, 2, 3]);
  });

  it('tells who it is and which words it reads (RFC 8555 §6.1)', async () => {
    const seen: Record<string, unknown>[] = [];
    const { key, cert } = ca.issue({ names: ['localhost'] });
    const server = createServer({ key, cert }, (request, response) => {
      seen.push(request.headers);
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await problemOf(open({ directoryUrl: `https://localhost:${port}/dir`, version: '1.2.3' }).directory());
    expect(seen).toMatchObject([
      { 'user-agent': 'stsync/1.2.3 (+ACME client)', 'accept-language': 'en', accept: 'application/json' },
    ]);
    server.closeAllConnections();
    server.close();
  });
});

it('needs no CA to be opened', () => {
  const { signal } = new AbortController();
  const directoryUrl = 'https://ca.invalid/dir';
  expect(() =>
    openAcme({
      directoryUrl,
      ca: trustNobody(),
      accountKeyPem: makeKey(),
      contact: [],
      externalAccount: null,
      clock: new QuickClock(),
      signal,
    }),
  ).not.toThrow();
});

function trustNobody(): AcmeOptions['ca'] {
  return { context: null };
}
