/** A model that finds nothing proves nothing: with each guard and each order rule switched off it has to find a sender that is hurt. */
import { describe, expect, it } from 'vitest';
import { type Case, guardCases, guardedDelete, ruleCases } from './mutations.ts';
import { playStory } from './story.ts';

const MOST_SEEDS = 60;

/** The first seed whose story has what the case says; other finds go by. */
async function firstSeed({ finds, mutation, from }: Case): Promise<number | null> {
  for (let seed = from; seed < from + MOST_SEEDS; seed++) {
    const { violations } = await playStory(seed, mutation, finds);
    if (violations.some((one) => finds.includes(one.kind))) return seed;
  }
  return null;
}

describe('the model notices when a guard is off', () => {
  const guards = Object.entries(guardCases).flatMap(([guard, cases]) =>
    'harmless' in cases ? [] : cases.map((one, index) => [`${guard}${'+'.repeat(index)}`, one] as const),
  );
  it.each(guards)('%s', { timeout: 120_000 }, async (name, one) => {
    const seed = await firstSeed(one);
    console.log(`${name} off: ${one.finds.join(' or ')} in seed ${seed}`);
    expect(seed, `${MOST_SEEDS} stories without a sender that is hurt`).not.toBeNull();
  });
});

describe('the model notices when an order rule is off', () => {
  it.each(Object.entries(ruleCases))('%s', { timeout: 120_000 }, async (name, one) => {
    const seed = await firstSeed(one);
    console.log(`${name} off: ${one.finds.join(' or ')} in seed ${seed}`);
    expect(seed, `${MOST_SEEDS} stories without a sender that is hurt`).not.toBeNull();
  });
});

it('a planner gone mad hurts nobody behind guard no-delete-without-absent', async () => {
  for (let seed = 1; seed <= 2; seed++) {
    const { violations } = await playStory(seed, guardedDelete);
    expect(violations.filter((one) => one.kind === 'no-record')).toEqual([]);
  }
});
