/** A CA that fails, limits or refuses: no host pays for it, and renewals come when the CA wants them. */
import { describe, expect, test } from 'vitest';

import { isLimitOfHost, orderBucket } from '../../../src/services/certificates/certificate-authority.ts';
import { problem } from '../../fakes/acme-memory.ts';
import { DAY, DIRECTORY, HOST, HOUR, MINUTE, Rig } from './rig.ts';

const hosts = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `mta-sts.${index}.test`);

describe('a CA that is down for a day', () => {
  test('is asked ever less often, told of once, and costs no host a failure', async () => {
    const rig = await Rig.open(hosts(50));
    rig.ca.fault = () => problem('unreachable', 'network', 'no answer');
    const worker = rig.start();
    await rig.pass(DAY, MINUTE);
    expect(rig.troubles).toEqual([expect.stringMatching(/^ACME_FAILED .*no answer/)]);
    expect(worker.state()).toMatchObject({ trouble: { code: 'ACME_FAILED' }, waiting: expect.any(Number) });
    // 8 at once at first, then one at a time: 1, 2, 4, 8, 16 and 32 minutes, then each hour.
    expect(rig.ca.calls.length).toBeLessThan(40);
    expect([...rig.store.records.values()].every(({ failures }) => failures === 0)).toBe(true);
    rig.ca.fault = null;
    await rig.pass(3 * HOUR, MINUTE);
    expect([rig.news.length, worker.state().trouble]).toEqual([50, null]);
  });

  test('or for a minute, in which many hosts met it at once, costs little more than that', async () => {
    const rig = await Rig.open(hosts(20));
    rig.ca.fault = () => problem('unreachable', 'network', 'no answer');
    rig.start();
    await rig.pass(MINUTE);
    rig.ca.fault = null;
    await rig.pass(3 * MINUTE);
    expect(rig.news.length).toBe(20);
  });

  test('in the middle of orders, makes none of them a second time', async () => {
    const rig = await Rig.open(hosts(10));
    rig.ca.fault = (call) =>
      call === 'finalize' ? problem('serverInternal', 'network', 'it is broken', null, 500) : null;
    rig.start();
    await rig.pass(HOUR);
    rig.ca.fault = () => problem('unreachable', 'network', 'no answer');
    await rig.pass(DAY, MINUTE);
    rig.ca.fault = null;
    await rig.pass(3 * HOUR, MINUTE);
    expect([rig.news.length, rig.ca.orders.length]).toEqual([10, 10]);
  });

  test('leaves a certificate in use that is due for its renewal, and renews it afterwards', async () => {
    const rig = await Rig.open();
    rig.ca.lifeDays = 12;
    rig.start();
    await rig.pass(7 * DAY, HOUR);
    rig.ca.fault = () => problem('unreachable', 'network', 'no answer');
    const before = rig.record().certificate?.stamp;
    await rig.pass(2 * DAY, HOUR);
    expect(rig.record().certificate?.stamp).toBe(before);
    rig.ca.fault = null;
    await rig.pass(3 * HOUR, MINUTE);
    expect(rig.record().certificate?.stamp).not.toBe(before);
  });

  test('for one host alone does not keep the others from their certificates', async () => {
    const rig = await Rig.open(hosts(40));
    const [poor = ''] = hosts(1);
    rig.ca.fault = (call, host) =>
      call === 'finalize' && host === poor ? problem('serverInternal', 'network', 'it is broken', null, 500) : null;
    rig.start();
    await rig.pass(2 * HOUR, MINUTE);
    expect(rig.news.length).toBe(39);
    expect(rig.record(poor)).toMatchObject({ failures: 0, lastFailure: { code: 'ACME_FAILED' } });
    // After 1, 2, 4, 8, 16 and 32 minutes.
    expect(rig.ca.calls.filter((call) => call === `finalize ${poor}`).length).toBeLessThan(9);
  });
});

