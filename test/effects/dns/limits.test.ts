/** What a run asks once, how much it asks at once, and that a slow or dead server costs the others nothing. */
import { describe, expect, it } from 'vitest';

import { openGate } from '../../../src/effects/dns/gate.ts';
import { newServerHealth } from '../../../src/effects/dns/server-health.ts';
import { shareByKey } from '../../../src/effects/dns/shared.ts';
import { authority, inShort, resolverOf, server, signal } from './dns-world.ts';

describe('one run', () => {
  it('asks once, however often and at whatever time a name is looked up', async () => {
    const ns1 = await authority();
    const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] } });
    const lookups = await Promise.all([1, 2, 3].map(() => resolver.lookup('a.example.com', 'TXT', signal)));
    await resolver.lookup('A.EXAMPLE.COM.', 'TXT', signal);
    expect(new Set(lookups).size).toBe(1);
    expect(ns1.queries).toHaveLength(1);
    await resolver.lookup('a.example.com', 'MX', signal);
    expect(ns1.queries).toHaveLength(2);
  });

  it('does not wait for a dead server with the questions to others', async () => {
    const [dead, alive] = [await authority(), await server()];
    dead.fault = 'silent';
    alive.zones.addZone('example.net');
    const resolver = resolverOf(
      { authorities: { 'example.com': [dead.address], 'example.net': [alive.address] }, concurrency: 10 },
      { timeoutMs: 2000 },
    );
    const blocked = Array.from({ length: 100 }, (_, index) => resolver.lookup(`n${index}.example.com`, 'TXT', signal));
    const began = performance.now();
    for (let index = 0; index < 20; index++) await resolver.lookup(`n${index}.example.net`, 'TXT', signal);
    expect(performance.now() - began).toBeLessThan(1500);
    await resolver.close();
    expect((await Promise.all(blocked)).flatMap(inShort).every((said) => said.startsWith('DNS_'))).toBe(true);
  });

  it('does not give up a resolver that is silent on the names of dead zones', async () => {
    const last = await server({ isResolver: true });
    for (let index = 0; index < 30; index++) last.faults.set(`n${index}.test`, 'silent');
    const resolver = resolverOf({ resolvers: [last.address] }, { timeoutMs: 500, tries: 1 });
    const blocked = Array.from({ length: 30 }, (_, index) => resolver.lookup(`n${index}.test`, 'TXT', signal));
    const began = performance.now();
    expect(inShort(await resolver.lookup('a.test', 'TXT', signal))).toEqual(['no data']);
    expect(performance.now() - began).toBeLessThan(500);
    expect((await Promise.all(blocked)).flatMap(inShort)).toContain('DNS_TIMEOUT');
    expect(inShort(await resolver.lookup('b.test', 'TXT', signal))).toEqual(['no data']);
  });

  it('asks a dead server less and less', async () => {
    const ns1 = await authority();
    ns1.fault = 'silent';
    const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] } }, { timeoutMs: 20 });
    for (let index = 0; index < 100; index++) {
      expect(inShort(await resolver.lookup(`n${index}.example.com`, 'TXT', signal))[0]).toBe('DNS_TIMEOUT');
    }
    // Two tries for the first question, one for the next seven, then it rests.
    expect(ns1.queries).toHaveLength(9);
  });

  it('has no more questions under way than `concurrency`, half of it to one server', async () => {
    const ns1 = await authority();
    ns1.delayMs = 30;
    const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] }, concurrency: 4 }, { timeoutMs: 2000 });
    const began = performance.now();
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => resolver.lookup(`n${index}.example.com`, 'TXT', signal)),
    );
    expect(performance.now() - began).toBeGreaterThan(5 * 30 - 10);
  });
});

