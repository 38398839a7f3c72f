/** Rules that a delegated id, a second proof and somebody else's policy host bring in (rules 5 and 7). */
import { describe, expect, it } from 'vitest';
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
