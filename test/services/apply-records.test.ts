/** One change set at a provider that checks nothing itself: the looks before and after the write are the executor's (rules 10 and 14). */
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../providers/memory/provider.ts';
import { recordKey, type RecordChange, type RecordSet, txtSet } from '../../src/core/record-set.ts';
import type { Provider } from '../../src/provider.ts';
import { applyChanges, UnknownOutcome } from '../../src/services/apply-records.ts';

const name = '_mta-sts.example.com';
const [old, next, other] = ['1', '2', '3'].map((id) => txtSet(name, 300, [`v=STSv1; id=${id};`]));
const change: RecordChange = { name, type: 'TXT', before: old ?? null, after: next ?? null };
const { signal } = new AbortController();

/** A provider without compare-and-swap; `apply` does what the test says. */
function provider(
  live: RecordSet | undefined,
  apply: (sets: Map<string, RecordSet>) => void,
): { provider: Provider; calls: () => number } {
  const sets = new Map<string, RecordSet>();
  const memory = openMemory(null, live === undefined ? [] : [live], sets);
  let calls = 0;
  return {
    provider: {
      ...memory,
      apply: async () => {
        calls++;
        apply(sets);
        return Promise.resolve();
      },
    },
    calls: () => calls,
  };
}

const write = (set: RecordSet | undefined) => (sets: Map<string, RecordSet>) => {
  if (set !== undefined) sets.set(recordKey(set), set);
};

describe('a change set', () => {
  it('is written once and seen to stand there', async () => {
    const { provider: one, calls } = provider(old, write(next));
    expect(await applyChanges(one, [change], signal)).toBeNull();
    expect(calls()).toBe(1);
  });

  it('is not written where it stands already', async () => {
    const { provider: one, calls } = provider(next, write(next));
    expect(await applyChanges(one, [change], signal)).toBe('it stood there already');
    expect(calls()).toBe(0);
  });

  it('is not written over what somebody else put there since the plan', async () => {
    const { provider: one, calls } = provider(other, write(next));
    await expect(applyChanges(one, [change], signal)).rejects.toMatchObject({ code: 'CHANGED_SINCE_READ' });
    expect(calls()).toBe(0);
  });

  it('is refused when the provider says yes and shows something else', async () => {
    const { provider: one } = provider(old, () => undefined);
    await expect(applyChanges(one, [change], signal)).rejects.toMatchObject({ code: 'PROVIDER_REFUSED' });
  });

  it('is done when only the answer was lost', async () => {
    const { provider: one } = provider(old, (sets) => {
      write(next)(sets);
      throw new Error('time-out');
    });
    expect(await applyChanges(one, [change], signal)).toContain('a second look');
  });

  it('failed when the error came before the write', async () => {
    const { provider: one } = provider(old, () => {
      throw new Error('no route');
    });
    await expect(applyChanges(one, [change], signal)).rejects.toThrow('no route');
  });

  it('is unknown when something third stands there after the error', async () => {
    const { provider: one } = provider(old, (sets) => {
      write(other)(sets);
      throw new Error('time-out');
    });
    await expect(applyChanges(one, [change], signal)).rejects.toBeInstanceOf(UnknownOutcome);
  });
});