describe('a signal', () => {
  it('ends the wait of one caller with its reason and not that of another', async () => {
    const ns1 = await authority();
    ns1.delayMs = 60;
    const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] } }, { timeoutMs: 2000 });
    const stop = new AbortController();
    const both = [
      resolver.lookup('a.example.com', 'TXT', stop.signal),
      resolver.lookup('a.example.com', 'TXT', signal),
    ] as const;
    stop.abort(new Error('enough'));
    await expect(both[0]).rejects.toThrow('enough');
    expect(inShort(await both[1])).toEqual(['"one"']);
    await expect(resolver.addresses('a.example.com', stop.signal)).rejects.toThrow('enough');
  });
});

describe('close', () => {
  it('ends what is under way as failed, over UDP and TCP, and answers nothing after', async () => {
    const [silent, cut] = [await authority(), await server()];
    silent.fault = 'silent';
    cut.fault = 'truncated-then-silent';
    const authorities = { 'example.com': [silent.address], 'example.net': [cut.address] };
    const resolver = resolverOf({ authorities }, { timeoutMs: 20_000 });
    const lookups = ['a.example.com', 'a.example.net'].map((name) => resolver.lookup(name, 'TXT', signal));
    await expect.poll(() => cut.queries.length).toBe(2);
    await resolver.close();
    for (const said of (await Promise.all(lookups)).flatMap(inShort)) expect(said).toBe('DNS_UNREACHABLE');
    expect(inShort(await resolver.lookup('b.example.com', 'TXT', signal))[0]).toBe('DNS_UNREACHABLE');
    await resolver.close();
  });
});

describe('newServerHealth', () => {
  it('gives few places until the first answer and after a time-out', () => {
    const health = newServerHealth(128, 2);
    expect([health.places(), health.tries()]).toEqual([8, 2]);
    health.answered();
    expect([health.places(), health.tries()]).toEqual([128, 2]);
    health.timedOut();
    expect([health.places(), health.tries()]).toEqual([8, 1]);
    health.answered();
    expect([health.places(), health.tries()]).toEqual([128, 2]);
  });

  it('rests for ten seconds after eight failures without an answer between', () => {
    const health = newServerHealth(128, 2);
    for (let index = 0; index < 7; index++) health.failed(1000);
    expect(health.isResting(1000)).toBe(false);
    health.failed(1000);
    expect([health.isResting(1000), health.isResting(10_999), health.isResting(11_000)]).toEqual([true, true, false]);
    health.failed(11_000);
    expect(health.isResting(11_000)).toBe(true);
    health.answered();
    expect(health.isResting(11_000)).toBe(false);
    // It counts anew.
    health.failed(11_000);
    expect(health.isResting(11_000)).toBe(false);
  });
});

describe('openGate', () => {
  it('lets in as many as the limit says at the time, in order, also after an error', async () => {
    let limit = 1;
    const gate = openGate(() => limit);
    const order: number[] = [];
    const release: (() => void)[] = [];
    const enter = (index: number): Promise<void> =>
      gate.run(() => {
        order.push(index);
        return new Promise<void>((resolve) => release.push(resolve));
      });
    const all = [0, 1, 2].map(enter);
    const failing = gate.run(() => Promise.reject(new Error('inside')));
    await Promise.resolve();
    expect(order).toEqual([0]);
    limit = 4;
    release[0]?.();
    await expect(failing).rejects.toThrow('inside');
    expect(order).toEqual([0, 1, 2]);
    release.forEach((one) => one());
    await Promise.all(all);
  });
});

describe('shareByKey', () => {
  it('forgets what was not asked for longest when there is too much', async () => {
    const done: string[] = [];
    const share = shareByKey(async (key) => done.push(key));
    await share('often');
    for (let index = 0; index < 25_000; index++) {
      await share(`n${index}`);
      if (index % 1000 === 0) await share('often');
    }
    await share('n0');
    expect(done.filter((key) => key === 'often')).toHaveLength(1);
    expect(done.filter((key) => key === 'n0')).toHaveLength(2);
  });
});
