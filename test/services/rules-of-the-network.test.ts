/** Rules that a delegated id, a second proof and somebody else's policy host bring in (rules 5 and 7). */
import { describe, expect, it } from 'vitest';
import { TableNetwork } from '../support/table-network.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const SHARED = 'id.sts.example.net';

function delegatedTo(name: string, ...domains: readonly string[]): World {
  const cnames = domains.map((domain) => {
    return { name: `_mta-sts.${domain}`, type: 'CNAME', ttlSeconds: 300, rdata: [`${name}.`] } as const;
  });
  return new World([...domains.map((domain) => mxSet(domain, [`mx1.${domain}`])), ...cnames]);
}

describe('rule 7, idRecord', () => {
  it('writes the id at the name that the YAML states, and nowhere else', async () => {
    const world = delegatedTo(SHARED, D);
    const report = theDomain(await world.sync([wantedDomain(D, { idRecord: SHARED })]));
    expect(report.status).toBe('changed');
    expect(world.txt(SHARED)).toHaveLength(1);
    expect(world.txt(`_mta-sts.${D}`)).toEqual([]);
  });

  it('holds two domains that end at one name and want different policies', async () => {
    const world = delegatedTo(SHARED, D, 'example.org');
    const wanted = [D, 'example.org'].map((domain) => wantedDomain(domain, { idRecord: SHARED }));
    const report = await world.sync(wanted);
    for (const plan of report.domains) {
      expect(plan.status).toBe('held');
      expect(plan.steps.filter((step) => step.outcome === 'held')[0]?.guard).toBe('shared-id-record');
    }
    expect(world.txt(SHARED)).toEqual([]);
  });

  it('lets two domains share a name for the same policy', async () => {
    const world = delegatedTo(SHARED, D, 'example.org');
    const wanted = [D, 'example.org'].map((domain) =>
      wantedDomain(domain, { idRecord: SHARED, mx: ['mx.example.net'] }),
    );
    const report = await world.dryRun(wanted);
    expect(report.domains.flatMap((plan) => plan.steps).filter((step) => step.guard === 'shared-id-record')).toEqual(
      [],
    );
  });
});

describe('rule 6, while the policy host cannot be fetched', () => {
  it.each([
    ['at one of its addresses', (body: string | null) => [body, null]],
    ['at all', () => [null]],
  ])('keeps the patterns that were announced: %s', async (_where, bodies) => {
    const world = new World([mxSet(D, [`mx1.${D}`, `mx2.${D}`])]);
    const internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
    world.network = internet.network;
    const publisher = { ...wantedDomain(D).publisher, type: 'directory', directory: '/www', proof: 'https' } as const;
    const enforce = (...mx: readonly string[]) => {
      const allow = new Set(['testing-before-enforce'] as const);
      return [wantedDomain(D, { observe: 'dns', publisher, mode: 'enforce', mx, allow })];
    };
    await world.sync(enforce(`mx1.${D}`, `mx2.${D}`));
    internet.bodies = (host) => bodies(world.files.get(host) ?? null);
    await world.later(7 * 86_400).sync(enforce(`mx1.${D}`));
    expect(world.body(D)).toContain(`mx: mx2.${D}`);
  });
});

describe('rule 5, publisher.spread', () => {
  it('announces only after a second proof that long after the first', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const wanted = [wantedDomain(D, { publisher: { ...wantedDomain(D).publisher, spreadSeconds: 60 } })];
    const first = theDomain(await world.sync(wanted));
    expect(first.status).toBe('waiting');
    expect(first.steps.at(-1)).toMatchObject({
      guard: 'served-before-id',
      notBefore: new Date('2026-11-24T12:01:00Z'),
    });
    expect(world.id(D)).toBeUndefined();
    await world.later(59).sync(wanted);
    expect(world.id(D)).toBeUndefined();
    await world.later(1).sync(wanted);
    expect(world.id(D)).toBeDefined();
  });
});

describe('rule 5, moving the policy host while a name server lags', () => {
  const DAY = 86_400;

  it('keeps body and id until the TTL of the old record has passed everywhere, counted from the first look at which no server showed it', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
    world.network = internet.network;
    const proved = { type: 'directory', directory: '/www', proof: 'https' } as const;
    const publisher = { ...wantedDomain(D).publisher, ...proved };
    await world.sync([wantedDomain(D, { observe: 'dns', publisher })]);
    const id = world.id(D);
    // From now on the name servers show what was there before the move.
    internet.sets = new Map(world.sets);
    const target = { kind: 'addresses', addresses: ['192.0.2.7'] } as const;
    const moved = [wantedDomain(D, { observe: 'dns', publisher: { ...publisher, target }, maxAgeSeconds: 2 * DAY })];
    await world.later(60).sync(moved);
    for (let run = 0; run < 5; run++) {
      expect(theDomain(await world.later(400).sync(moved)).status).toBe('waiting');
      expect(world.id(D)).toBe(id);
    }
    internet.sets = world.sets;
    // All show the new one now; a resolver may have got the old one just before.
    expect(theDomain(await world.later(400).sync(moved)).status).toBe('waiting');
    expect(theDomain(await world.later(299).sync(moved)).status).toBe('waiting');
    expect(world.id(D)).toBe(id);
    expect(theDomain(await world.later(2).sync(moved)).status).toBe('changed');
    expect(world.id(D)).not.toBe(id);
    expect(world.memories.get(D)).toMatchObject({ hostSettledAt: null, hostTtlSeconds: 0 });
  });

  it('is over for good: a server that fails later holds up nothing', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const publisher = { ...wantedDomain(D).publisher };
    await world.sync([wantedDomain(D)]);
    const target = { kind: 'addresses', addresses: ['192.0.2.7'] } as const;
    const moved = { publisher: { ...publisher, target } };
    await world.later(60).sync([wantedDomain(D, moved)]);
    await world.later(400).sync([wantedDomain(D, moved)]);
    expect(world.memories.get(D)?.hostSettledAt).toBeNull();
  });
});
