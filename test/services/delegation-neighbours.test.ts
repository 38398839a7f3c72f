/** Two customers of one zone never disturb each other, whatever CNAMEs one of them sets. */
import { describe, expect, it } from 'vitest';
import type { DomainConfig } from '../../src/core/config/model.ts';
import { D, delegated, LABELS, Town, ZONE } from './delegation-rig.ts';

const D2 = 'example.org';

async function townWithOneOn(rest: Partial<DomainConfig> = {}): Promise<Town> {
  const town = new Town([D, D2]).setAll();
  await town.sync(delegated(D, rest));
  return town;
}

describe('a hostile or mistaken customer', () => {
  it.each([
    ['another policy', {}],
    ['the same policy', { mx: [`mx1.${D}`, `mx1.${D2}`] }],
  ])(
    'who leads all names to those of a neighbour, with %s, is not on, and the neighbour stays as it was',
    async (_what, rest) => {
      const town = await townWithOneOn(rest);
      const both = [delegated(D, rest), delegated(D2, rest)];
      const before = LABELS.map((label) => town.written(label));
      for (const label of LABELS) town.set(label, D2, `${label}.${D}.${ZONE}`);
      for (let run = 0; run < 3; run++) {
        const [first, second] = await town.plans(...both);
        expect(first?.status).toBe('in sync');
        expect(second?.status).toBe('waiting');
        expect(second?.findings.filter((one) => one.code === 'DELEGATION_WRONG')).toHaveLength(3);
        expect(second?.findings.map((one) => one.message).join()).toContain('the name of another domain');
      }
      expect(LABELS.map((label) => town.written(label))).toEqual(before);
      expect(town.written('_mta-sts', D2)).toEqual([]);
      expect(town.strays()).toEqual([]);
    },
  );

  it.each(LABELS)('who leads %s alone to a neighbour waits for it', async (label) => {
    const town = await townWithOneOn();
    town.setAll(D2).set(label, D2, `${label}.${D}.${ZONE}`);
    const [first, second] = await town.plans(delegated(D), delegated(D2));
    expect(first?.status).toBe('in sync');
    expect(second?.status).toBe('waiting');
    expect(town.written('_mta-sts', D2)).toEqual([]);
  });

  it('who leaves takes nothing of a neighbour along', async () => {
    const town = await townWithOneOn();
    town.setAll(D2);
    await town.plans(delegated(D), delegated(D2));
    for (const label of LABELS) town.set(label, D2, `${label}.${D}.${ZONE}`);
    const both = [delegated(D), delegated(D2, { released: true })] as const;
    await town.plans(...both);
    town.world.later(100_000);
    await town.plans(...both);
    expect(town.written('_mta-sts', D2)).toEqual([]);
    expect(town.written('_mta-sts', D)).toHaveLength(1);
    expect((await town.plans(...both)).map((plan) => plan.status)).toEqual(['in sync', 'in sync']);
  });
});
