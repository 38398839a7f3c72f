/** The guard reports-agree over a whole testing time: what reports do to the promotion, and what a person is told. */
import { describe, expect, it } from 'vitest';

import type { DomainPlan } from '../../src/core/plan/model.ts';
import type { FailureCell, TotalCell } from '../../src/core/reports/tally.ts';
import { factsOf, failed, went } from '../core/reports/facts.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const day = 86_400;
const well = Array.from({ length: 14 }, (_, index) => went(index + 1, 'google.com', 10));
const DAY_15 = '2026-09-15T12:00:00Z';

/** Enforce is wanted since 1 September, noon; a run at `now` with these reports in the state. */
async function runAt(now: string, rows: readonly (TotalCell | FailureCell)[], mode: 'enforce' | 'testing' = 'enforce') {
  const world = new World([mxSet(D, [`mx1.${D}`])]);
  world.now = new Date('2026-09-01T12:00:00Z');
  await world.sync([wantedDomain(D, { mode })]);
  world.now = new Date(now);
  world.reports.set(D, factsOf(rows));
  const plan = theDomain(await world.sync([wantedDomain(D, { mode })]));
  return { plan, isEnforced: world.body(D)?.includes('mode: enforce') ?? false };
}

function heldBy({ steps }: DomainPlan): unknown {
  const step = steps.find(({ guard }) => guard === 'reports-agree');
  return step === undefined ? null : { reason: step.reason, notBefore: step.notBefore?.toISOString() ?? null };
}

function evidenceOf({ findings }: DomainPlan): readonly string[] {
  return findings.filter(({ code }) => code.startsWith('ENFORCE_')).map(({ code, message }) => `${code} ${message}`);
}

function said({ findings }: DomainPlan): readonly string[] {
  return findings.flatMap(({ code, severity, message }) => (code === 'STEPPED_BACK' ? [`${severity} ${message}`] : []));
}

describe('reports-agree', () => {
  it('lets enforce follow after testingFor where reports show nothing wrong', async () => {
    const { isEnforced, plan } = await runAt(DAY_15, well);
    expect(isEnforced).toBe(true);
    expect(heldBy(plan)).toBeNull();
  });

  it('does not take reports that nothing proves for evidence', async () => {
    const rows = well.map((row) => ({ ...row, verdict: 'https' as const }));
    const { isEnforced, plan } = await runAt(DAY_15, rows);
    expect(isEnforced).toBe(false);
    expect(heldBy(plan)).toEqual({
      reason: 'no TLS reports came in, so testing goes on for twice testingFor',
      notBefore: '2026-09-29T12:00:00.000Z',
    });
  });

  it('holds enforce with a date while a live MX fails', async () => {
    const { isEnforced, plan } = await runAt(DAY_15, [...well, failed(13, 'google.com', 4)]);
    expect(isEnforced).toBe(false);
    expect(heldBy(plan)).toEqual({
      reason:
        'mx1.example.com failed for Google (certificate-expired; 4 sessions, last on 13 September); it ends after 3 days with reports and no failure',
      notBefore: '2026-09-17T00:00:00.000Z',
    });
  });

  it('goes on holding, without a date, where nobody reports after the failure, for longer than twice testingFor', async () => {
    const { isEnforced, plan } = await runAt('2026-10-20T12:00:00Z', [...well, failed(14, 'google.com', 4)]);
    expect(isEnforced).toBe(false);
    expect(heldBy(plan)).toMatchObject({ notBefore: null });
  });

  it('lets enforce follow when the failure is over', async () => {
    const { isEnforced } = await runAt(DAY_15, [...well, failed(11, 'google.com', 4)]);
    expect(isEnforced).toBe(true);
  });

  it('says what is missing, and when a domain in testing is ready', async () => {
    const early = await runAt('2026-09-10T12:00:00Z', [...well, failed(14, 'google.com', 4)]);
    expect(evidenceOf(early.plan)).toEqual([
      'ENFORCE_EVIDENCE not ready for enforce: testing goes on until 15 September; mx1.example.com failed for Google (certificate-expired; 4 sessions, last on 14 September); so far 14 days with reports of 1 reporter, 140 sessions',
    ]);
    const ready = await runAt(DAY_15, well, 'testing');
    expect(evidenceOf(ready.plan)).toEqual([
      'ENFORCE_READY ready for enforce: 14 days with reports of 1 reporter, 140 sessions, no live MX that fails',
    ]);
    expect(evidenceOf((await runAt(DAY_15, [])).plan)).toEqual([]);
  });
});

