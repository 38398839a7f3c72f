/**
 * The conformance suite: what `src/provider.ts` promises, tried on any provider. It knows no provider by name; where they may differ, their
 * capabilities say what is expected. A provider's test file calls {@link describeProvider} and nothing else (see memory.test.ts).
 */
import { afterEach, describe, expect, it } from 'vitest';

import { StsyncError } from '../../src/core/error.ts';
import {
  diffRecordSets,
  recordKey,
  sameRdata,
  sameRecordSet,
  txtSet,
  type RecordChange,
  type RecordKey,
  type RecordSet,
} from '../../src/core/record-set.ts';
import { readOnly, type Capabilities, type Provider } from '../../src/provider.ts';
import { changeCases, neighbours, tortureCases } from './cases.ts';

/** One provider on one zone of its own, and the ways around the provider that the suite needs. */
export interface Subject {
  readonly provider: Provider;
  /** The zone: absolute, lower case. Beside the records of the set-up it holds at most its SOA and NS. */
  readonly zone: string;
  /** A name for which this provider has no zone. */
  readonly nameOutside: string;
  /** Changes the world behind the provider's back: the set of this key is `set` from now on (null: gone). Keeps the case it is given. */
  put(key: RecordKey, set: RecordSet | null): Promise<void>;
  /** All that is stored, and how often it was written if the service counts that, as text: equal texts mean that nothing was written. */
  snapshot(): Promise<string>;
  close(): Promise<void>;
}

/** Makes a fresh zone that holds the records which `records` gives for its name. */
export type Setup = (records: (zone: string) => readonly RecordSet[]) => Promise<Subject>;

