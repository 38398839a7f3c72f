/**
 * Rule 1: where no authoritative server can be reached, the resolver is asked. Its words show drift; they never narrow, remove, rotate or end a
 * wait. One test a verb, each with the same world once more where a name server says it, to see that it would have happened.
 */
import { describe, expect, it } from 'vitest';
import type { DomainConfig } from '../../src/core/config/model.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import type { RecordSet } from '../../src/core/record-set.ts';
import { TableNetwork } from '../support/table-network.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const [MX1, MX2, MX3] = [`mx1.${D}`, `mx2.${D}`, `mx3.${D}`];
const day = 86_400;

function wantedWith(rest: Partial<DomainConfig> = {}): readonly DomainConfig[] {
  const allow = new Set(['testing-before-enforce'] as const);
  const publisher = { ...wantedDomain(D).publisher, type: 'directory', directory: '/www', proof: 'https' } as const;
  return [wantedDomain(D, { observe: 'dns', publisher, mx: [MX1, MX2], allow, ...rest })];
}

/** In sync, over name servers that answer; DNS shows what the provider has. */
async function servedWorld(wanted: readonly DomainConfig[]): Promise<{ world: World; internet: TableNetwork }> {
  const world = new World([mxSet(D, [MX1, MX2])]);
  const internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
  world.network = internet.network;
  await world.sync(wanted);
  world.writes.length = 0;
  return { world, internet };
}

/** Hosts, or a kind of nothing. */
type Said = readonly string[] | 'null MX' | 'no MX' | 'NXDOMAIN';

/** From now on `said` by a resolver alone, or by a name server; the provider stays as it is. */
function says(world: World, internet: TableNetwork, isAuthoritative: boolean, mx: Said): void {
  const shown = new Map<string, RecordSet>(mx === 'NXDOMAIN' ? [] : world.sets);
  shown.delete(`${D} MX`);
  if (mx === 'null MX') shown.set(`${D} MX`, { ...mxSet(D, []), rdata: ['0 .'] });
  else if (typeof mx !== 'string') shown.set(`${D} MX`, mxSet(D, mx));
  internet.sets = shown;
  internet.isAuthoritative = isAuthoritative;
}

function patternsOf(world: World): readonly string[] {
  const policy = parsePolicy(world.body(D) ?? '');
  return policy.ok ? policy.value.mx : [];
}

function codes(plan: DomainPlan): readonly string[] {
  return plan.findings.map((finding) => finding.code);
}

