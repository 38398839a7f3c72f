import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { getTasks } from 'node-cron';
import { type CronSchedule, scheduleCron } from '../../src/effects/schedule-cron.ts';
import { FakeClock } from '../support/fake-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Rung {
  readonly at: string;
  readonly reason: string;
}

interface Rig {
  readonly clock: FakeClock;
  readonly rung: Rung[];
  readonly schedule: CronSchedule;
}

function start(expression: string, at: string, { timezone = 'UTC', random = 0 } = {}): Rig {
  const clock = new FakeClock(at);
  const rung: Rung[] = [];
  const schedule = scheduleCron({
    expression,
    timezone,
    clock,
    random: () => random,
    onDue: (reason) => void rung.push({ at: clock.now().toISOString().slice(0, 19), reason }),
    logger: { debug: fail, info: fail, warn: fail, error: fail },
  });
  onTestFinished(schedule.stop);
  return { clock, rung, schedule };
}

function fail(message: unknown): never {
  throw new Error(`node-cron had something to say: ${String(message)}`);
}

/** At what times it rings in the hours after `at`. */
async function times(expression: string, timezone: string, at: string, hours: number): Promise<readonly string[]> {
  const { clock, rung } = start(expression, at, { timezone });
  await clock.pass(hours * HOUR);
  expect(rung.map(({ reason }) => reason)).toEqual(rung.map(() => 'schedule'));
  return rung.map((one) => one.at.slice(5, 16));
}

