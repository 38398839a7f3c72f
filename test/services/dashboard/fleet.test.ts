import { describe, expect, test } from 'vitest';

import type { PolicyMode } from '../../../src/core/policy.ts';
import type { Status } from '../../../src/core/plan/model.ts';
import { type Figures, openFleetFigures } from '../../../src/services/dashboard/fleet-figures.ts';
import { parseFleetQuery } from '../../../src/services/dashboard/fleet-query.ts';
import { type FleetRow, filterRows, openFleetRows, sortRows } from '../../../src/services/dashboard/fleet-rows.ts';
import { noFleet } from '../../../src/services/daemon/fleet-state.ts';
import { keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { configOf, stateWith } from '../daemon/states.ts';
import { emptyWorld, worldWith } from './rig.ts';
import { now } from './sample-domains.ts';

function row(domain: string, status: Status | null, wanted: PolicyMode = 'enforce', findings = 0): FleetRow {
  return { domain, status, mode: { wanted, live: wanted }, changes: 0, findings };
}

function figure(succeeded: number, failed: number, days: number | null = null): Figures {
  return { succeeded, failed, endsAt: days === null ? null : new Date(now.getTime() + days * 86_400_000) };
}

const ROWS = [
  row('a.example', 'in sync', 'enforce', 1),
  row('b.example', 'failed', 'testing'),
  row('c.example', null),
  row('d.example', 'held', 'none', 3),
];
const FIGURES = new Map([
  ['a.example', figure(90, 10, 60)],
  ['b.example', figure(10, 5, 9)],
  ['d.example', figure(1000, 0)],
]);

function sorted(search: Readonly<Record<string, string>>): string {
  const query = parseFleetQuery(search);
  if (!query.ok) throw new Error(query.message);
  return sortRows(filterRows(ROWS, query.value, FIGURES), query.value, FIGURES)
    .map(({ domain }) => domain[0])
    .join('');
}

const ORDERS: readonly (readonly [search: Readonly<Record<string, string>>, order: string, why: string])[] = [
  [{}, 'bdac', 'the worst first, what nobody looked at last'],
  [{ order: 'desc' }, 'cadb', 'the other way round'],
  [{ sort: 'domain' }, 'abcd', 'by name'],
  [{ sort: 'domain', order: 'desc' }, 'dcba', 'by name, the other way round'],
  [{ sort: 'mode' }, 'acbd', 'enforce first'],
  [{ sort: 'findings' }, 'dabc', 'the most first, then by name'],
  [{ sort: 'certificate' }, 'bacd', 'what ends first; without certificate last'],
  [{ sort: 'certificate', order: 'desc' }, 'abcd', 'without certificate last also then'],
  [{ sort: 'sessions' }, 'dabc', 'the most first'],
  [{ sort: 'failures' }, 'abdc', 'the most first'],
  [{ sort: 'rate' }, 'badc', 'the largest share first'],
  [{ status: 'held' }, 'd', 'of one status'],
  [{ mode: 'enforce', sort: 'domain' }, 'ac', 'that want one mode'],
  [{ q: ' B.EX ' }, 'b', 'with a part of the name, in any case'],
  [{ failures: '1', sort: 'domain' }, 'ab', 'with failures'],
  [{ status: '', mode: '', q: '', failures: '', sort: 'domain' }, 'abcd', 'as a form sends what is left open'],
];

describe('the rows of the fleet', () => {
  test.each(ORDERS)('%o gives %s: %s', (search, expected) => expect(sorted(search)).toBe(expected));

  test('are every domain of the YAML, with what is known of it, and made anew only when that changed', () => {
    const rowsOf = openFleetRows();
    const inForce = { config: configOf(['a.example', 'b.example', 'c.example']), commit: null, loadedAt: now };
    const known = new Map([['b.example', { status: 'held', since: now, failures: 0 } as const]]);
    const state = { ...noFleet, inForce, known, domains: new Map([['a.example', stateWith({}, 'a.example')]]) };
    const rows = rowsOf(state);
    expect(rows.map(({ domain, status }) => [domain, status])).toEqual([
      ['a.example', 'in sync'],
      ['b.example', 'held'],
      ['c.example', null],
    ]);
    expect(rowsOf({ ...state })).toBe(rows);
    expect(rowsOf({ ...state, domains: new Map() })).not.toBe(rows);
  });
});

describe('the sums over the fleet', () => {
  test('count a session once that a sender tells of under DANE and under MTA-STS', () => {
    const world = worldWith({ 'a.example': {} }, [report('a.example', [sessions(2), sessions(3, 'tlsa')])]);
    const { of, sums, asOf } = openFleetFigures(world)([{ domain: 'a.example' }]);
    expect(of.get('a.example')).toEqual({ succeeded: 7, failed: 3, endsAt: null });
    expect([sums, asOf]).toEqual([{ succeeded: 7, failed: 3, ending: 0 }, now]);
  });

  test('leave out what is older than 30 days', () => {
    const reports = [
      report('a.example', [sessions(1)], '2026-10-25'),
      report('b.example', [sessions(1)], '2026-10-26'),
    ];
    const { of } = openFleetFigures(worldWith({}, reports))([{ domain: 'a.example' }, { domain: 'b.example' }]);
    expect([...of.keys()]).toEqual(['b.example']);
  });

  const many = Array.from({ length: 450 }, (_, n) => ({ domain: `d${n}.example` }));

  test('of many domains are made beside the page, in slices, and asked for again after a minute at the earliest', async () => {
    let [pauses, at] = [0, now];
    const base = worldWith({}, [report('d449.example', [sessions(4)])]);
    const pause = async (): Promise<void> => void pauses++;
    const figures = openFleetFigures({ ...base, pause, now: () => at });
    expect(figures(many).asOf).toBeNull();
    await settled();
    expect(figures(many)).toMatchObject({ asOf: now, sums: { succeeded: 6, failed: 4 } });
    expect(pauses).toBe(5);
    at = new Date(now.getTime() + 59_000);
    figures(many);
    await settled();
    expect(pauses).toBe(5);
    at = new Date(now.getTime() + 60_000);
    expect(figures(many).asOf).toEqual(now);
    await settled();
    expect([pauses, figures(many).asOf]).toEqual([10, at]);
  });

  test('hold the loop no longer than some milliseconds: a slow state makes smaller slices', async () => {
    let [pauses, at] = [0, now.getTime()];
    const pause = async (): Promise<void> => void pauses++;
    const world = { ...worldWith({}), pause, now: () => new Date((at += 1)) };
    openFleetFigures(world)(many);
    await settled();
    expect(pauses).toBeGreaterThan(50);
  });

  test('stay as they were where the state cannot be read, and are tried again a minute later', async () => {
    const troubles: unknown[] = [];
    const figures = openFleetFigures(emptyWorld({ look: damaged, onTrouble: (error) => void troubles.push(error) }));
    figures(many);
    await settled();
    figures(many);
    await settled();
    expect(troubles).toEqual([new Error('damaged')]);
  });
});

/** What awaits nothing but promises has ended then. */
async function settled(): Promise<void> {
  for (let n = 0; n < 2000; n++) await Promise.resolve();
}

function damaged(): never {
  throw new Error('damaged');
}

function sessions(failed: number, type = 'sts') {
  return policyOf({
    policyType: type,
    totalSuccessfulSessionCount: 10 - failed,
    totalFailureSessionCount: failed,
    failureDetails: [],
  });
}

function report(domain: string, policies: readonly ReturnType<typeof sessions>[], day = '2026-11-20') {
  const dateRange = { start: new Date(`${day}T00:00:00Z`), end: new Date(`${day}T23:59:59Z`) };
  return { kind: 'keep' as const, report: keptReport({ domain, policies, dateRange }), clears: domain };
}
