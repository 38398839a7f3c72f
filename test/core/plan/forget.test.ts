/** When the memory of a domain that left the YAML may go: one thing in the way each, at the first moment at which nothing else is. */
import { describe, expect, it } from 'vitest';
import { type DomainMemory, type HistoryEntry, noMemory } from '../../../src/core/memory.ts';
import { mayForget } from '../../../src/core/plan/forget.ts';

const at = (day: number, seconds = 0): Date => new Date(Date.UTC(2026, 0, 1 + day, 0, 0, seconds));
const entry = (mode: HistoryEntry['policy']['mode'], days: number, from: number, to: number | null): HistoryEntry => ({
  policy: { mode, maxAgeSeconds: days * 86_400, mx: [] },
  id: `${mode}${from}`,
  from: at(from),
  to: to === null ? null : at(to),
  rotatedAt: at(from),
  txtTtlSeconds: 300,
  cause: 'change',
  isHeldTesting: false,
});
/** Enforced for ten days, then none for one; taken away on day 20. */
const history = [entry('enforce', 7, 0, 10), entry('none', 1, 10, null)];
const memory: DomainMemory = { ...noMemory, isComplete: true, history };

describe('mayForget', () => {
  it.each<readonly [string, Partial<DomainMemory>, Date | null, Date, boolean]>([
    ['a policy that was removed, after the longest max_age and the TTL', {}, at(20), at(27, 300), true],
    ['the same a second earlier', {}, at(20), at(27, 299), false],
    ['a policy of mode none that nobody took away: it refuses nothing', {}, null, at(17, 300), true],
    ['one that refuses and that nobody took away', { history: history.slice(0, 1) }, null, at(17, 300), true],
    ['one that may be served still', { history: [entry('enforce', 7, 0, null)] }, null, at(9999), false],
    ['testing that may be served still', { history: [entry('testing', 7, 0, null)] }, null, at(9999), false],
    [
      'a max_age of mode none, which does not count',
      { history: [entry('none', 99, 0, null)] },
      at(1),
      at(1, 300),
      true,
    ],
    ['a record of ours', { owned: ['x TXT'] }, at(20), at(9999), false],
    ['a record of ours without a history', { owned: ['x TXT'], history: [] }, null, at(9999), false],
    ['nothing at all', { history: [] }, null, at(0), true],
    ['what nobody knows of the time before, a year and a day', { isComplete: false }, at(20), at(365, 21_899), false],
    ['the same a second later', { isComplete: false }, at(20), at(365, 21_900), true],
  ])('%s', (_what, rest, removedAt, now, expected) => {
    expect(mayForget({ ...memory, ...rest }, removedAt, now)).toBe(expected);
  });
});
