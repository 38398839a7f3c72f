/** SOA serials: style, the next one, RFC 1982. */
import { expect, it } from 'vitest';
import * as fc from 'fast-check';

import { isNewer, nextSerial } from '../../../providers/zonefile/serial.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const UNIX = NOW.getTime() / 1000;

it.each([
  // current, next, why
  [2026112300, 2026112400, 'a date in the past: today'],
  [1999123199, 2026112400, 'an old date: today'],
  [2026112400, 2026112401, 'today: one more'],
  [2026112498, 2026112499, 'today: one more'],
  [2026112499, 2026112500, 'beyond 99: the numbers of tomorrow'],
  [2026113099, 2026113100, 'beyond 99 of the last day of a month: one more, no date any longer'],
  [2026113100, 2026113101, 'no real day and in the future: a counter'],
  [2026120100, 2026120101, 'a date in the future: one more, never back'],
  [2036112400, 2036112401, 'ten years ahead: one more'],
  [UNIX - 1000, UNIX, 'unix time: now'],
  [UNIX, UNIX + 1, 'unix time of this second: one more'],
  [UNIX + 50, UNIX + 51, 'unix time a little ahead: one more'],
  [1_000_000_000, UNIX, 'the first unix time that counts'],
  [999_999_999, 1_000_000_000, 'a large counter'],
  [1, 2, 'a counter'],
  [0, 1, 'zero'],
  [41, 42, 'a counter'],
  [20261124, 20261125, 'a date without a number: a counter'],
  [4_000_000_000, 4_000_000_001, 'a counter over 2^31'],
  [4_294_967_294, 4_294_967_295, 'the last one'],
  [4_294_967_295, 1, 'round the circle, leaving out 0'],
  [2_147_483_647, 2_147_483_648, 'over 2^31'],
])('after %i comes %i (%s)', (current, next) => {
  expect(nextSerial(current, NOW)).toBe(next);
});

it('takes the day in UTC', () => {
  expect(nextSerial(2026112300, new Date('2026-11-24T00:30:00+02:00'))).toBe(2026112301);
});

it.each([
  [1, 0, true],
  [0, 1, false],
  [0, 0, false],
  [0, 4_294_967_295, true],
  [2_147_483_647, 0, true],
  [2_147_483_648, 0, false],
])('RFC 1982: %i is newer than %i: %j', (a, b, answer) => {
  expect(isNewer(a, b)).toBe(answer);
});

it('always gives a newer 32-bit number', () => {
  fc.assert(
    fc.property(
      fc.nat(0xff_ff_ff_ff),
      fc.date({ min: new Date(0), max: new Date('2105-01-01'), noInvalidDate: true }),
      (serial, now) => {
        const next = nextSerial(serial, now);
        expect(Number.isInteger(next) && next >= 0 && next <= 0xff_ff_ff_ff && isNewer(next, serial)).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});
