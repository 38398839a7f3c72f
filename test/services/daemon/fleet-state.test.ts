import { describe, expect, test } from 'vitest';
import { afterBrokenRun, afterRun, type FleetState, noFleet } from '../../../src/services/daemon/fleet-state.ts';
import type { Status } from '../../../src/core/plan/model.ts';
import { configOf, reportOf } from './states.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 24, 12, minute));
const intervalMs = 900_000;

/** A run over these domains that ends in this minute, of a config with `wanted` (default: the same ones). */
function ran(
  state: FleetState,
  minute: number,
  found: Readonly<Record<string, Status>>,
  wanted = Object.keys(found),
): FleetState {
  const times = { startedAt: at(minute - 1), endedAt: at(minute), intervalMs };
  return afterRun(state, { report: reportOf(found), config: configOf(wanted), reason: 'schedule', ...times });
}

describe('the state after a run', () => {
  test('has each domain with its status, and since when it has it', () => {
    const first = ran(noFleet, 1, { 'a.example': 'drift', 'b.example': 'in sync' });
    const second = ran(first, 16, { 'a.example': 'drift', 'b.example': 'held' });
    expect(second.domains.get('a.example')).toMatchObject({ status: 'drift', since: at(1), lookedAt: at(16) });
    expect(second.domains.get('b.example')).toMatchObject({ status: 'held', since: at(16), lookedAt: at(16) });
    expect(second).toMatchObject({
      lastGoodRunAt: at(16),
      lastRun: { startedAt: at(15), endedAt: at(16), error: null },
    });
  });

  test('counts failures in a row, and forgets them at the first success', () => {
    let state = noFleet;
    for (const minute of [1, 16, 31]) state = ran(state, minute, { 'a.example': 'failed' });
    expect(state.domains.get('a.example')).toMatchObject({ failures: 3, since: at(1) });
    expect(state.domains.get('a.example')?.nextAt?.getTime()).toBeGreaterThan(at(31).getTime());
    state = ran(state, 61, { 'a.example': 'in sync' });
    expect(state.domains.get('a.example')).toMatchObject({ failures: 0, nextAt: null });
    state = ran(state, 76, { 'a.example': 'failed' });
    expect(state.domains.get('a.example')).toMatchObject({ failures: 1, since: at(76) });
  });

  test('keeps what it knows of domains that the run left out, and drops those that left the YAML', () => {
    const first = ran(noFleet, 1, { 'a.example': 'failed', 'b.example': 'in sync', 'c.example': 'in sync' });
    const second = ran(first, 16, { 'b.example': 'in sync' }, ['a.example', 'b.example']);
    expect(second.domains.get('a.example')).toEqual(first.domains.get('a.example'));
    expect([...second.domains.keys()]).toEqual(['a.example', 'b.example']);
    expect([...second.known.keys()]).toEqual(['a.example', 'b.example']);
  });

  test('goes on from what an earlier process kept: the same status is no change, and failures count on', () => {
    const known = new Map([
      ['a.example', { status: 'failed', since: at(-600), failures: 4 }],
      ['b.example', { status: 'held', since: at(-600), failures: 0 }],
    ] as const);
    const state = ran({ ...noFleet, known }, 1, { 'a.example': 'failed', 'b.example': 'in sync' });
    expect(state.domains.get('a.example')).toMatchObject({ since: at(-600), failures: 5 });
    expect(state.domains.get('b.example')).toMatchObject({ since: at(1) });
    // One that was left out by this run is still known.
    expect(ran({ ...noFleet, known }, 1, {}, ['b.example']).known).toEqual(
      new Map([['b.example', known.get('b.example')]]),
    );
  });

  test('is a new object: who read the old one still has it', () => {
    const first = ran(noFleet, 1, { 'a.example': 'in sync' });
    const copy = structuredClone({ domains: first.domains, known: first.known });
    ran(first, 16, { 'a.example': 'failed' });
    expect({ domains: first.domains, known: first.known }).toEqual(copy);
  });

  test('that came to nothing keeps every domain and the last good run, and says why', () => {
    const first = ran(noFleet, 1, { 'a.example': 'in sync' });
    const lastRun = { startedAt: at(16), endedAt: at(17), reason: 'schedule', error: 'LOCKED by another' } as const;
    expect(afterBrokenRun(first, lastRun)).toEqual({ ...first, lastRun });
  });
});
