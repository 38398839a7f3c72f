/** Conformance: what happens is known in the end, whatever is lost on the way and whoever writes at the same time (rules 10 and 14). */
import { describe, expect, it } from 'vitest';

import { StsyncError } from '../../src/core/error.ts';
import { type RecordChange, sameRecordSet, txtSet } from '../../src/core/record-set.ts';
import type { Provider } from '../../src/provider.ts';
import { applyChanges } from '../../src/services/apply-records.ts';
import { apply, codeOf, readOne, type Start } from './subject.ts';

const { signal } = new AbortController();

/** A change of `_mta-sts` from `before`, or from nothing. */
function changeTo(zone: string, value: string, before: string | null = null): RecordChange {
  const name = `_mta-sts.${zone}`;
  const set = (text: string): ReturnType<typeof txtSet> => txtSet(name, 300, [text]);
  return { name, type: 'TXT', before: before === null ? null : set(before), after: set(value) };
}

/** The provider as it is when the answer to a write is lost; `isCarriedOut`: whether the write had come through. */
function losingAnswers(provider: Provider, isCarriedOut: boolean): Provider {
  return {
    ...provider,
    apply: async (changes, stop) => {
      if (isCarriedOut) await provider.apply(changes, stop);
      throw new StsyncError('PROVIDER_TIMEOUT', 'the answer is lost', { retryable: true });
    },
  };
}

export function describeDoubt(start: Start): void {
  describe('leaves no doubt', () => {
    it('when the answer to a write that was carried out is lost: the executor looks, and it is done', async () => {
      const subject = await start();
      const provider = losingAnswers(subject.provider, true);
      const change = changeTo(subject.zone, 'new');
      expect(await applyChanges(provider, [change], signal)).toMatch(/the answer is lost.*second look/);
      expect(await applyChanges(provider, [change], signal)).toBe('it stood there already');
    });

    it('when the write itself is lost: the executor looks, and says the error', async () => {
      const subject = await start();
      const change = changeTo(subject.zone, 'new');
      const provider = losingAnswers(subject.provider, false);
      await expect(applyChanges(provider, [change], signal)).rejects.toThrow('the answer is lost');
      expect(await readOne(subject, change)).toBe(null);
    });

    it('when two write at the same time: one of both is told, and no write is lost', async ({ skip }) => {
      const subject = await start();
      skip(!subject.provider.capabilities.hasCompareAndSwap, 'hasCompareAndSwap is false');
      const { zone } = subject;
      await apply(subject, [changeTo(zone, 'start')]);
      const changes = ['one', 'two', 'three', 'four'].map((value) => changeTo(zone, value, 'start'));
      const codes = await Promise.all(changes.map((change) => codeOf(apply(subject, [change]))));
      expect(codes.toSorted()).toEqual(['CHANGED_SINCE_READ', 'CHANGED_SINCE_READ', 'CHANGED_SINCE_READ', 'no error']);
      const winner = changes[codes.indexOf('no error')]?.after ?? null;
      expect(sameRecordSet(await readOne(subject, changeTo(zone, '')), winner)).toBe(true);
    });
  });
}