describe('a CA whose limit for the account is used up', () => {
  test('is left alone until it says, and no host is to blame', async () => {
    const rig = await Rig.open(hosts(25));
    rig.ca.limit = { count: 10, perSeconds: 10_800 };
    rig.start();
    await rig.pass(9 * MINUTE);
    const refused = (): number =>
      rig.ca.calls.filter((call) => call.startsWith('newOrder')).length - rig.ca.orders.length;
    // Those that were on their way at the same time.
    expect([rig.news.length, refused() <= 8]).toEqual([10, true]);
    const before = refused();
    await rig.pass(8 * HOUR, MINUTE);
    expect([rig.news.length, rig.troubles]).toEqual([25, []]);
    expect(refused() - before).toBeLessThan(50);
    expect(
      [...rig.store.records.values()].every(({ failures, lastFailure }) => failures === 0 && lastFailure === null),
    ).toBe(true);
  });

  test('is not asked for more than it allows, and each host gets its order when its turn was said to come', async () => {
    const rig = await Rig.open(hosts(1_000));
    rig.limits = { count: 100, perSeconds: 3_600 };
    // The CA counts with a window that slides; the bucket is full at first, so one that is as wide takes twice its size.
    rig.ca.limit = { count: 200, perSeconds: 3_600 };
    const worker = rig.start();
    await rig.pass(MINUTE);
    const [first, last] = [rig.wanted.at(500)?.host ?? '', rig.wanted.at(-1)?.host ?? ''];
    const sorted = rig.wanted.map(({ host }) => host).toSorted();
    const said = new Map(sorted.map((host) => [host, worker.turnOf(host)]));
    expect(said.get(first)).toBeInstanceOf(Date);
    expect(said.get(last)).toBeInstanceOf(Date);
    await rig.pass(9 * HOUR + 10 * MINUTE, MINUTE);
    expect([rig.news.length, rig.ca.orders.length, rig.troubles]).toEqual([1_000, 1_000, []]);
    const late = rig.ca.orders.map(({ host, at }) =>
      Math.abs(at.getTime() - (said.get(host)?.getTime() ?? at.getTime())),
    );
    expect(Math.max(...late)).toBeLessThanOrEqual(MINUTE);
  }, 60_000);

  test('is not asked for more after a long rest, however many begin at once', async () => {
    const rig = await Rig.open([]);
    rig.limits = { count: 4, perSeconds: 1_800 };
    rig.start();
    await rig.pass(DAY, HOUR);
    rig.wanted = hosts(12).map((host) => ({ host }));
    await rig.pass(MINUTE);
    expect(rig.ca.orders.length).toBe(4);
  });

  test('counts the orders of two ways to prove a name together, under one account', async () => {
    const rig = await Rig.open(hosts(30));
    rig.limits = { count: 10, perSeconds: 10_800 };
    const [all, bucket] = [rig.wanted, orderBucket(null, rig.limits, rig.clock.now())];
    rig.start({ bucket, wanted: () => all.slice(0, 15) });
    rig.start({ bucket, wanted: () => all.slice(15) });
    await rig.pass(MINUTE);
    expect(rig.ca.orders.length).toBe(10);
  });

  test('is known to be so after a restart', async () => {
    const rig = await Rig.open(hosts(30));
    rig.limits = { count: 10, perSeconds: 10_800 };
    rig.start();
    await rig.pass(MINUTE);
    await rig.stop();
    rig.start();
    await rig.pass(MINUTE);
    expect(rig.ca.orders.length).toBe(10);
  });
});

test('an account that is refused stops all, is told once, and a day later tried in silence', async () => {
  const rig = await Rig.open(hosts(20));
  rig.ca.fault = (call) =>
    call === 'newOrder' ? problem('userActionRequired', 'account', 'agree to the new terms') : null;
  const worker = rig.start();
  await rig.pass(20 * HOUR, MINUTE);
  expect(rig.troubles).toEqual([expect.stringMatching(/^ACME_ACCOUNT .*new terms/)]);
  expect([worker.state().trouble?.code, rig.ca.calls.length <= 8]).toEqual(['ACME_ACCOUNT', true]);
  await rig.pass(DAY, MINUTE);
  expect([rig.troubles.length, rig.ca.calls.length <= 9]).toEqual([1, true]);
  rig.ca.fault = null;
  await rig.pass(DAY, MINUTE);
  expect([rig.news.length, worker.state().trouble]).toEqual([20, null]);
});

