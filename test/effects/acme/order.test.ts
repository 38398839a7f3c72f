/** From order to certificate, at a fake CA: slow orders, late challenges, and chains that are none. */

import { describe, expect, it } from 'vitest';

import { describeWith } from '../../servers/programs.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { fakeRig } from './fake-rig.ts';
import { HOST, problem, problemOf, readyOrder } from './rig.ts';

const CSR = new Uint8Array([1, 2, 3]);

describeWith(['openssl'], 'an order', () => {
  const ca = sharedCa();
  const { fail, fake, open, posts, waits } = fakeRig(ca);

  describe('on the way to a certificate', () => {
    it('signs so that the CA refuses nothing, and asks for one nonce alone', async () => {
      const acme = open();
      const order = await acme.finalize(await readyOrder(acme), CSR);
      expect(order).toMatchObject({
        host: HOST,
        status: 'valid',
        problem: null,
        expiresAt: new Date('2026-12-01T00:00:00Z'),
      });
      expect((await acme.certificate(order)).match(/-----BEGIN CERTIFICATE-----\n/g)?.length).toBe(2);
      expect(fake().refused).toEqual([]);
      expect(fake().server.requests.filter(({ method }) => method === 'HEAD').length).toBe(1);
      // Of the chain alone, not of what it links to.
      expect(fake().server.requests.some(({ path }) => path === '/other')).toBe(false);
    });

    it('shows only challenges that it can answer, with tokens that are safe in a path (RFC 8555 §8.3)', async () => {
      const acme = open();
      const challenges = await acme.challenges(await acme.newOrder(HOST));
      expect(challenges.map(({ type, token, host }) => [type, token, host])).toEqual([['http-01', 'token-0', HOST]]);
      expect(challenges[0]?.keyAuthorization).toMatch(/^token-0\.[\w-]{43}$/);
    });

    it('waits with pauses that double to 5 s', async () => {
      fake().looks = 7;
      const acme = open();
      await acme.finalize(await readyOrder(acme), CSR);
      const each = [250, 500, 1000, 2000, 4000, 5000, 5000];
      expect(waits()).toEqual([...each, ...each]);
    });

    it('waits as long as the CA asks, and never without a pause', async () => {
      fake().looks = 2;
      fake().retryAfter = '3';
      const acme = open();
      const order = await readyOrder(acme);
      // The answer to the challenge itself has no Retry-After.
      expect(waits()).toEqual([250, 3000]);
      fake().retryAfter = '0';
      await acme.finalize(order, CSR);
      expect(waits().slice(2)).toEqual([250, 250]);
    });

    it('gives up an order that stays processing, and takes it up again later', async () => {
      fake().looks = Infinity;
      const acme = open({ patienceMs: 60_000 });
      fake().looks = 1;
      const order = await readyOrder(acme);
      fake().looks = Infinity;
      waits().splice(0);
      const thrown = await problemOf(acme.finalize(order, CSR));
      expect(thrown).toMatchObject({
        type: 'stillProcessing',
        scope: 'domain',
        code: 'ACME_REFUSED',
        retryable: true,
        where: order.url,
      });
      const waited = waits().reduce((sum, ms) => sum + ms, 0);
      expect(waited).toBeGreaterThan(55_000);
      expect(waited).toBeLessThanOrEqual(60_000);
      // The next process: it is not finalized twice.
      fake().looks = 1;
      const later = await acme.readOrder(order.url);
      expect((await acme.finalize(later, CSR)).status).toBe('valid');
      expect(posts('/finalize/0')).toBe(1);
    });

    it('gives up at once when the CA asks for more patience than there is, and says how much', async () => {
      const acme = open({ patienceMs: 60_000 });
      const order = await readyOrder(acme);
      fake().retryAfter = '3600';
      fake().looks = 2;
      waits().splice(0);
      expect(await problemOf(acme.finalize(order, CSR))).toMatchObject({
        type: 'stillProcessing',
        retryAfterMs: 3_600_000,
      });
      expect(waits()).toEqual([]);
    });

    it('gives up a challenge that nobody looks at', async () => {
      fake().looks = Infinity;
      const acme = open({ patienceMs: 1000 });
      const [challenge] = await acme.challenges(await acme.newOrder(HOST));
      if (challenge === undefined) throw new Error('no challenge');
      expect(await problemOf(acme.answer(challenge))).toMatchObject({
        type: 'stillPending',
        scope: 'domain',
        retryable: true,
      });
    });

    it('does not ask for a look twice: a challenge under way is waited for after a crash', async () => {
      fake().looks = Infinity;
      const acme = open({ patienceMs: 1000 });
      const order = await acme.newOrder(HOST);
      const [challenge] = await acme.challenges(order);
      if (challenge === undefined) throw new Error('no challenge');
      await problemOf(acme.answer(challenge));
      const [known] = await acme.challenges(order);
      expect(known).toEqual({ ...challenge, isAsked: true });
      fake().looks = 1;
      await acme.answer(known ?? challenge);
      expect((await acme.readOrder(order.url)).status).toBe('ready');
      expect(posts('/challenges/0')).toBe(1);
    });

    it('throws what the CA says about a challenge, with the names it says it about', async () => {
      fake().challengeProblem = {
        type: 'urn:ietf:params:acme:error:caa',
        detail: 'CAA forbids\u001b[31m it',
        subproblems: [
          { type: 'urn:ietf:params:acme:error:dns', detail: 'SERVFAIL', identifier: { type: 'dns', value: HOST } },
        ],
      };
      const acme = open();
      const thrown = await problemOf(readyOrder(acme));
      expect(thrown).toMatchObject({
        type: 'caa',
        scope: 'domain',
        code: 'ACME_REFUSED',
        retryable: false,
        detail: 'CAA forbids?[31m it',
      });
      expect(thrown.subproblems).toEqual([{ type: 'dns', detail: 'SERVFAIL', host: HOST }]);
      expect(thrown.message).toContain(`${HOST}: dns: SERVFAIL`);
    });

    it('throws what the CA says when it refuses to look, and does not ask further', async () => {
      const acme = open();
      const [challenge] = await acme.challenges(await acme.newOrder(HOST));
      if (challenge === undefined) throw new Error('no challenge');
      fail('/challenges', { kind: 'busy', retryAfterSeconds: 60 });
      expect(await problemOf(acme.answer(challenge))).toMatchObject({ type: 'rateLimited', scope: 'queue' });
      expect(posts('/authorizations/0')).toBe(1);
      // `malformed` may mean that the look is under way: only then it is not thrown.
      fail('/challenges', { kind: 'says', reply: problem(400, 'malformed') });
      expect(await problemOf(acme.answer(challenge))).toMatchObject({ type: 'malformed', scope: 'domain' });
    });

    it('throws what the CA says about an order that it gave up', async () => {
      fake().orderProblem = { type: 'urn:ietf:params:acme:error:badCSR', detail: 'weak key' };
      const acme = open();
      expect(await problemOf(acme.finalize(await readyOrder(acme), CSR))).toMatchObject({
        type: 'badCSR',
        scope: 'domain',
      });
      expect((await acme.readOrder(`${new URL(fake().directoryUrl).origin}/orders/0`)).problem?.type).toBe('badCSR');
    });

    it('takes no certificate from an order that has none', async () => {
      const acme = open();
      expect((await problemOf(acme.certificate(await acme.newOrder(HOST)))).type).toBe('orderNotReady');
    });

    it.each([
      ['no PEM', 'certificate'],
      ['a key beside the chain', 'CHAIN\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
      ['a broken certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
      ['a certificate for another name', 'OTHER'],
    ])('takes no chain that is %s', async (_what, text) => {
      const acme = open();
      const order = await acme.finalize(await readyOrder(acme), CSR);
      const [chain, other] = [HOST, 'mta-sts.other.test'].map((name) => ca.issue({ names: [name] }).cert);
      const sent = text.replace('CHAIN', chain ?? '').replace('OTHER', other ?? '');
      fail('/certificates', { kind: 'says', reply: { status: 200, body: null, text: sent } });
      expect(await problemOf(acme.certificate(order))).toMatchObject({ type: 'badAnswer', scope: 'network' });
    });
  });
});
