/** Conformance: every change is made once, keeps its neighbours, has nothing left to do the second time, and can be taken back. */
import { describe, expect, it } from 'vitest';

import {
  diffRecordSets,
  recordKey,
  sameRecordSet,
  txtSet,
  type RecordChange,
  type RecordSet,
} from '../../src/core/record-set.ts';
import { changeCases, neighbours, tortureCases, type Case } from './cases.ts';
import { apply, readableKeys, readOne, readSets, type Start, type Subject } from './subject.ts';

function cases(zone: string): readonly Case[] {
  return [...tortureCases(zone), ...changeCases(zone)];
}

export function describeChanges(start: Start): void {
  describe('makes the change, twice, keeps the neighbours, and takes it back:', () => {
    const titles = cases('zone.test').map(({ title }, at) => [title, at] as const);
    it.each(titles)('%s', async (_, at) => {
      const subject = await start((zone) => [...neighbours(zone), ...(cases(zone)[at]?.before ?? [])]);
      const { before, after } = cases(subject.zone)[at] ?? { before: [], after: [] };
      const keys = [...before, ...after];

      const found = await readSets(subject, keys);
      expect(diffRecordSets(found, adjusted(subject, before))).toEqual([]);
      const changes = deletesFirst(diffRecordSets(found, after));
      await apply(subject, changes);
      expect(diffRecordSets(await readSets(subject, keys), adjusted(subject, after))).toEqual([]);
      expect(await lostNeighbours(subject)).toEqual([]);

      // The second time is quiet, and writes nothing.
      const written = await subject.snapshot();
      await apply(subject, changes);
      expect(await subject.snapshot()).toBe(written);

      await apply(subject, deletesFirst(diffRecordSets(await readSets(subject, keys), before)));
      expect(diffRecordSets(await readSets(subject, keys), adjusted(subject, before))).toEqual([]);
      expect(await lostNeighbours(subject)).toEqual([]);
    });
  });

  it('adjusts without side effects, and the same way twice', async () => {
    const { provider, zone } = await start();
    const set = txtSet(`_mta-sts.${zone}`, 1, ['x']);
    const adjustedOnce = provider.adjust(set);
    expect({ ...adjustedOnce, ttlSeconds: 1 }).toEqual(set);
    expect(provider.adjust(adjustedOnce)).toEqual(adjustedOnce);
  });
}

function adjusted({ provider }: Subject, sets: readonly RecordSet[]): readonly RecordSet[] {
  return sets.map((set) => provider.adjust(set));
}

async function lostNeighbours(subject: Subject): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const set of readableKeys(subject, neighbours(subject.zone))) {
    const now = await readOne(subject, set);
    if (!sameRecordSet(now, subject.provider.adjust(set))) lost.push(recordKey(set));
  }
  return lost;
}

/** A CNAME makes room for addresses before they come, and the reverse (contract, apply). */
function deletesFirst(changes: readonly RecordChange[]): readonly RecordChange[] {
  return [...changes.filter(({ after }) => after === null), ...changes.filter(({ after }) => after !== null)];
}