describe('stepBack', () => {
  type Rows = readonly (TotalCell | FailureCell)[];
  const traffic = [18, 19, 20].flatMap((one) => [went(one, 'google.com', 100), went(one, 'microsoft.com', 100)]);
  const burst = [failed(19, 'google.com', 20), failed(20, 'microsoft.com', 20)];

  /** Enforce came on 15 September; a run on the 21st with these reports. */
  async function enforced(rows: Rows, stepBack = true) {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const wanted = [wantedDomain(D, { mode: 'enforce', stepBack })];
    world.now = new Date('2026-09-01T12:00:00Z');
    await world.sync(wanted);
    world.now = new Date(DAY_15);
    world.reports.set(D, factsOf(well));
    await world.sync(wanted);
    expect(world.body(D)).toContain('mode: enforce');
    world.now = new Date('2026-09-21T12:00:00Z');
    world.reports.set(D, factsOf([...well, ...rows]));
    const plan = theDomain(await world.sync(wanted));
    return { world, wanted, plan, isTesting: world.body(D)?.includes('mode: testing') ?? false };
  }

  it.each<readonly [string, Rows, boolean]>([
    ['two signed reporters tell of a burst', [...traffic, ...burst], true],
    ['one reporter tells of it', [...traffic, ...burst.map((row) => ({ ...row, reporter: 'google.com' }))], false],
    ['nothing proves the reports', [...traffic, ...burst.map((row) => ({ ...row, verdict: 'https' as const }))], false],
    [
      'one was imported by hand',
      [...traffic, ...burst.map((row) => (row.day < '2026-09-20' ? row : { ...row, verdict: 'file' as const }))],
      false,
    ],
    [
      'few sessions failed',
      [...traffic.map((row) => ({ ...row, succeeded: 5 })), ...burst.map((row) => ({ ...row, sessions: 4 }))],
      false,
    ],
    ['a small share failed', [...traffic.map((row) => ({ ...row, succeeded: 1000 })), ...burst], false],
    ['the host is not in MX', [...traffic, ...burst.map((row) => ({ ...row, mx: 'old.example.com' }))], false],
    ['DANE failed', [...traffic, ...burst.map((row) => ({ ...row, result: 'tlsa-invalid' }))], false],
    [
      'it was before the last three days with reports',
      [went(17, 'google.com', 100), ...traffic, ...burst.map((row) => ({ ...row, day: '2026-09-17' }))],
      false,
    ],
    [
      'it was before enforce',
      [went(14, 'microsoft.com', 100), ...burst.map((row) => ({ ...row, day: '2026-09-14' }))],
      false,
    ],
  ])('where %s', async (_what, rows, isBack) => {
    expect((await enforced(rows)).isTesting).toBe(isBack);
  });

  it('is not done unless it is asked for', async () => {
    expect((await enforced([...traffic, ...burst], false)).isTesting).toBe(false);
  });

  it('is said loudly, stays while failures go on, and goes back by the evidence of a promotion', async () => {
    const { world, wanted, plan } = await enforced([...traffic, ...burst]);
    expect(said(plan)).toEqual([
      'error goes back from enforce to testing: 40 sessions failed at mx1.example.com for Google and Microsoft within 3 days (7 %)',
    ]);
    world.reports.set(D, factsOf([]));
    const next = theDomain(await world.later(day).sync(wanted));
    expect(world.body(D)).toContain('mode: testing');
    expect(said(next)).toEqual(['warning is back in testing since 2026-09-21 because of reports']);
    const clean = [22, 23, 24, 25].map((one) => went(one, 'google.com', 9));
    world.reports.set(D, factsOf([failed(21, 'google.com', 9), ...clean]));
    await world.later(12 * day).sync(wanted);
    expect(world.body(D)).toContain('mode: testing');
    await world.later(day).sync(wanted);
    expect(world.body(D)).toContain('mode: enforce');
  });
});
