/** A CA that says no, and answers that are none: what each of them stops, at a fake CA over HTTPS. */

import { describe, expect, it } from 'vitest';

import { loadTrust } from '../../../src/effects/trust.ts';
import type { HttpFault } from '../../fakes/fake-server.ts';
import { describeWith } from '../../servers/programs.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { fakeRig } from './fake-rig.ts';
import { badNonce, HOST, openAt, problem, problemOf, START } from './rig.ts';

describeWith(['openssl'], 'a CA that does not do as asked', () => {
  const ca = sharedCa();
  const { fail, fake, open, posts, waits } = fakeRig(ca);

  describe('with nonces', () => {
    it('survives that the CA forgets them all, as one does over night', async () => {
      const acme = open();
      await Promise.all([acme.newOrder(HOST), acme.newOrder(HOST), acme.newOrder(HOST)]);
      fake().forgetNonces();
      fake().server.forgetRequests();
      await acme.newOrder(HOST);
      // One is rejected, its answer brings a new one.
      expect(posts('/orders')).toBe(2);
    });

    it('never sends the same bytes again', async () => {
      const acme = open();
      await acme.account();
      fail('/orders', { kind: 'says', reply: badNonce() }, 60);
      await acme.newOrder(HOST);
      const sent = fake()
        .server.requests.filter(({ path }) => path === '/orders')
        .map(({ body }) => JSON.stringify(body));
      expect(new Set(sent).size).toBe(61);
    });

    it('gives up after 60', async () => {
      const acme = open();
      await acme.account();
      fail('/orders', { kind: 'says', reply: badNonce() }, 61);
      expect(await problemOf(acme.newOrder(HOST))).toMatchObject({
        type: 'badNonce',
        scope: 'network',
        retryable: true,
      });
      expect(posts('/orders')).toBe(61);
    });

    it.each([
      ['none', {}],
      ['one that is no base64url (RFC 8555 §6.5.1)', { 'replay-nonce': 'not+base64url' }],
    ])('says so when the CA gives %s', async (_what, headers) => {
      fail('/nonce', { kind: 'says', reply: { status: 200, body: null, headers } });
      const thrown = await problemOf(open().account());
      expect(thrown).toMatchObject({ type: 'badAnswer', detail: 'no Replay-Nonce', scope: 'network' });
    });
  });

  describe('when the CA says no', () => {
    it('parks the queue until Retry-After in seconds, and repeats nothing by itself', async () => {
      const acme = open();
      await acme.account();
      fail('/orders', { kind: 'busy', retryAfterSeconds: 10_800 });
      const thrown = await problemOf(acme.newOrder(HOST));
      expect(thrown).toMatchObject({
        type: 'rateLimited',
        status: 429,
        scope: 'queue',
        code: 'ACME_BUSY',
        retryable: true,
      });
      expect([thrown.retryAfterMs, thrown.retryAfterSeconds]).toEqual([10_800_000, 10_800]);
      expect(posts('/orders')).toBe(1);
      expect(waits()).toEqual([]);
    });

    it('parks the queue until Retry-After as a date, by the clock handed in', async () => {
      const acme = open();
      await acme.account();
      const until = new Date(START.getTime() + 90_000).toUTCString();
      fail('/orders', { kind: 'says', reply: problem(429, 'rateLimited', { 'retry-after': until }) });
      expect((await problemOf(acme.newOrder(HOST))).retryAfterMs).toBe(90_000);
    });

    it.each([
      [403, 'userActionRequired', 'account'],
      [403, 'externalAccountRequired', 'account'],
      [400, 'accountDoesNotExist', 'account'],
      // RFC 8555 §7.3.6: of an account that was deactivated.
      [403, 'unauthorized', 'account'],
      [400, 'invalidProfile', 'account'],
      [400, 'rejectedIdentifier', 'domain'],
      [403, 'caa', 'domain'],
      [400, 'dns', 'domain'],
      [400, 'connection', 'domain'],
      [400, 'tls', 'domain'],
      [400, 'incorrectResponse', 'domain'],
      [400, 'malformed', 'domain'],
      [400, 'neverHeardOf', 'domain'],
      [500, 'serverInternal', 'network'],
      [503, 'neverHeardOf', 'network'],
      // So Boulder says that it has too much to do.
      [503, 'rateLimited', 'queue'],
      [429, 'neverHeardOf', 'queue'],
    ] as const)('takes %s %s of an order as a matter of scope %s', async (status, type, scope) => {
      const acme = open();
      await acme.account();
      fail('/orders', { kind: 'says', reply: problem(status, type) });
      expect(await problemOf(acme.newOrder(HOST))).toMatchObject({ type, status, scope });
    });

    it('parks the queue also when a proxy says that it is too much', async () => {
      const acme = open();
      await acme.account();
      fail('/orders', { kind: 'html', status: 429, isDone: false });
      expect(await problemOf(acme.newOrder(HOST))).toMatchObject({ type: 'rateLimited', scope: 'queue' });
    });

    it('takes what it has against an account as a matter of scope account', async () => {
      fail('/accounts', { kind: 'says', reply: problem(400, 'malformed') });
      expect(await problemOf(open().newOrder(HOST))).toMatchObject({ type: 'malformed', scope: 'account' });
    });

    it('names the page where a person has to agree to new terms', async () => {
      const acme = open();
      await acme.account();
      const reply = problem(403, 'userActionRequired', {}, { instance: 'https://ca.test/agree' });
      fail('/orders', { kind: 'says', reply });
      expect((await problemOf(acme.newOrder(HOST))).hint).toBe('read and follow https://ca.test/agree');
    });

    it('looks for the account again after the CA has forgotten it', async () => {
      const acme = open();
      await acme.account();
      fail('/orders', { kind: 'says', reply: problem(400, 'accountDoesNotExist') });
      await problemOf(acme.newOrder(HOST));
      fake().server.forgetRequests();
      await acme.newOrder(HOST);
      expect(posts('/accounts')).toBe(1);
    });
  });

  describe('when what answers is no CA', () => {
    const huge = { status: 200, body: null, text: 'x'.repeat(1024 * 1024 + 1) };
    it.each([
      [
        '503 without a word',
        { kind: 'says', reply: { status: 503, body: null, headers: { 'retry-after': '120' } } },
        'badAnswer',
        120_000,
      ],
      ['503 with a problem document', { kind: 'broken', status: 503, isDone: false }, 'serverInternal', null],
      ['the page of a proxy', { kind: 'html', status: 502, isDone: false }, 'badAnswer', null],
      ['a page that says yes', { kind: 'html', status: 200, isDone: false }, 'badAnswer', null],
      ['a page that says no', { kind: 'html', status: 403, isDone: false }, 'badAnswer', null],
      [
        'a redirect',
        { kind: 'says', reply: { status: 302, body: null, headers: { location: 'https://localhost/' } } },
        'badAnswer',
        null,
      ],
      ['a body that breaks off', { kind: 'truncated' }, 'unreachable', null],
      ['half of the JSON', { kind: 'half' }, 'badAnswer', null],
      ['a body without an end', { kind: 'says', reply: huge }, 'badAnswer', null],
      ['a connection that breaks', { kind: 'reset', isDone: false }, 'unreachable', null],
      ['JSON that is no order', { kind: 'says', reply: { status: 200, body: { status: 'odd' } } }, 'badAnswer', null],
      ['no JSON object', { kind: 'says', reply: { status: 200, body: [1] } }, 'badAnswer', null],
    ] as const satisfies readonly (readonly [string, HttpFault, string, number | null])[])(
      '%s is a matter of the network, and the same call works later',
      async (_what, fault, type, retryAfterMs) => {
        const acme = open();
        const { url } = await acme.newOrder(HOST);
        fail('/orders/0', fault);
        const failed = await problemOf(acme.readOrder(url));
        expect(failed).toMatchObject({
          type,
          scope: 'network',
          code: 'ACME_FAILED',
          retryable: true,
          retryAfterMs,
          where: url,
        });
        expect((await acme.readOrder(url)).host).toBe(HOST);
      },
    );

    it('reads one mebibyte and no more', async () => {
      const url = 'https://ca.test/';
      const text = JSON.stringify({ newNonce: url, newAccount: url, newOrder: url });
      for (const size of [1024 * 1024, 1024 * 1024 + 1])
        fail('/dir', { kind: 'says', reply: { status: 200, body: null, text: text.padEnd(size) } });
      expect((await open().directory()).hasRenewalInfo).toBe(false);
      expect((await problemOf(open().directory())).detail).toBe('more than 1,048,576 bytes');
    });

    it('lets go of connections whose answer it does not read, so that more than it may have do no harm', async () => {
      const acme = open();
      const { url } = await acme.newOrder(HOST);
      // That says beforehand how long it is; the other one is cut off while it is read.
      const headers = { 'content-length': String(huge.text.length) };
      fail('/orders/0', { kind: 'says', reply: { ...huge, headers } }, 20);
      await Promise.all(Array.from({ length: 20 }, () => problemOf(acme.readOrder(url))));
      expect((await acme.readOrder(url)).host).toBe(HOST);
    });

    it.each(['hang', 'hang-inside'] as const)('gives up on a CA that does not end its answer (%s)', async (kind) => {
      const acme = open({ timeoutMs: 100 });
      const { url } = await acme.newOrder(HOST);
      fail('/orders/0', kind === 'hang' ? { kind, isDone: false } : { kind });
      const failed = await problemOf(acme.readOrder(url));
      expect(failed).toMatchObject({ type: 'unreachable', scope: 'network', detail: 'no answer within 0.1 s' });
    });

    it('does not trust a CA that nobody vouches for', async () => {
      const acme = openAt({ directoryUrl: fake().directoryUrl, caFile: ca.file }, { ca: loadTrust(null) });
      const failed = await problemOf(acme.directory());
      expect(failed).toMatchObject({ type: 'unreachable', scope: 'network' });
      expect(failed.detail).toMatch(/VERIFY|SELF_SIGNED|ISSUER/);
      expect(fake().server.requests).toEqual([]);
    });

    it('says that nobody listens there, and reads the directory again when somebody does', async () => {
      const acme = open();
      fail('/dir', { kind: 'reset', isDone: false });
      expect(await problemOf(acme.directory())).toMatchObject({ type: 'unreachable', scope: 'network' });
      expect((await acme.directory()).caaIdentities).toEqual(['ca.test']);
    });

    it('wants a directory that is one', async () => {
      fail('/dir', { kind: 'says', reply: { status: 200, body: { newNonce: 'http://localhost/' } } });
      expect(await problemOf(open().directory())).toMatchObject({ type: 'badAnswer', detail: 'no ACME directory' });
    });
  });

  describe('that is interrupted', () => {
    it.each(['request', 'wait'] as const)('throws the reason at once, in a %s', async (where) => {
      const reason = new Error('interrupted');
      const controller = new AbortController();
      const waiting = Promise.withResolvers<void>();
      // Its waits never end.
      const after = (): (() => void) => {
        waiting.resolve();
        return () => undefined;
      };
      const acme = open({ signal: controller.signal, clock: { now: () => START, after } });
      const [challenge] = await acme.challenges(await acme.newOrder(HOST));
      if (challenge === undefined) throw new Error('no challenge');
      if (where === 'request') fail('/challenges', { kind: 'hang', isDone: false });
      const answered = acme.answer(challenge);
      if (where === 'wait') await waiting.promise;
      else while (posts('/challenges/0') === 0) await new Promise(setImmediate);
      controller.abort(reason);
      await expect(answered).rejects.toBe(reason);
      await expect(acme.newOrder(HOST)).rejects.toBe(reason);
    });
  });
});
