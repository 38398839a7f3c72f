/** Rule 12: steady state costs no provider API call. A provider over a network (`isReadLocal: false`) that counts what it is asked. */
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../providers/memory/provider.ts';
import type { DomainConfig } from '../../src/core/config/model.ts';
import { type RecordSet, txtSet } from '../../src/core/record-set.ts';
import { TableNetwork } from '../support/table-network.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';

interface Counted {
  readonly world: World;
  readonly internet: TableNetwork;
  /** What the provider and DNS have, by `recordKey`. */
  readonly sets: Map<string, RecordSet>;
  /** Calls to the API since the last time it was asked for. */
  readonly calls: () => readonly string[];
}

function wantedWith(rest: Partial<DomainConfig> = {}, domain = D): DomainConfig {
  const providers = { kind: 'all', names: ['remote'] } as const;
  const publisher = { ...wantedDomain(D).publisher, type: 'directory', directory: '/www', proof: 'https' } as const;
  return wantedDomain(domain, { observe: 'dns', providers, publisher, ...rest });
}

/** Served and in sync. */
async function steadyWorld(wanted: readonly DomainConfig[] = [wantedWith()]): Promise<Counted> {
  const world = new World();
  const sets = new Map<string, RecordSet>();
  const records = wanted.map(({ domain }) => mxSet(domain, [`mx1.${domain}`]));
  const inner = openMemory(null, records, sets);
  const calls: string[] = [];
  const count = <T>(call: string, answer: T): T => {
    calls.push(call);
    return answer;
  };
  world.others.set('remote', {
    ...inner,
    capabilities: { ...inner.capabilities, isReadLocal: false },
    read: (keys, signal) => count('read', inner.read(keys, signal)),
    exists: async (name, signal) => count('exists', (await inner.exists?.(name, signal)) ?? false),
    apply: (changes, signal) => count('apply', inner.apply(changes, signal)),
  });
  const internet = new TableNetwork(sets, (host) => [world.files.get(host) ?? null]);
  world.network = internet.network;
  await world.sync(wanted);
  return { world: world.later(3600), internet, sets, calls: () => calls.splice(0) };
}

describe('a domain in sync', () => {
  it('costs its provider no call, dry or not, however many there are', async () => {
    const wanted = Array.from({ length: 200 }, (_, index) => wantedWith({}, `d${index}.example`));
    const { world, calls } = await steadyWorld(wanted);
    expect(calls()).not.toEqual([]);
    for (const report of [await world.dryRun(wanted), await world.sync(wanted), await world.later(86_400).sync(wanted)])
      expect(new Set(report.domains.map((plan) => plan.status))).toEqual(new Set(['in sync']));
    expect(calls()).toEqual([]);
  });

  it('costs none while it waits for a date, or for somebody else', async () => {
    const enforce = [wantedWith({ mode: 'enforce' })];
    const waiting = await steadyWorld(enforce);
    waiting.calls();
    expect(theDomain(await waiting.world.sync(enforce)).status).toBe('waiting');
    expect(waiting.calls()).toEqual([]);
    const absent = [wantedWith({ absent: true })];
    await waiting.world.sync(absent);
    waiting.calls();
    expect(theDomain(await waiting.world.later(60).sync(absent)).status).toBe('waiting');
    expect(waiting.calls()).toEqual([]);
  });
});

describe('the provider is asked', () => {
  const host = `mta-sts.${D} CNAME`;
  it.each<readonly [string, (counted: Counted) => void]>([
    ['a record is gone', ({ sets }) => void sets.delete(host)],
    [
      'a record says something else',
      ({ sets }) =>
        void sets.set(`_smtp._tls.${D} TXT`, txtSet(`_smtp._tls.${D}`, 300, ['v=TLSRPTv1; rua=mailto:x@y'])),
    ],
    [
      'a TTL is another one',
      ({ sets }) => {
        for (const [key, set] of sets) if (key === host) sets.set(key, { ...set, ttlSeconds: 60 });
      },
    ],
    ['no name server answers with authority', ({ internet }) => void (internet.isAuthoritative = false)],
  ])('once for a look where %s', async (_what, differ) => {
    const counted = await steadyWorld();
    const { world, calls } = counted;
    const id = counted.sets.get(`_mta-sts.${D} TXT`);
    calls();
    differ(counted);
    await world.dryRun([wantedWith()]);
    expect(calls()).toEqual(['read']);
    await world.sync([wantedWith()]);
    counted.internet.isAuthoritative = true;
    calls();
    expect(theDomain(await world.later(60).sync([wantedWith()])).status).toBe('in sync');
    expect(calls()).toEqual([]);
    expect(counted.sets.get(`_mta-sts.${D} TXT`)).toEqual(id);
  });

  it('once for a look of `observe: provider`, beside the MX', async () => {
    const wanted = [wantedWith({ observe: 'provider' })];
    const { world, sets, calls } = await steadyWorld(wanted);
    calls();
    expect(theDomain(await world.sync(wanted)).status).toBe('in sync');
    expect(calls()).toEqual(['read', 'read']);
    // What it said already is not asked again because something differs.
    sets.delete(host);
    expect(theDomain(await world.dryRun(wanted)).status).toBe('drift');
    expect(calls()).toEqual(['read', 'read']);
  });

  it('at its own domains alone', async () => {
    const wanted = [wantedWith(), wantedWith({}, 'example.org')];
    const { world, sets, calls } = await steadyWorld(wanted);
    calls();
    sets.delete(host);
    await world.dryRun(wanted);
    expect(calls()).toEqual(['read']);
  });
});
