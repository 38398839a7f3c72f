/** Conformance: what a read answers, and that it changes nothing. */
import { describe, expect, it } from 'vitest';

import { recordKey, sameRecordSet, txtSet, type RecordKey, type RecordSet } from '../../src/core/record-set.ts';
import { readOnly } from '../../src/provider.ts';
import { neighbours } from './cases.ts';
import { apply, codeOf, exists, readableKeys, readOne, readSets, type Start } from './subject.ts';

const signal = new AbortController().signal;

export function describeReads(start: Start): void {
  describe('reads', () => {
    it('only what is there: a key without a set is left out, also beside other types and above names', async () => {
      const subject = await start(neighbours);
      const name = `www.${subject.zone}`;
      const keys: RecordKey[] = [
        { name, type: 'TXT' },
        { name, type: 'AAAA' },
        { name, type: 'CNAME' },
        { name: `other.${subject.zone}`, type: 'TXT' },
      ];
      expect((await readSets(subject, keys)).map(recordKey)).toEqual([`${name} AAAA`]);
      expect(await readSets(subject, [])).toEqual([]);
    });

    it('a CNAME for the key CNAME alone, names absolute and in lower case however they are stored', async () => {
      const subject = await start();
      const name = `mta-sts.${subject.zone}`;
      const key: RecordKey = { name, type: 'CNAME' };
      const rdata = ['Policies.Example.NET.'];
      await subject.put(key, { name: `MTA-STS.${subject.zone}`, type: 'CNAME', ttlSeconds: 300, rdata });
      expect(await readOne(subject, key)).toMatchObject({ name, rdata: ['policies.example.net.'] });
      expect(await readOne(subject, { name, type: 'TXT' })).toBe(null);
      expect(await readOne(subject, { name, type: 'A' })).toBe(null);
    });

    it('what somebody else wrote a moment ago', async () => {
      const subject = await start();
      for (const value of ['first', 'again', 'third']) {
        const set = txtSet(`_mta-sts.${subject.zone}`, 300, [value]);
        await subject.put(set, set);
        expect(sameRecordSet(await readOne(subject, set), subject.provider.adjust(set))).toBe(true);
      }
      const key: RecordKey = { name: `_mta-sts.${subject.zone}`, type: 'TXT' };
      await subject.put(key, null);
      expect(await readOne(subject, key)).toBe(null);
    });

    it('not what a wildcard would make, above a name or below it', async () => {
      const subject = await start(neighbours);
      const { zone } = subject;
      const key = (label: string): RecordKey => ({ name: `${label}.${zone}`, type: 'TXT' });
      const put = async (label: string): Promise<void> =>
        subject.put(key(label), txtSet(`${label}.${zone}`, 300, [label]));
      await put('*');
      await put('*.below');
      await put('here');
      const keys = ['made', 'a.made', 'below', 'made.below', 'here', 'www'].map(key);
      expect((await readSets(subject, keys)).map(({ name }) => name)).toEqual([`here.${zone}`]);
      if (subject.provider.capabilities.canReadMx) {
        expect(await exists(subject, `made.${zone}`)).toBe(false);
        expect(await exists(subject, `below.${zone}`)).toBe(true);
        expect(await exists(subject, `here.${zone}`)).toBe(true);
      }
      // What is written over a wildcard stands, and can be taken away again.
      const set = txtSet(`made.${zone}`, 300, ['v=STSv1; id=1;']);
      await apply(subject, [{ ...set, before: null, after: set }]);
      expect((await readOne(subject, set))?.rdata).toEqual(set.rdata);
      await apply(subject, [{ ...set, before: set, after: null }]);
      expect(await readOne(subject, set)).toBe(null);
    });

    it('no name outside its zones: ZONE_NOT_FOUND, for reading and for writing', async () => {
      const subject = await start();
      const set = txtSet(subject.nameOutside, 300, ['x']);
      expect(await codeOf(readSets(subject, [set]))).toBe('ZONE_NOT_FOUND');
      expect(await codeOf(apply(subject, [{ ...set, before: null, after: set }]))).toBe('ZONE_NOT_FOUND');
    });

    it('MX in lower case and absolute, null MX too', async ({ skip }) => {
      const subject = await start(neighbours);
      const { provider, zone } = subject;
      skip(!provider.capabilities.canReadMx, 'canReadMx is false');
      const mx: RecordKey = { name: zone, type: 'MX' };
      expect((await readOne(subject, mx))?.rdata.toSorted()).toEqual([`10 mx1.${zone}.`, '20 mx2.example.net.']);
      const putMx = async (...rdata: string[]) => subject.put(mx, { ...mx, ttlSeconds: 60, rdata });
      await putMx('0 .');
      expect((await readOne(subject, mx))?.rdata).toEqual(['0 .']);
      await putMx('10 MX.Example.ORG.');
      expect((await readOne(subject, mx))?.rdata).toEqual(['10 mx.example.org.']);
    });

    it('whether a name exists, empty non-terminals too (RFC 8020 §2)', async ({ skip }) => {
      const subject = await start(neighbours);
      const { provider, zone } = subject;
      expect(provider.exists !== undefined).toBe(provider.capabilities.canReadMx);
      skip(!provider.capabilities.canReadMx, 'canReadMx is false');
      const names = ['www', 'other', 'ther', 'a.www', 'nothing'].map((label) => `${label}.${zone}`);
      const answers: (boolean | undefined)[] = [];
      for (const name of names) answers.push(await exists(subject, name));
      expect(answers).toEqual([true, true, false, false, false]);
      expect(await exists(subject, zone)).toBe(true);
      expect(await codeOf(exists(subject, subject.nameOutside))).toBe('ZONE_NOT_FOUND');
    });

    it('and as a reader has no way to write: a dry run changes nothing (rule 11)', async () => {
      const subject = await start(neighbours);
      const reader = readOnly(subject.provider);
      expect('apply' in reader).toBe(false);
      const stored = await subject.snapshot();
      const keys = readableKeys(subject, neighbours(subject.zone));
      const sets: readonly RecordSet[] = await reader.read(keys, signal);
      expect(sets.map(recordKey).toSorted()).toEqual(keys.map(recordKey).toSorted());
      expect(await reader.exists?.(`www.${subject.zone}`, signal)).toBe(await exists(subject, `www.${subject.zone}`));
      for (const set of sets) reader.adjust(set);
      await reader.close();
      expect(await subject.snapshot()).toBe(stored);
    });
  });
}
