/** Conformance: when an apply stops and changes nothing, and when it has nothing to do. */
import { describe, expect, it } from 'vitest';

import { sameRecordSet, txtSet, type RecordKey, type RecordSet } from '../../src/core/record-set.ts';
import { neighbours } from './cases.ts';
import { apply, codeOf, readOne, type Start } from './subject.ts';

function txt(zone: string, ...values: string[]): RecordSet {
  return txtSet(`_mta-sts.${zone}`, 300, values);
}

export function describeRefusals(start: Start): void {
  describe('stops, and changes nothing,', () => {
    it.each<[string, (zone: string) => RecordSet | null]>([
      ['another value', (zone) => txt(zone, 'somebody else')],
      ['a value more', (zone) => txt(zone, 'read', 'one more')],
      ['nothing', () => null],
    ])('when it finds %s since it was read, also for the other changes of the call', async (_, now) => {
      const subject = await start((zone) => [txt(zone, 'read')]);
      const { zone } = subject;
      const key: RecordKey = { name: `_mta-sts.${zone}`, type: 'TXT' };
      const change = { ...key, before: await readOne(subject, key), after: txt(zone, 'wanted') };
      const other = txtSet(`_smtp._tls.${zone}`, 300, ['new']);
      const otherChange = { ...other, before: null, after: other };
      await subject.put(key, now(zone));
      const stored = await subject.snapshot();
      expect(await codeOf(apply(subject, [change]))).toBe('CHANGED_SINCE_READ');
      expect(await codeOf(apply(subject, [otherChange, change]))).toBe('CHANGED_SINCE_READ');
      expect(await codeOf(apply(subject, [change, otherChange]))).toBe('CHANGED_SINCE_READ');
      expect(await subject.snapshot()).toBe(stored);
    });

    it('when it finds something where nothing was, and says what', async () => {
      const subject = await start((zone) => [txt(zone, 'v=STSv1; id=foreign')]);
      const set = txt(subject.zone, 'wanted');
      const stored = await subject.snapshot();
      await expect(apply(subject, [{ ...set, before: null, after: set }])).rejects.toThrow(/v=STSv1; id=foreign/);
      expect(await subject.snapshot()).toBe(stored);
    });

    it('when a delete finds another value', async () => {
      const subject = await start((zone) => [txt(zone, 'other')]);
      const set = txt(subject.zone, 'read');
      const stored = await subject.snapshot();
      expect(await codeOf(apply(subject, [{ ...set, before: set, after: null }]))).toBe('CHANGED_SINCE_READ');
      expect(await subject.snapshot()).toBe(stored);
    });

    it('but not for another TTL alone', async () => {
      const subject = await start((zone) => [txt(zone, 'read')]);
      const [before, after] = [txt(subject.zone, 'read'), txt(subject.zone, 'wanted')];
      await apply(subject, [{ ...after, before: { ...before, ttlSeconds: 77 }, after }]);
      expect(sameRecordSet(await readOne(subject, after), subject.provider.adjust(after))).toBe(true);
    });

    it.each<[string, (zone: string) => RecordSet]>([
      ['a TXT beside a CNAME', (zone) => txtSet(`mta-sts.other.${zone}`, 300, ['x'])],
      ['a CNAME beside an address', (zone) => cname(`www.${zone}`)],
      ['a CNAME at the apex', (zone) => cname(zone)],
    ])('when it would have to write %s: PROVIDER_REFUSED', async (_, wanted) => {
      const subject = await start(neighbours);
      const stored = await subject.snapshot();
      const set = wanted(subject.zone);
      expect(await codeOf(apply(subject, [{ ...set, before: null, after: set }]))).toBe('PROVIDER_REFUSED');
      expect(await subject.snapshot()).toBe(stored);
    });

    it('when the signal is aborted', async () => {
      const subject = await start();
      const stored = await subject.snapshot();
      const set = txt(subject.zone, 'wanted');
      const { provider } = subject;
      await expect(provider.apply([{ ...set, before: null, after: set }], AbortSignal.abort())).rejects.toThrow(
        /abort/i,
      );
      await expect(provider.read([set], AbortSignal.abort())).rejects.toThrow(/abort/i);
      expect(await subject.snapshot()).toBe(stored);
    });

    it('and works again after an error', async () => {
      const subject = await start();
      const set = txt(subject.zone, 'x');
      const change = { ...set, before: null, after: set };
      expect(await codeOf(apply(subject, [{ ...change, before: txt(subject.zone, 'y') }]))).toBe('CHANGED_SINCE_READ');
      await apply(subject, [change]);
      expect(sameRecordSet(await readOne(subject, set), subject.provider.adjust(set))).toBe(true);
    });
  });
}

export function describeQuiet(start: Start): void {
  describe('is quiet and writes nothing', () => {
    it('when it deletes what is not there', async () => {
      const subject = await start(neighbours);
      const stored = await subject.snapshot();
      const set = txt(subject.zone, 'gone');
      await apply(subject, [{ ...set, before: set, after: null }]);
      await apply(subject, [{ ...set, before: null, after: null }]);
      expect(await subject.snapshot()).toBe(stored);
    });

    it('when it writes what is there already, whatever was read, in any order', async () => {
      const subject = await start((zone) => [txt(zone, 'there', 'too')]);
      const set = subject.provider.adjust(txt(subject.zone, 'too', 'there'));
      const stored = await subject.snapshot();
      await apply(subject, [{ ...set, before: null, after: set }]);
      await apply(subject, [{ ...set, before: set, after: set }]);
      await apply(subject, [{ ...set, before: txt(subject.zone, 'old'), after: set }]);
      expect(await subject.snapshot()).toBe(stored);
    });

    it('when there is no change', async () => {
      const subject = await start();
      const stored = await subject.snapshot();
      await apply(subject, []);
      expect(await subject.snapshot()).toBe(stored);
    });
  });
}

function cname(name: string): RecordSet {
  return { name, type: 'CNAME', ttlSeconds: 300, rdata: ['policies.example.net.'] };
}
