import { beforeEach, expect, test } from 'vitest';

import { defaultWorld } from '../../../src/core/config/shape-world.ts';
import { type RenewedResolver, renewedResolver } from '../../../src/effects/dns/renewed-resolver.ts';
import { openResolver } from '../../../src/effects/dns/resolver.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let closed: number[];
let opened: number;
let renewed: RenewedResolver;
beforeEach(() => {
  [clock, closed, opened] = [new FakeClock('2026-09-08T00:00:00Z'), [], 0];
  renewed = renewedResolver((world) => {
    const number = (opened += 1);
    return { ...openResolver(world), close: async () => void closed.push(number) };
  }, clock);
});

test('a resolver lives for an hour, and a minute longer for who still uses it', async () => {
  const first = renewed.current(defaultWorld);
  await clock.pass(3_599_999);
  expect(renewed.current(defaultWorld)).toBe(first);
  await clock.pass(1);
  expect(renewed.current(defaultWorld)).not.toBe(first);
  await clock.pass(59_999);
  expect(closed).toEqual([]);
  await clock.pass(1);
  expect(closed).toEqual([1]);
});

test('it remembers no more than the zones of 10,000 mails', () => {
  const first = renewed.current(defaultWorld);
  for (let mail = 1; mail < 10_000; mail++) expect(renewed.current(defaultWorld)).toBe(first);
  expect(renewed.current(defaultWorld)).not.toBe(first);
});

test('another world gets another one, and the end ends all of them', async () => {
  renewed.current(defaultWorld);
  renewed.current({ ...defaultWorld });
  await renewed.close();
  expect([new Set(closed), clock.timers]).toEqual([new Set([1, 2]), 0]);
});