describe('what only a resolver says', () => {
  it('shows drift, with the finding NOT_AUTHORITATIVE', async () => {
    const { world, internet } = await servedWorld(wantedWith());
    says(world, internet, false, [MX1, MX2, MX3]);
    const plan = theDomain(await world.later(day).sync(wantedWith()));
    expect(plan.status).toBe('drift');
    expect(plan.mx.uncovered).toEqual([MX3]);
    expect(codes(plan)).toContain('NOT_AUTHORITATIVE');
    expect(world.writes).toEqual([]);
  });

  it.each<Said>([[MX1], 'null MX', 'no MX', 'NXDOMAIN'])('narrows no enforced policy: %s', async (mx) => {
    for (const isAuthoritative of [false, true]) {
      const { world, internet } = await servedWorld(wantedWith({ mode: 'enforce' }));
      const narrow = wantedWith({ mode: 'enforce', mx: [MX1] });
      says(world, internet, isAuthoritative, mx);
      // Long after the MX TTL, so that a name server that is believed has its way in the second run.
      await world.later(7 * day).sync(narrow);
      const plan = theDomain(await world.later(7 * day).sync(narrow));
      expect([isAuthoritative, patternsOf(world)]).toEqual([isAuthoritative, isAuthoritative ? [MX1] : [MX1, MX2]]);
      expect(codes(plan).includes('NOT_AUTHORITATIVE')).toBe(!isAuthoritative);
    }
  });

  it.each([
    ['drops no host', [MX1], [MX1]],
    ['takes no host in', [MX1, MX2, MX3], [MX1, MX2, MX3]],
  ])('rotates nothing for `mx: live`: it %s', async (_what, said, believed) => {
    for (const isAuthoritative of [false, true]) {
      const { world, internet } = await servedWorld(wantedWith({ mx: 'live' }));
      const id = world.id(D);
      says(world, internet, isAuthoritative, said);
      await world.later(7 * day).sync(wantedWith({ mx: 'live' }));
      await world.later(7 * day).sync(wantedWith({ mx: 'live' }));
      expect(patternsOf(world)).toEqual(isAuthoritative ? believed : [MX1, MX2]);
      expect(world.id(D) === id).toBe(!isAuthoritative);
    }
  });

  it('removes nothing: that the records are gone there does not end the wait of a removal', async () => {
    const { world, internet } = await servedWorld(wantedWith());
    const absent = wantedWith({ absent: true });
    await world.later(60).sync(absent);
    const id = world.id(D);
    world.writes.length = 0;
    internet.sets = new Map();
    internet.isAuthoritative = false;
    const plan = theDomain(await world.later(60).sync(absent));
    expect(plan.steps.filter((step) => step.kind === 'delete')).toEqual([]);
    expect(plan.steps.map((step) => step.guard)).toContain('removal-waits-for-caches');
    expect(world.writes).toEqual([]);
    expect(world.id(D)).toBe(id);
  });

  it('ends no wait: an id that the resolver shows is not taken for announced', async () => {
    for (const isAuthoritative of [false, true]) {
      const { world, internet } = await servedWorld(wantedWith());
      // DNS lags: what was just written is not shown yet, so the old id is still out.
      internet.sets = new Map(world.sets);
      const longer = wantedWith({ maxAgeSeconds: 2 * day });
      expect(theDomain(await world.later(60).sync(longer)).status).toBe('waiting');
      internet.sets = world.sets;
      internet.isAuthoritative = isAuthoritative;
      const plan = theDomain(await world.later(60).sync(longer));
      expect(plan.status).toBe(isAuthoritative ? 'in sync' : 'waiting');
      const last = world.memories.get(D)?.history.at(-1);
      expect([isAuthoritative, last?.rotatedAt]).toEqual([isAuthoritative, isAuthoritative ? world.now : null]);
    }
  });

  it('ends no wait: an id that is written meanwhile is not taken for announced either', async () => {
    const { world, internet } = await servedWorld(wantedWith());
    internet.isAuthoritative = false;
    const plan = theDomain(await world.later(60).sync(wantedWith({ maxAgeSeconds: 2 * day })));
    expect(plan.status).toBe('waiting');
    expect(world.memories.get(D)?.history.at(-1)).toMatchObject({ id: world.id(D), rotatedAt: null });
  });

  it('ends no wait: a host that it does not show counts from when a name server does not', async () => {
    const { world, internet } = await servedWorld(wantedWith({ mode: 'enforce' }));
    const narrow = wantedWith({ mode: 'enforce', mx: [MX1] });
    says(world, internet, false, [MX1]);
    await world.later(day).sync(narrow);
    says(world, internet, true, [MX1]);
    expect(theDomain(await world.later(day).sync(narrow)).status).toBe('waiting');
    expect(patternsOf(world)).toEqual([MX1, MX2]);
    await world.later(3600).sync(narrow);
    expect(patternsOf(world)).toEqual([MX1]);
  });

  it('frees no guard: enforce waits until a name server shows the MX', async () => {
    for (const isAuthoritative of [false, true]) {
      const { world, internet } = await servedWorld(wantedWith());
      says(world, internet, isAuthoritative, [MX1]);
      const plan = theDomain(await world.later(7 * day).sync(wantedWith({ mode: 'enforce' })));
      expect(plan.steps.some((step) => step.guard === 'source-readable')).toBe(!isAuthoritative);
      expect(world.body(D)?.includes('mode: enforce')).toBe(isAuthoritative);
    }
  });

  it('stops no repair: widening and a missing record go on', async () => {
    const { world, internet } = await servedWorld(wantedWith({ mode: 'enforce' }));
    const id = world.id(D);
    world.sets.delete(`_mta-sts.${D} TXT`);
    says(world, internet, false, [MX1, MX2]);
    await world.later(60).sync(wantedWith({ mode: 'enforce' }));
    expect(world.id(D)).toBe(id);
    await world.later(60).sync(wantedWith({ mode: 'enforce', mx: [MX1, MX2, MX3] }));
    expect(patternsOf(world)).toEqual([MX1, MX2, MX3]);
  });
});
