import { describe, expect, test } from 'vitest';

import { openUploadRates, type UploadLimits, type UploadRates } from '../../../src/effects/reports/upload-rates.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const limits: UploadLimits = {
  perPeer: { burst: 2, perSecond: 0.5 },
  inAll: { burst: 5, perSecond: 1 },
  openPerPeer: 2,
  open: 3,
};

function rig(changes: Partial<UploadLimits> = {}): { readonly clock: FakeClock; readonly rates: UploadRates } {
  const clock = new FakeClock('2026-09-08T00:00:00Z');
  return { clock, rates: openUploadRates(clock, { ...limits, ...changes }) };
}

/** In and out at once. */
function pass(rates: UploadRates, peer: string | null): string {
  const entered = rates.enter(peer);
  if (typeof entered !== 'function') return `${entered.status} ${entered.retryAfterSeconds}`;
  entered();
  return 'in';
}

describe('the rates of uploads', () => {
  test('let an address post its burst, and then so much a second', async () => {
    const { clock, rates } = rig();
    expect([1, 2, 3].map(() => pass(rates, 'a'))).toEqual(['in', 'in', '429 2']);
    expect(pass(rates, 'b')).toBe('in');
    await clock.pass(2_000);
    expect([1, 2].map(() => pass(rates, 'a'))).toEqual(['in', '429 2']);
  });

  test('give nothing for a clock that is set back', () => {
    const { clock, rates } = rig();
    [1, 2].forEach(() => pass(rates, 'a'));
    clock.set(-3_600_000);
    expect(pass(rates, 'a')).toBe('429 2');
  });

  test('let all together post so much, also those that a proxy hides', () => {
    const { rates } = rig();
    expect([1, 2, 3, 4, 5, 6].map(() => pass(rates, null))).toEqual(['in', 'in', 'in', 'in', 'in', '503 1']);
    expect(pass(rates, 'b')).toBe('503 1');
  });

  test('let so many bodies come in at once, of an address and in all', () => {
    const { rates } = rig({ perPeer: { burst: 9, perSecond: 1 }, inAll: { burst: 99, perSecond: 1 } });
    const [first] = [rates.enter('a'), rates.enter('a')];
    expect(pass(rates, 'a')).toBe('429 10');
    rates.enter('b');
    expect(pass(rates, 'c')).toBe('503 10');
    if (typeof first === 'function') first();
    expect(pass(rates, 'a')).toBe('in');
  });

  test('forget who was not seen for longest, so that their table does not grow', () => {
    const { rates } = rig({ inAll: { burst: 1e9, perSecond: 1 } });
    [1, 2].forEach(() => pass(rates, 'first'));
    [1, 2].forEach(() => pass(rates, 'second'));
    for (let one = 0; one < 9_999; one++) pass(rates, `peer ${one}`);
    expect(pass(rates, 'second')).toBe('429 2');
    expect(pass(rates, 'first')).toBe('in');
  });
});