describe('a schedule', () => {
  test('rings at its times, once each, and never at the time it begins', async () => {
    const { clock, rung, schedule } = start('*/15 * * * *', '2026-11-24T12:00:00Z');
    expect([schedule.nextAt()?.toISOString(), schedule.intervalMs()]).toEqual([
      '2026-11-24T12:15:00.000Z',
      15 * MINUTE,
    ]);
    await clock.pass(HOUR);
    expect(rung.map(({ at }) => at.slice(11, 16))).toEqual(['12:15', '12:30', '12:45', '13:00']);
    expect(schedule.nextAt()?.toISOString()).toBe('2026-11-24T13:15:00.000Z');
  });

  test('of six fields rings at its seconds', async () => {
    const { clock, rung, schedule } = start('*/20 * * * * *', '2026-11-24T12:00:05Z');
    expect(schedule.intervalMs()).toBe(20_000);
    await clock.pass(MINUTE);
    expect(rung.map(({ at }) => at.slice(14))).toEqual(['00:20', '00:40', '01:00']);
  });

  test('waits a small random part of its interval, and at most half a minute', async () => {
    const often = start('* * * * *', '2026-11-24T12:00:30Z', { random: 0.999 });
    await often.clock.pass(MINUTE);
    expect(often.rung[0]?.at).toBe('2026-11-24T12:01:02');
    const daily = start('0 13 * * *', '2026-11-24T12:00:30Z', { random: 0.999 });
    await daily.clock.pass(2 * HOUR);
    expect(daily.rung[0]?.at).toBe('2026-11-24T13:00:29');
  });

  test('rings no more when it is stopped, also not after its small delay, and leaves no timer and no task', async () => {
    const { clock, rung, schedule } = start('* * * * *', '2026-11-24T12:00:59Z', { random: 0.999 });
    await clock.pass(2000);
    expect(clock.timers).toBe(2);
    schedule.stop();
    await clock.pass(HOUR);
    expect([rung.length, clock.timers, getTasks().size]).toEqual([0, 0, 0]);
  });

  test('knows a time that is months away', () => {
    vi.useFakeTimers({ now: new Date('2026-11-24T12:00:00Z'), toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { schedule } = start('0 3 29 2 *', '2026-11-24T12:00:00Z', { timezone: 'Europe/Berlin' });
    expect(schedule.nextAt()?.toISOString()).toBe('2028-02-29T02:00:00.000Z');
    expect(schedule.intervalMs()).toBeGreaterThan(0);
  });

  test('in a zone that is none, or by a line that is none, is an error in words', () => {
    expect(() => start('* * * * *', '2026-11-24T12:00:00Z', { timezone: 'Europe/Berlino' })).toThrow(/Europe\/Berlino/);
    expect(() => start('61 * * * *', '2026-11-24T12:00:00Z')).toThrow(/61/);
    expect(getTasks().size).toBe(0);
  });
});

// In 2026 Berlin goes from 02:00 to 03:00 on March 29 (01:00Z) and from 03:00 back to 02:00 on October 25 (01:00Z).
describe('summer and winter time', () => {
  test('spring: every quarter of an hour stays one', async () => {
    const found = await times('*/15 * * * *', 'Europe/Berlin', '2026-03-29T00:29:00Z', 1);
    expect(found).toEqual(['03-29T00:30', '03-29T00:45', '03-29T01:00', '03-29T01:15']);
  });

  test('spring: a time that this day has not is made up at once, and the next day is as always', async () => {
    const found = await times('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 72);
    expect(found).toEqual(['03-28T01:30', '03-29T01:00', '03-30T00:30']);
  });

  test('autumn: the doubled hour is two hours, for every quarter and for every hour', async () => {
    const quarters = await times('*/15 * * * *', 'Europe/Berlin', '2026-10-24T23:59:00Z', 2);
    expect(quarters).toEqual([
      '10-25T00:00',
      '10-25T00:15',
      '10-25T00:30',
      '10-25T00:45',
      '10-25T01:00',
      '10-25T01:15',
      '10-25T01:30',
      '10-25T01:45',
    ]);
    const hours = await times('0 * * * *', 'Europe/Berlin', '2026-10-24T22:59:00Z', 4);
    expect(hours).toEqual(['10-24T23:00', '10-25T00:00', '10-25T01:00', '10-25T02:00']);
  });

  test('autumn: a daily time within the doubled hour comes twice: nothing is late, and a run more changes nothing', async () => {
    const found = await times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 48);
    expect(found).toEqual(['10-25T00:30', '10-25T01:30', '10-26T01:30']);
  });

  test('a zone of half hours, the other half of the world', async () => {
    // Lord Howe goes forward by 30 minutes on October 4, from 02:00 (15:30Z the day before).
    const found = await times('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T12:00:00Z', 48);
    expect(found).toEqual(['10-02T15:45', '10-03T15:30']);
  });
});

describe('a clock that is set', () => {
  test('forward, or a machine that slept: what was missed is made up once, however much it was', async () => {
    const { clock, rung } = start('*/15 * * * *', '2026-11-24T12:01:00Z');
    clock.set(5 * HOUR);
    await clock.pass(MINUTE);
    expect(rung).toEqual([{ at: '2026-11-24T17:01:30', reason: 'missed' }]);
    await clock.pass(15 * MINUTE);
    expect(rung.slice(1)).toEqual([{ at: '2026-11-24T17:15:00', reason: 'schedule' }]);
  });

  test('forward within the pause between two times is no missed one', async () => {
    const { clock, rung } = start('*/15 * * * *', '2026-11-24T12:01:00Z');
    clock.set(10 * MINUTE);
    await clock.pass(2 * MINUTE);
    expect(rung).toEqual([]);
  });

  test('forward by years is one missed run', async () => {
    const { clock, rung } = start('0 3 1 1 *', '2026-11-24T12:01:00Z');
    clock.set(3 * 365 * 24 * HOUR);
    await clock.pass(MINUTE);
    expect(rung.map(({ reason }) => reason)).toEqual(['missed']);
  });

  test.each([2 * MINUTE, HOUR, 400 * 24 * HOUR])('back by %i ms: the schedule goes on at once', async (byMs) => {
    const { clock, rung } = start('*/15 * * * *', '2026-11-24T12:01:00Z');
    clock.set(-byMs);
    await clock.pass(HOUR);
    expect(rung).toHaveLength(4);
    expect(rung.every(({ reason }) => reason === 'schedule')).toBe(true);
  });

  test('back and forth at random: never silent for longer than the interval', async () => {
    const { clock, rung } = start('*/5 * * * *', '2026-11-24T12:01:00Z');
    for (let round = 0; round < 40; round++) {
      clock.set((((round * 7919) % 13) - 6) * 17 * MINUTE);
      const before = rung.length;
      await clock.pass(5.5 * MINUTE);
      expect(rung.length).toBeGreaterThan(before);
    }
  });
});
