import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { paced } from '../../src/services/pace.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';

class Rig {
  readonly clock = new FakeClock('2026-11-24T12:00:00Z');
  readonly abort = new AbortController();
  /** When each turn came, in ms from the start. */
  readonly turns: number[] = [];

  begin(count: number, overMs: number): void {
    const startMs = this.clock.now().getTime();
    const turn = paced(count, overMs, { signal: this.abort.signal, after: this.clock.after });
    for (let index = 0; index < count; index++)
      void turn().then(() => this.turns.push(this.clock.now().getTime() - startMs));
  }
}

describe('turns', () => {
  test('come at once without a time to spread them over, with no timer at all', async () => {
    const rig = new Rig();
    rig.begin(1000, 0);
    await settled();
    expect([rig.turns.length, rig.clock.timers]).toEqual([1000, 0]);
  });

  test.each([
    [2, 10_000],
    [100, 1000],
    [5000, 25_000],
    // Less than a millisecond apart.
    [5000, 1000],
  ])('%i over %i ms come evenly: at no time more than 20 ms ahead or behind', async (count, overMs) => {
    const rig = new Rig();
    rig.begin(count, overMs);
    await rig.clock.pass(overMs + 40);
    expect(rig.turns).toHaveLength(count);
    const gapMs = overMs / (count - 1);
    for (const [index, at] of rig.turns.entries()) expect(Math.abs(at - index * gapMs)).toBeLessThanOrEqual(20.001);
    expect(rig.clock.timers).toBe(0);
  });

  test('all come when the run is stopped, and no timer stays', async () => {
    const rig = new Rig();
    rig.begin(1000, 60_000);
    await rig.clock.pass(1000);
    expect(rig.turns.length).toBeLessThan(30);
    rig.abort.abort();
    await settled();
    expect([rig.turns.length, rig.clock.timers]).toEqual([1000, 0]);
  });

  test('leave nothing at the signal, which lives as long as the daemon, when the last one has come', async () => {
    const rig = new Rig();
    rig.begin(100, 1000);
    expect(getEventListeners(rig.abort.signal, 'abort')).toHaveLength(1);
    await rig.clock.pass(1040);
    expect(rig.turns).toHaveLength(100);
    expect(getEventListeners(rig.abort.signal, 'abort')).toEqual([]);
  });
});