describe('a renewal', () => {
  test('comes between 60 % and two thirds of the life where the CA suggests nothing, spread over that time', async () => {
    const rig = await Rig.open(hosts(30));
    rig.ca.lifeDays = 15;
    let next = 0;
    rig.random = () => (next = (next + 0.37) % 1);
    rig.start();
    const start = rig.clock.now().getTime();
    await rig.pass(10.2 * DAY, HOUR);
    const renewals = rig.ca.orders.slice(30).map(({ at }) => (at.getTime() - start) / DAY);
    expect(renewals.length).toBe(30);
    expect([Math.min(...renewals) > 8.9, Math.max(...renewals) < 10.1]).toEqual([true, true]);
    expect(Math.max(...renewals) - Math.min(...renewals)).toBeGreaterThan(0.7);
  });

  test('comes at half of a short life', async () => {
    const rig = await Rig.open();
    rig.ca.lifeDays = 6;
    rig.start();
    await rig.pass(2.5 * DAY, HOUR);
    expect(rig.ca.orders.length).toBe(1);
    await rig.pass(0.6 * DAY, HOUR);
    expect(rig.ca.orders.length).toBe(2);
  });

  test('comes in the window that the CA suggests, names what it replaces, and counts for no limit', async () => {
    const rig = await Rig.open(hosts(20));
    rig.limits = { count: 20, perSeconds: 365 * 86_400 };
    rig.ca.limit = { count: 20, perSeconds: 365 * 86_400 };
    const start = rig.clock.now().getTime();
    const [startsAt, endsAt] = [new Date(start + 2 * DAY), new Date(start + 3 * DAY)];
    rig.ca.window = () => ({ startsAt, endsAt, explanationUrl: null, retryAfterMs: 6 * HOUR });
    let next = 0;
    rig.random = () => (next = (next + 0.37) % 1);
    rig.start();
    await rig.pass(3.5 * DAY, HOUR);
    const renewals = rig.ca.orders.slice(20);
    expect([renewals.length >= 20, renewals.every(({ replaces }) => replaces !== undefined)]).toEqual([true, true]);
    const first = renewals.slice(0, 20).map(({ at }) => (at.getTime() - start) / DAY);
    expect([Math.min(...first) >= 2, Math.max(...first) <= 3.1]).toEqual([true, true]);
  });

  test('is asked about about as often as the CA says', async () => {
    const rig = await Rig.open();
    const far = new Date('2027-06-01T00:00:00Z');
    rig.ca.window = () => ({
      startsAt: new Date(far.getTime() - DAY),
      endsAt: far,
      explanationUrl: null,
      retryAfterMs: 6 * HOUR,
    });
    rig.start();
    await rig.pass(10 * DAY, 10 * MINUTE);
    const asks = rig.ca.calls.filter((call) => call.startsWith('renewalInfo')).length;
    expect([asks > 35, asks < 42]).toEqual([true, true]);
  });

  test('is made at once where the CA moves its window into the past, as after it had to revoke', async () => {
    const rig = await Rig.open();
    rig.start();
    const now = (): number => rig.clock.now().getTime();
    let isRevoked = false;
    rig.ca.window = () => {
      const [startsAt, endsAt] = isRevoked
        ? [new Date(now() - 2 * DAY), new Date(now() - DAY)]
        : [new Date(now() + 50 * DAY), new Date(now() + 51 * DAY)];
      return { startsAt, endsAt, explanationUrl: null, retryAfterMs: 6 * HOUR };
    };
    await rig.pass(5 * DAY, HOUR);
    isRevoked = true;
    await rig.pass(7 * HOUR);
    expect(rig.ca.orders.length).toBeGreaterThanOrEqual(2);
  });

  test('is there for a certificate of another CA, which stays in use until the new one is there', async () => {
    const rig = await Rig.open();
    rig.start({ directoryUrl: 'https://staging.test/directory' });
    await rig.pass(MINUTE);
    await rig.stop();
    rig.ca.refused.add(HOST);
    rig.start();
    await rig.pass(MINUTE);
    expect(rig.record()).toMatchObject({
      directoryUrl: DIRECTORY,
      failures: 1,
      certificate: { directoryUrl: 'https://staging.test/directory' },
    });
    rig.ca.refused.clear();
    await rig.pass(HOUR);
    expect(rig.record()).toMatchObject({ failures: 0, certificate: { directoryUrl: DIRECTORY } });
    expect(rig.ca.orders.map(({ replaces }) => replaces)).toEqual([undefined, undefined, undefined]);
  });
});

test.each([
  [
    'too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-25 13:00:00 UTC: see https://ca.example.test/limits',
    false,
  ],
  ['too many failed authorizations (5) for "mta-sts.example.test" in the last 1h0m0s', true],
  ['too many certificates (50) already issued for "example.test" in the last 168h0m0s', true],
  ['too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s', true],
  ['too many certificates (50) already issued for "other.test" in the last 168h0m0s', false],
  ['Your account is temporarily prevented from requesting certificates for mta-sts.example.test.', true],
  ['Service busy; retry later.', false],
])('a limit is of the host alone or of the account: %s', (detail, isOfHost) => {
  expect(isLimitOfHost(problem('rateLimited', 'queue', detail), HOST)).toBe(isOfHost);
});
