import { describe, expect, it } from 'vitest';
import { announcedIds, type Look, wrongFetches } from './fetches.ts';

/** The id of the body that is written as one letter. */
const id = (at: number, body: string): string => `2026112400000${at}${body.repeat(16)}`;
const look = (before: string | null, bodies: string, after = before): Look => ({
  domain: 'example.test',
  before: [before],
  fetched: bodies.split('').map((body) => ({ address: '127.0.0.1', hash: body === '-' ? null : body.repeat(16) })),
  after: [after],
});
const [one, two, three] = [id(1, 'a'), id(2, 'b'), id(3, 'a')];

describe('wrongFetches', () => {
  it.each([
    ['the body of the id', [look(one, 'a')]],
    ['the next body, before its id', [look(one, 'a'), look(one, 'b'), look(two, 'b')]],
    ['both, while the file is exchanged', [look(one, 'ab', two)]],
    [
      'an older policy that comes back, before its id',
      [look(one, 'a'), look(two, 'b'), look(two, 'a'), look(three, 'a')],
    ],
    ['anything where no id is announced', [look(null, 'x'), look(one, 'a')]],
    ['nothing any more, once the last id went', [look(one, 'a'), look(one, '-', null), look(null, '-')]],
  ])('lets pass: %s', (_, looks) => {
    expect(wrongFetches(looks)).toEqual([]);
  });

  it.each([
    ['the older body under a new id', [look(one, 'a'), look(two, 'a'), look(two, 'b')], `gave the body of ${one}`],
    ['a body that no id announces', [look(one, 'x')], 'gave the body of no id at all'],
    ['the older body at one of two addresses', [look(one, 'a'), look(two, 'ba')], `gave the body of ${one}`],
    [
      'the older body, though it comes back later',
      [look(two, 'a', two), look(two, 'b'), look(two, 'b'), look(id(3, 'c'), 'c'), look(id(4, 'a'), 'a')],
      'gave the body of',
    ],
    ['no policy under an id', [look(one, '-'), look(two, 'b')], 'gave nothing'],
    ['no policy under the last id, which stays', [look(one, '-')], 'gave nothing'],
    ['no address under an id', [look(one, '')], 'no address gave nothing (no host record)'],
  ])('finds: %s', (_, looks, words) => {
    const found = wrongFetches(looks);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(words);
  });

  it('takes the newest id that any name server showed', () => {
    const lagging = { ...look(two, 'a'), before: [two, one], after: [two, one] };
    expect(announcedIds([lagging])).toEqual([one, two]);
    expect(wrongFetches([lagging])).toHaveLength(1);
  });
});
