import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { oncePerTurn } from '../../src/effects/once-per-turn.ts';

test('asks once for each key in a turn, also when the answer is that there is nothing, and anew in the next one', async () => {
  const asked: string[] = [];
  let answer: string | null = 'old';
  const ask = oncePerTurn((key) => {
    asked.push(key);
    return key === 'none' ? null : answer;
  });
  expect([ask('a'), ask('a'), ask('none'), ask('none')]).toEqual(['old', 'old', null, null]);
  answer = 'new';
  expect([ask('a'), ask('b')]).toEqual(['old', 'new']);
  expect(asked).toEqual(['a', 'none', 'b']);
  await nextTurn();
  expect([ask('a'), ask('none')]).toEqual(['new', null]);
});
