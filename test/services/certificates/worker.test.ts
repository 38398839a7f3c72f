/** How hosts come to their certificates and keep them, at a CA in memory. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { newRecord } from '../../../src/core/certificates/model.ts';
import { StsyncError } from '../../../src/core/error.ts';
import { sleep as sleepBy } from '../../../src/effects/clock.ts';
import { problem } from '../../fakes/acme-memory.ts';
import { DAY, DIRECTORY, HOST, HOUR, MINUTE, Rig, SECOND } from './rig.ts';

const OTHER = 'mta-sts.other.test';

describe('a wanted host', () => {
  test('gets a certificate that fits its key, is told of once, and leaves no answer behind', async () => {
    const rig = await Rig.open();
    const worker = rig.start();
    await rig.pass(MINUTE);
    const { certificate, order, failures, lastFailure } = rig.record();
    const leaf = new X509Certificate(certificate?.chainPem ?? '');
    expect(leaf.checkPrivateKey(createPrivateKey(certificate?.keyPem ?? ''))).toBe(true);
    expect(leaf.checkHost(HOST, { subject: 'never' })).toBe(HOST);
    expect([order, failures, lastFailure, rig.news, [...rig.shown]]).toEqual([null, 0, null, [HOST], []]);
    expect(worker.state()).toEqual({ trouble: null, pausedUntil: null, underWay: 0, waiting: 0 });
  });

  test('that is new is seen within seconds; one that is not wanted any more is not renewed, and keeps what it has', async () => {
    const rig = await Rig.open([]);
    rig.ca.lifeDays = 12;
    rig.start();
    await rig.pass(MINUTE);
    rig.wanted = [{ host: HOST }];
    await rig.pass(MINUTE);
    expect(rig.news).toEqual([HOST]);
    rig.wanted = [{ host: OTHER }];
    await rig.pass(10 * DAY, HOUR);
    expect(rig.ca.ordersOf(HOST).length).toBe(1);
    expect(rig.ca.ordersOf(OTHER).length).toBe(2);
    expect(rig.record().certificate).not.toBeNull();
  });

  test('that comes back has what it had; one that was removed from the state meanwhile begins anew', async () => {
    const rig = await Rig.open();
    rig.start();
    await rig.pass(MINUTE);
    rig.wanted = [];
    await rig.pass(MINUTE);
    rig.wanted = [{ host: HOST }];
    await rig.pass(MINUTE);
    expect(rig.ca.orders.length).toBe(1);
    rig.wanted = [];
    await rig.pass(MINUTE);
    rig.store.remove(HOST);
    rig.wanted = [{ host: HOST }];
    await rig.pass(MINUTE);
    expect([rig.news, rig.ca.orders.length, rig.record().certificate === null]).toEqual([[HOST, HOST], 2, false]);
  });

  test('whose row in the state is damaged is left as it is, and others go on', async () => {
    const rig = await Rig.open([HOST, OTHER]);
    rig.store.damaged.add(HOST);
    rig.start();
    await rig.pass(MINUTE);
    expect([rig.news, rig.store.records.has(HOST)]).toEqual([[OTHER], false]);
  });

  test('whose row is damaged while the worker runs is told of now and then, and others go on', async () => {
    const rig = await Rig.open([HOST, OTHER]);
    rig.store.save([newRecord(HOST, DIRECTORY, rig.clock.now())]);
    rig.store.damaged.add(HOST);
    rig.start();
    await rig.pass(HOUR);
    expect([rig.news, rig.troubles.length > 1, rig.troubles.length < 8]).toEqual([[OTHER], true, true]);
  });

  test('whose preflight finds a fault asks nothing of the CA, says why, and is tried again ever less often', async () => {
    const rig = await Rig.open();
    let looks = 0;
    const fault = { code: 'HOST_ELSEWHERE', message: 'it leads elsewhere', hint: 'set the CNAME' } as const;
    rig.start({ preflight: () => Promise.resolve(++looks < 6 ? fault : null) });
    await rig.pass(MINUTE);
    expect([rig.record().lastFailure, rig.ca.calls]).toEqual([{ ...fault, at: rig.record().wantedSince }, []]);
    // 5, 10, 20, 40 and 80 minutes, each an eighth longer.
    await rig.pass(170 * MINUTE);
    expect([looks, rig.news]).toEqual([5, []]);
    await rig.pass(10 * MINUTE);
    expect([looks, rig.news, rig.record().lastFailure]).toEqual([6, [HOST], null]);
  });

  test('whose preflight finds a fault takes no turn from the others', async () => {
    const good = ['mta-sts.y.test', 'mta-sts.z.test'];
    const rig = await Rig.open(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `mta-sts.${name}.test`).concat(good));
    rig.limits = { count: 2, perSeconds: 100 * 86_400 };
    const fault = { code: 'HOST_ELSEWHERE', message: 'it leads elsewhere', hint: null } as const;
    rig.start({ preflight: (host) => Promise.resolve(good.includes(host) ? null : fault) });
    await rig.pass(MINUTE);
    expect(rig.news.toSorted()).toEqual(good);
  });

  test('whose challenge is not found fails alone, 4 times in its worst hour, and others go on', async () => {
    const rig = await Rig.open([HOST, OTHER]);
    rig.random = () => 0;
    rig.ca.refused.add(HOST);
    rig.start();
    await rig.pass(3 * DAY, MINUTE);
    expect(rig.news).toEqual([OTHER]);
    expect(rig.record()).toMatchObject({ order: null, lastFailure: { code: 'ACME_REFUSED' } });
    const times = rig.ca.ordersOf(HOST).map(({ at }) => at.getTime());
    const worst = times.map((from) => times.filter((at) => at >= from && at - from <= HOUR).length);
    expect(Math.max(...worst)).toBe(4);
    rig.ca.refused.clear();
    await rig.pass(DAY + HOUR, 5 * MINUTE);
    expect([rig.news, rig.record().failures]).toEqual([[OTHER, HOST], 0]);
  });

  test('whose attempt meets a fault of ours is told of, and others go on', async () => {
    const rig = await Rig.open([HOST, OTHER]);
    rig.start({
      preflight: (host) => (host === HOST ? Promise.reject(new TypeError('oh')) : Promise.resolve(null)),
    });
    await rig.pass(MINUTE);
    expect(rig.news).toEqual([OTHER]);
    expect(rig.troubles).toEqual([`INTERNAL no certificate for ${HOST}: oh`]);
    expect(rig.record().lastFailure?.code).toBe('INTERNAL');
  });
});

describe('an order', () => {
  test('that stays processing is waited for and not made again', async () => {
    const rig = await Rig.open();
    rig.ca.processingMs = 2 * HOUR;
    rig.start();
    await rig.pass(HOUR);
    expect(rig.record()).toMatchObject({ failures: 0, lastFailure: { code: 'ACME_REFUSED' } });
    await rig.pass(90 * MINUTE);
    expect([rig.news, rig.ca.orders.length, rig.record().lastFailure]).toEqual([[HOST], 1, null]);
  });

  test('that stays processing for more than a day is given up, and another one made', async () => {
    const rig = await Rig.open();
    rig.ca.processingMs = 30 * DAY;
    rig.start();
    await rig.pass(DAY - HOUR, 5 * MINUTE);
    expect(rig.ca.orders.length).toBe(1);
    rig.ca.processingMs = 0;
    await rig.pass(2 * HOUR, MINUTE);
    expect([rig.news, rig.ca.orders.length]).toEqual([[HOST], 2]);
  });

  test('that the CA has forgotten is made anew without a failure', async () => {
    const rig = await Rig.open();
    rig.ca.processingMs = 30 * DAY;
    rig.start();
    await rig.pass(HOUR);
    for (const { url } of rig.ca.orders) rig.ca.lost.add(url);
    rig.ca.processingMs = 0;
    // Sooner than after a failure.
    await rig.pass(5 * MINUTE);
    expect([rig.news, rig.ca.orders.length, rig.record().failures]).toEqual([[HOST], 2, 0]);
  });

  test('that the CA forgets as soon as it is made is not made without end', async () => {
    const rig = await Rig.open();
    rig.ca.after = (call) => {
      if (call === 'newOrder') rig.ca.lost.add(rig.ca.orders.at(-1)?.url ?? '');
      return Promise.resolve();
    };
    rig.start();
    await rig.pass(HOUR);
    expect(rig.ca.orders.length).toBeLessThan(5);
  });

  test('whose chain does not fit its key is never in use', async () => {
    const rig = await Rig.open();
    const acme = rig.ca.client();
    const stranger = await Rig.open([HOST]);
    stranger.start();
    await stranger.pass(MINUTE);
    const chain = stranger.record().certificate?.chainPem ?? '';
    rig.start({ acme: { ...acme, certificate: () => Promise.resolve(chain) } });
    await rig.pass(MINUTE);
    expect(rig.record()).toMatchObject({
      certificate: null,
      lastFailure: { code: 'CERTIFICATE_UNUSABLE', message: expect.stringContaining('not for the key of the order') },
    });
  });
});

describe('the end of the worker', () => {
  test('comes within a second, also when the CA never answers, and the order is resumed later', async () => {
    const rig = await Rig.open();
    let isHanging = true;
    rig.ca.after = (call) => (call === 'answer' && isHanging ? new Promise(() => undefined) : Promise.resolve());
    const worker = rig.start();
    await rig.pass(MINUTE);
    const before = rig.clock.now().getTime();
    const closing = worker.close();
    await rig.clock.pass(SECOND);
    await closing;
    expect(rig.clock.now().getTime() - before).toBeLessThanOrEqual(SECOND);
    expect([rig.record().order === null, [...rig.shown]]).toEqual([false, []]);
    isHanging = false;
    rig.workers.splice(0);
    rig.start();
    await rig.pass(MINUTE);
    expect([rig.news, rig.ca.orders.length]).toEqual([[HOST], 1]);
  });

  test('waits for the answer to a new order, and keeps it', async () => {
    const rig = await Rig.open();
    const { signal } = new AbortController();
    rig.ca.after = (call) => (call === 'newOrder' ? sleepBy(rig.clock, 30_500, signal) : Promise.resolve());
    const worker = rig.start();
    await rig.pass(30 * SECOND);
    expect([rig.ca.orders.length, rig.record().order]).toEqual([1, null]);
    const kept = worker.close().then(() => rig.record().order?.url);
    await rig.clock.pass(SECOND);
    expect(await kept).toBe(rig.ca.orders[0]?.url);
    expect(rig.ca.calls.length).toBe(1);
  });

  test('waits no longer than a second for it', async () => {
    const rig = await Rig.open();
    rig.ca.after = () => new Promise(() => undefined);
    const worker = rig.start();
    await rig.pass(MINUTE);
    const ended = worker.close().then(() => true);
    await rig.clock.pass(SECOND);
    expect(await Promise.race([ended, new Promise((resolve) => void setImmediate(resolve, false))])).toBe(true);
  });
});

describe('a state that cannot be written', () => {
  test('is told once; what is under way goes on when it can, and no order is lost', async () => {
    const rig = await Rig.open([HOST, OTHER]);
    rig.ca.after = (call) => {
      if (call === 'newOrder') rig.store.onWrite = (when) => (when === 'before' ? full() : undefined);
      return Promise.resolve();
    };
    rig.start();
    await rig.pass(HOUR, 5 * MINUTE);
    expect(rig.troubles).toEqual(['STATE_UNWRITABLE the disk is full']);
    expect([rig.ca.calls.length, rig.news]).toEqual([2, []]);
    rig.ca.after = () => Promise.resolve();
    rig.store.onWrite = () => undefined;
    await rig.pass(MINUTE);
    expect([rig.news.toSorted(), rig.ca.orders.length]).toEqual([[HOST, OTHER].toSorted(), 2]);
  });
});

test('a host whose limit at the CA is used up waits as long as the CA says, and nobody else does', async () => {
  const others = Array.from({ length: 20 }, (_, index) => `mta-sts.other${index}.test`);
  const rig = await Rig.open([HOST, ...others]);
  const detail = 'too many certificates (50) already issued for "example.test" in the last 168h0m0s';
  rig.ca.fault = (call, host) =>
    call === 'newOrder' && host === HOST ? problem('rateLimited', 'queue', detail, 2 * DAY, 429) : null;
  rig.start();
  await rig.pass(MINUTE);
  expect(rig.news.toSorted()).toEqual(others.toSorted());
  await rig.pass(DAY, HOUR);
  expect([rig.record().failures, rig.record().lastFailure?.code]).toEqual([0, 'ACME_BUSY']);
  expect(rig.ca.calls.filter((call) => call === `newOrder ${HOST}`).length).toBe(1);
});

test('a host that the CA has paused is tried ever less often, and nobody else waits', async () => {
  const rig = await Rig.open([HOST, OTHER]);
  const detail = `Your account is temporarily prevented from requesting certificates for ${HOST} and possibly others. See https://ca.test/unpause`;
  rig.ca.fault = (call, host) =>
    call === 'newOrder' && host === HOST ? problem('rateLimited', 'queue', detail, null, 429) : null;
  rig.start();
  await rig.pass(DAY, 10 * MINUTE);
  expect([rig.news, rig.record().lastFailure?.code]).toEqual([[OTHER], 'ACME_BUSY']);
  expect(rig.ca.calls.filter((call) => call === `newOrder ${HOST}`).length).toBeLessThan(10);
});

function full(): never {
  throw new StsyncError('STATE_UNWRITABLE', 'the disk is full');
}
