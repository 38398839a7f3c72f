import { describe, expect, it } from 'vitest';

import { dueDay, isDue, weeksBefore } from '../../../src/core/owners/week.ts';

const monday = { on: 'monday', at: '08:00' } as const;

describe('the weekly summary is due', () => {
  it.each([
    ['2026-11-30T07:59:59Z', 'UTC', null],
    ['2026-11-30T08:00:00Z', 'UTC', '2026-11-30'],
    ['2026-11-30T23:59:59Z', 'UTC', '2026-11-30'],
    ['2026-12-01T00:00:00Z', 'UTC', null],
    ['2026-11-30T07:00:00Z', 'Europe/Berlin', '2026-11-30'],
    ['2026-11-30T06:59:00Z', 'Europe/Berlin', null],
    ['2026-12-01T04:00:00Z', 'America/New_York', '2026-11-30'],
    ['2026-11-29T22:00:00Z', 'Pacific/Auckland', '2026-11-30'],
  ])('at %s in %s: %s', (at, zone, day) => expect(dueDay(new Date(at), monday, zone)).toBe(day));

  it('also at midnight, and where the clock leaves out the hour', () => {
    const sunday = { on: 'sunday', at: '00:00' } as const;
    expect(dueDay(new Date('2026-11-29T00:00:00Z'), sunday, 'UTC')).toBe('2026-11-29');
    const gap = { on: 'sunday', at: '02:30' } as const;
    expect(dueDay(new Date('2026-03-29T00:59:00Z'), gap, 'Europe/Berlin')).toBeNull();
    expect(dueDay(new Date('2026-03-29T01:00:00Z'), gap, 'Europe/Berlin')).toBe('2026-03-29');
  });

  it('once in a week', () => {
    expect(isDue('2026-11-30', null)).toBe(true);
    expect(isDue('2026-11-30', '2026-11-30')).toBe(false);
    expect(isDue('2026-12-05', '2026-11-30')).toBe(false);
    expect(isDue('2026-12-06', '2026-11-30')).toBe(true);
    expect(isDue('2026-12-07', '2026-11-30')).toBe(true);
  });

  it('about seven whole days, beside the seven before', () => {
    expect(weeksBefore(new Date('2026-11-30T08:00:00Z'))).toEqual({
      week: { since: '2026-11-23', until: '2026-11-29' },
      before: { since: '2026-11-16', until: '2026-11-22' },
    });
  });
});