/** `capabilities` are stated here too: a provider that loses one is noticed, and tests that rest on one are named when they are skipped. */
export function describeProvider(name: string, capabilities: Capabilities, setup: Setup): void {
  const signal = new AbortController().signal;
  const open: Subject[] = [];
  afterEach(async () => {
    for (const subject of open.splice(0)) await subject.close();
  });

  async function start(records: (zone: string) => readonly RecordSet[] = () => []): Promise<Subject> {
    const subject = await setup(records);
    open.push(subject);
    return subject;
  }

  const read = async ({ provider }: Subject, keys: readonly RecordKey[]) => provider.read(keys, signal);
  const one = async (subject: Subject, key: RecordKey) => (await read(subject, [key]))[0] ?? null;
  const apply = async ({ provider }: Subject, changes: readonly RecordChange[]) => provider.apply(changes, signal);
  const code = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'no error',
      (error: unknown) => (error instanceof StsyncError ? error.code : `not ours: ${String(error)}`),
    );
  /** Several strings at one name may come in any order. */
  const same = (a: RecordSet | null, b: RecordSet | null): boolean => sameRecordSet(a, b);
  const readable = (set: RecordKey): boolean => set.type !== 'MX' || capabilities.canReadMx;

  describe(`provider ${name}`, () => {
    it('has the capabilities that its test states, and `exists` if it reads MX', async () => {
      const { provider } = await start();
      expect(provider.capabilities).toEqual(capabilities);
      expect(provider.exists !== undefined).toBe(capabilities.canReadMx);
    });

    describe('makes the change once, keeps the neighbours, and has nothing left to do:', () => {
      const titles = [...tortureCases('zone.test'), ...changeCases('zone.test')].map(({ title }) => title);
      it.each(titles)('%s', async (title) => {
        const find = (zone: string) => [...tortureCases(zone), ...changeCases(zone)].find((one) => one.title === title);
        // A CNAME stands alone and an A neighbour at `_mta-sts` is no part of such a case, so all neighbours can stay in.
        const subject = await start((zone) => [...neighbours(zone), ...(find(zone)?.before ?? [])]);
        const { provider, zone } = subject;
        const { before, after } = find(zone) ?? { before: [], after: [] };
        const keys = [...before, ...after];
        const around = neighbours(zone).filter(readable);
        const found = await read(subject, keys);
        expect(found.every((set) => before.some((old) => sameRdata(old, set)))).toBe(true);

        const changes = inOrder(diffRecordSets(found, after));
        await apply(subject, changes);
        const wanted = after.map((set) => provider.adjust(set));
        expect(diffRecordSets(await read(subject, keys), wanted)).toEqual([]);
        for (const neighbour of around) {
          expect(same(await one(subject, neighbour), provider.adjust(neighbour)), recordKey(neighbour)).toBe(true);
        }
        // The second time is quiet, and writes nothing.
        const written = await subject.snapshot();
        await apply(subject, changes);
        expect(await subject.snapshot()).toBe(written);

        // And back again.
        await apply(subject, inOrder(diffRecordSets(await read(subject, keys), before)));
        expect(
          diffRecordSets(
            await read(subject, keys),
            before.map((set) => provider.adjust(set)),
          ),
        ).toEqual([]);
        for (const neighbour of around) {
          expect(same(await one(subject, neighbour), provider.adjust(neighbour)), recordKey(neighbour)).toBe(true);
        }
      });
    });

    describe('reads', () => {
      it('only what is there: a key without a set is left out, also beside other types and below names', async () => {
        const subject = await start((zone) => neighbours(zone));
        const name = `_mta-sts.${subject.zone}`;
        const keys: RecordKey[] = [
          { name, type: 'TXT' },
          { name, type: 'A' },
          { name: `other.${subject.zone}`, type: 'TXT' },
        ];
        expect((await read(subject, keys)).map(recordKey)).toEqual([`${name} A`]);
        expect(await read(subject, [])).toEqual([]);
      });

      it('names absolute and in lower case, however they are stored', async () => {
        const subject = await start();
        const name = `mta-sts.${subject.zone}`;
        const stored: RecordSet = {
          name: `MTA-STS.${subject.zone}`,
          type: 'CNAME',
          ttlSeconds: 300,
          rdata: ['Policies.Example.NET.'],
        };
        await subject.put({ name, type: 'CNAME' }, stored);
        expect(await one(subject, { name, type: 'CNAME' })).toMatchObject({ name, rdata: ['policies.example.net.'] });
        expect(await one(subject, { name, type: 'TXT' })).toBe(null);
      });

      it('what somebody else wrote a moment ago', async () => {
        const subject = await start();
        const set = txtSet(`_mta-sts.${subject.zone}`, 300, ['first']);
        expect(await one(subject, set)).toBe(null);
        await subject.put(set, set);
        expect(same(await one(subject, set), subject.provider.adjust(set))).toBe(true);
        const second = txtSet(set.name, 300, ['again']);
        await subject.put(set, second);
        expect(same(await one(subject, set), subject.provider.adjust(second))).toBe(true);
      });

      it('without writing', async () => {
        const subject = await start((zone) => neighbours(zone));
        const before = await subject.snapshot();
        await read(subject, neighbours(subject.zone).filter(readable));
        await subject.provider.exists?.(subject.zone, signal);
        expect(await subject.snapshot()).toBe(before);
      });

      it('no name outside its zones: ZONE_NOT_FOUND, for reading and for writing', async () => {
        const subject = await start();
        const set = txtSet(subject.nameOutside, 300, ['x']);
        expect(await code(read(subject, [set]))).toBe('ZONE_NOT_FOUND');
        expect(await code(apply(subject, [{ ...set, before: null, after: set }]))).toBe('ZONE_NOT_FOUND');
      });
    });

    describe('tells MX and existence', () => {
      const title = 'MX in lower case and absolute, and whether a name exists';
      if (!capabilities.canReadMx) {
        it.skip(`${title} (it does not read MX: canReadMx is false)`, () => {});
        return;
      }
      it(title, async () => {
        const subject = await start((zone) => neighbours(zone));
        const { provider, zone } = subject;
        const mx: RecordKey = { name: zone, type: 'MX' };
        expect((await one(subject, mx))?.rdata.toSorted()).toEqual([`10 mx1.${zone}.`, '20 mx2.example.net.']);
        await subject.put(mx, { ...mx, ttlSeconds: 60, rdata: ['0 .'] });
        expect((await one(subject, mx))?.rdata).toEqual(['0 .']);
        await subject.put(mx, { ...mx, ttlSeconds: 60, rdata: ['010 MX.Example.ORG.'] });
        expect((await one(subject, mx))?.rdata).toEqual(['10 mx.example.org.']);

        const exists = async (name: string) => provider.exists?.(name, signal);
        expect(await exists(`www.${zone}`)).toBe(true);
        expect(await exists(`other.${zone}`), 'an empty non-terminal').toBe(true);
        expect(await exists(`ther.${zone}`), 'the end of another label').toBe(false);
        expect(await exists(`a.www.${zone}`)).toBe(false);
        expect(await code(exists(subject.nameOutside) ?? Promise.resolve())).toBe('ZONE_NOT_FOUND');
      });
    });

    describe('stops, and changes nothing,', () => {
      const id = (zone: string, value: string): RecordSet => txtSet(`_mta-sts.${zone}`, 300, [value]);

      it.each<[string, (zone: string) => RecordSet | null]>([
        ['another value', (zone) => id(zone, 'somebody else')],
        ['a value more', (zone) => txtSet(`_mta-sts.${zone}`, 300, ['read', 'one more'])],
        ['nothing', () => null],
      ])('when it finds %s since it was read', async (_, now) => {
        const subject = await start((zone) => [id(zone, 'read')]);
        const { zone } = subject;
        const key: RecordKey = { name: `_mta-sts.${zone}`, type: 'TXT' };
        const other = txtSet(`_smtp._tls.${zone}`, 300, ['new']);
        const before = await one(subject, key);
        await subject.put(key, now(zone));
        const stored = await subject.snapshot();
        const change = { ...key, before, after: id(zone, 'wanted') };
        expect(await code(apply(subject, [change]))).toBe('CHANGED_SINCE_READ');
        // Nor any other change of the same call, before or after it.
        const first = { ...other, before: null, after: other };
        expect(await code(apply(subject, [first, change]))).toBe('CHANGED_SINCE_READ');
        expect(await subject.snapshot()).toBe(stored);
        await subject.provider.read([key], signal);
      });

      it('when it finds something where nothing was, and says what', async () => {
        const subject = await start();
        const set = id(subject.zone, 'wanted');
        await subject.put(set, id(subject.zone, 'v=STSv1; id=foreign'));
        const stored = await subject.snapshot();
        await expect(apply(subject, [{ ...set, before: null, after: set }])).rejects.toThrow(/v=STSv1; id=foreign/);
        expect(await subject.snapshot()).toBe(stored);
      });

      it('when a delete finds another value', async () => {
        const subject = await start((zone) => [id(zone, 'other')]);
        const set = id(subject.zone, 'read');
        const stored = await subject.snapshot();
        expect(await code(apply(subject, [{ ...set, before: set, after: null }]))).toBe('CHANGED_SINCE_READ');
        expect(await subject.snapshot()).toBe(stored);
      });

      it('but not for another TTL alone', async () => {
        const subject = await start((zone) => [id(zone, 'read')]);
        const set = id(subject.zone, 'read');
        const after = id(subject.zone, 'wanted');
        await apply(subject, [{ ...set, before: { ...set, ttlSeconds: 77 }, after }]);
        expect(same(await one(subject, set), subject.provider.adjust(after))).toBe(true);
      });

      it('when other data would stand beside a CNAME: PROVIDER_REFUSED', async () => {
        const subject = await start((zone) => neighbours(zone));
        const { zone } = subject;
        const stored = await subject.snapshot();
        const beside = txtSet(`mta-sts.other.${zone}`, 300, ['x']);
        const cname: RecordSet = { name: `www.${zone}`, type: 'CNAME', ttlSeconds: 300, rdata: ['example.net.'] };
        const atApex: RecordSet = { ...cname, name: zone };
        for (const set of [beside, cname, atApex]) {
          expect(await code(apply(subject, [{ ...set, before: null, after: set }]))).toBe('PROVIDER_REFUSED');
        }
        expect(await subject.snapshot()).toBe(stored);
      });

      it('when the signal is aborted', async () => {
        const subject = await start();
        const stored = await subject.snapshot();
        const set = id(subject.zone, 'wanted');
        const change = { ...set, before: null, after: set };
        await expect(subject.provider.apply([change], AbortSignal.abort())).rejects.toThrow(/abort/i);
        await expect(subject.provider.read([set], AbortSignal.abort())).rejects.toThrow(/abort/i);
        expect(await subject.snapshot()).toBe(stored);
      });
    });

    describe('is quiet and writes nothing', () => {
      it('when it deletes what is not there', async () => {
        const subject = await start((zone) => neighbours(zone));
        const stored = await subject.snapshot();
        const set = txtSet(`_mta-sts.${subject.zone}`, 300, ['gone']);
        await apply(subject, [{ ...set, before: set, after: null }]);
        await apply(subject, [{ ...set, before: null, after: null }]);
        expect(await subject.snapshot()).toBe(stored);
      });

      it('when it writes what is there already, whatever was read', async () => {
        const subject = await start((zone) => [txtSet(`_mta-sts.${zone}`, 300, ['there', 'too'])]);
        const set = subject.provider.adjust(txtSet(`_mta-sts.${subject.zone}`, 300, ['too', 'there']));
        const stored = await subject.snapshot();
        await apply(subject, [{ ...set, before: null, after: set }]);
        await apply(subject, [{ ...set, before: set, after: set }]);
        await apply(subject, [{ ...set, before: txtSet(set.name, 300, ['old']), after: set }]);
        expect(await subject.snapshot()).toBe(stored);
      });

      it('when there is no change', async () => {
        const subject = await start();
        const stored = await subject.snapshot();
        await apply(subject, []);
        expect(await subject.snapshot()).toBe(stored);
      });
    });

    it('cannot write as a reader, and a dry run writes nothing', async () => {
      const subject = await start((zone) => neighbours(zone));
      const reader = readOnly(subject.provider);
      expect('apply' in reader).toBe(false);
      const stored = await subject.snapshot();
      const key: RecordKey = { name: `www.${subject.zone}`, type: 'AAAA' };
      expect(await reader.read([key], signal)).toHaveLength(1);
      if (capabilities.canReadMx) expect(await reader.exists?.(key.name, signal)).toBe(true);
      reader.adjust(txtSet(key.name, 1, ['x']));
      await reader.close();
      expect(await subject.snapshot()).toBe(stored);
    });

    it('still works after an error', async () => {
      const subject = await start();
      const set = txtSet(`_mta-sts.${subject.zone}`, 300, ['x']);
      const wrong = { ...set, before: txtSet(set.name, 300, ['y']), after: set };
      expect(await code(apply(subject, [wrong]))).toBe('CHANGED_SINCE_READ');
      await apply(subject, [{ ...wrong, before: null }]);
      expect(same(await one(subject, set), subject.provider.adjust(set))).toBe(true);
    });

    it('adjusts without side effects, and the same way twice', async () => {
      const subject = await start();
      const set = txtSet(`_mta-sts.${subject.zone}`, 1, ['x']);
      const adjusted = subject.provider.adjust(set);
      expect(sameRdata(adjusted, set)).toBe(true);
      expect(subject.provider.adjust(adjusted)).toEqual(adjusted);
    });
  });
}

/** Deletes first: a CNAME makes room for addresses before they come, and the reverse (contract, apply). */
function inOrder(changes: readonly RecordChange[]): readonly RecordChange[] {
  return [...changes.filter(({ after }) => after === null), ...changes.filter(({ after }) => after !== null)];
}
