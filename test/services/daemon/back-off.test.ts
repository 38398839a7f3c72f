import { describe, expect, test } from 'vitest';
import { dueDomains, type Occasion, retryAt } from '../../../src/services/daemon/back-off.ts';
import type { RunReason } from '../../../src/services/daemon/fleet-state.ts';
import { planOf, stateWith } from './states.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const from = new Date('2026-11-24T12:00:00Z');
const names = Array.from({ length: 200 }, (_, index) => `d${index}.example`);

/** The number of the scheduled run that tries it again; 1: the next one. */
function triedAgainIn(failures: number, intervalMs: number): ReadonlySet<number> {
  return new Set(
    names.map((name) => Math.ceil((retryAt(name, failures, from, intervalMs).getTime() - from.getTime()) / intervalMs)),
  );
}

describe('a domain that fails', () => {
  test.each([
    [1, 15 * MINUTE, [1]],
    [2, 15 * MINUTE, [2]],
    [3, 15 * MINUTE, [3, 4]],
    [4, 15 * MINUTE, [6, 7, 8]],
    // 2^29 intervals are more than 6 h.
    [30, 15 * MINUTE, [19, 20, 21, 22, 23, 24]],
    [1000, 15 * MINUTE, [19, 20, 21, 22, 23, 24]],
    // A schedule slower than the longest wait leaves nothing out.
    [9, 24 * HOUR, [1]],
  ])('%i times in a row is tried again, with an interval of %i ms, in run %j', (failures, intervalMs, runs) => {
    expect([...triedAgainIn(failures, intervalMs)].toSorted((a, b) => a - b)).toEqual(runs);
  });

  test('is tried again within 6 h and not before a quarter of its interval', () => {
    for (const failures of [1, 2, 5, 12]) {
      for (const name of names) {
        const waitMs = retryAt(name, failures, from, 15 * MINUTE).getTime() - from.getTime();
        expect(waitMs).toBeLessThanOrEqual(6 * HOUR);
        expect(waitMs).toBeGreaterThan(15 * MINUTE * 0.25);
      }
    }
  });

  test('waits as long each time it is asked: nothing random', () => {
    expect(retryAt('a.example', 4, from, 15 * MINUTE)).toEqual(retryAt('a.example', 4, from, 15 * MINUTE));
  });
});

function occasion(reason: RunReason, now: Date, ...named: readonly string[]): Occasion {
  return { reason, now, named: new Set(named) };
}

describe('the domains of a run', () => {
  const later = new Date(from.getTime() + HOUR);
  const states = new Map([
    ['bad.example', stateWith({ nextAt: later }, 'bad.example')],
    ['good.example', stateWith({ nextAt: null }, 'good.example')],
  ]);

  test.each<[RunReason, readonly string[] | null]>([
    ['schedule', ['good.example', 'new.example']],
    ['missed', ['good.example', 'new.example']],
    ['start', null],
    ['takeover', null],
    ['config', null],
    ['git', null],
    ['hook', null],
    ['sighup', null],
  ])('for reason %s: %j (null: all)', (reason, due) => {
    expect(dueDomains(['bad.example', 'good.example', 'new.example'], states, occasion(reason, from))).toEqual(due);
  });

  test('are those named alone when certificates have come, and with the schedule those too', () => {
    const all = ['bad.example', 'good.example', 'new.example'];
    expect(dueDomains(all, states, occasion('certificate', from, 'bad.example', 'gone.example'))).toEqual([
      'bad.example',
    ]);
    expect(dueDomains(all, states, occasion('schedule', from, 'bad.example'))).toBeNull();
    expect(dueDomains(all, states, occasion('certificate', later))).toEqual([]);
  });

  test('are all of them once the wait is over', () => {
    expect(dueDomains(['bad.example', 'good.example'], states, occasion('schedule', later))).toBeNull();
  });

  test('hold one again whose wait was set before the clock was set back', () => {
    const before = new Date(later.getTime() - 7 * HOUR);
    expect(dueDomains(['bad.example', 'good.example'], states, occasion('schedule', before))).toBeNull();
  });

  test('never hold one of two that share an id record alone: rule 7 judges them against each other', () => {
    const shared = new Map([
      [
        'a.example',
        { ...stateWith({ nextAt: later }, 'a.example'), plan: planOf('a.example', { idRecord: 'id.example' }) },
      ],
      [
        'b.example',
        { ...stateWith({ nextAt: null }, 'b.example'), plan: planOf('b.example', { idRecord: 'id.example' }) },
      ],
      ['c.example', stateWith({ nextAt: later }, 'c.example')],
    ]);
    expect(dueDomains(['a.example', 'b.example', 'c.example'], shared, occasion('schedule', from))).toEqual([
      'a.example',
      'b.example',
    ]);
  });
});
