/** Rule 14: a plan reviewed is the plan applied. Each test makes a plan file, lets the world move, and applies the file. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DomainConfig } from '../../src/core/config/model.ts';
import { StsyncError } from '../../src/core/error.ts';
import type { Step } from '../../src/core/plan/model.ts';
import { parsePlanFile, type PlanFile } from '../../src/core/plan/plan-file.ts';
import { renderJson } from '../../src/core/plan/render-json.ts';
import { exitCodeOf, type RunReport, withoutTimes } from '../../src/core/plan/report.ts';
import { txtSet } from '../../src/core/record-set.ts';
import type { RunOptions } from '../../src/services/sync.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const [A, B] = ['a.example', 'b.example'];
const week = 7 * 86_400;

/** Both domains served in testing; `sets` may change before the plan is made. */
async function servedWorld(names: readonly string[] = [A, B]): Promise<World> {
  const world = new World(names.map((name) => mxSet(name, [`mx1.${name}`])));
  await world.sync(names.map((name) => wantedDomain(name)));
  world.writes.length = 0;
  return world.later(3600);
}

async function planFile(
  world: World,
  wanted: readonly DomainConfig[],
  options: Partial<RunOptions> = {},
): Promise<PlanFile> {
  const file = parsePlanFile(renderJson(await world.dryRun(wanted, options)));
  if (!file.ok) throw new Error(JSON.stringify(file.issues));
  return file.value;
}

function reviewedOptions(file: PlanFile): Partial<RunOptions> {
  return { reviewed: file, only: file.domains.map((one) => one.domain) };
}

function apply(world: World, wanted: readonly DomainConfig[], file: PlanFile): Promise<RunReport> {
  return world.later(600).sync(wanted, reviewedOptions(file));
}

function afterOf(step: Pick<Step, 'after'>): string {
  return JSON.stringify(withoutTimes(step.after));
}

function statuses(report: RunReport): Readonly<Record<string, string>> {
  return Object.fromEntries(report.domains.map((plan) => [plan.domain, plan.status]));
}

/** What the only held domain says. */
function heldReason(report: RunReport): string {
  const held = report.domains.filter((plan) => plan.status === 'held');
  expect(held).toHaveLength(1);
  const steps = held[0]?.steps.filter((step) => step.outcome === 'held') ?? [];
  expect(steps.map((step) => step.guard)).toEqual(['plan-is-current']);
  expect(held[0]?.findings.map((finding) => finding.code)).toContain('CHANGED_SINCE_PLAN');
  return steps[0]?.reason ?? '';
}

const both = (rest: Partial<DomainConfig>): readonly DomainConfig[] => [wantedDomain(A, rest), wantedDomain(B, rest)];
const longer = both({ maxAgeSeconds: week });

describe('a plan file', () => {
  it('is applied as it is, with ids of the time of writing', async () => {
    const world = await servedWorld();
    const file = await planFile(world, longer);
    const report = await apply(world, longer, file);
    expect(statuses(report)).toEqual({ [A]: 'changed', [B]: 'changed' });
    expect(report.digest).toBe(file.digest);
    expect(world.id(A)).toMatch(/^20261124131000/);
    expect(world.body(A)).toContain(`max_age: ${week}`);
  });

  it('leaves domains alone that are not in it', async () => {
    const world = await servedWorld();
    const file = await planFile(world, longer, { only: [A] });
    const report = await apply(world, longer, file);
    expect(statuses(report)).toEqual({ [A]: 'changed' });
    expect(world.writes.every((write) => write.includes(A))).toBe(true);
  });

  it('shows in a dry run what would be applied and what is held', async () => {
    const world = await servedWorld();
    const file = await planFile(world, longer);
    world.sets.set(`mta-sts.${B} CNAME`, {
      name: `mta-sts.${B}`,
      type: 'CNAME',
      ttlSeconds: 300,
      rdata: ['x.example.'],
    });
    const report = await world.dryRun(longer, reviewedOptions(file));
    expect(statuses(report)).toEqual({ [A]: 'drift', [B]: 'held' });
    expect(exitCodeOf(report)).toBe(2);
    expect(world.writes).toEqual([]);
  });

  it('can be applied twice: the second time there is nothing to do', async () => {
    const world = await servedWorld();
    const file = await planFile(world, longer);
    await apply(world, longer, file);
    world.writes.length = 0;
    expect(statuses(await apply(world, longer, file))).toEqual({ [A]: 'in sync', [B]: 'in sync' });
    expect(world.writes).toEqual([]);
  });

  it('goes on after a crash in the middle: what is live already counts as done', async () => {
    for (const broken of ['publish', 'write _mta-sts'] as const) {
      for (const at of ['before', 'after'] as const) {
        const world = await servedWorld([A]);
        const wanted = [wantedDomain(A, { maxAgeSeconds: week })];
        const file = await planFile(world, wanted);
        world.fault = (write, when) => {
          if (write.startsWith(broken) && when === at) throw new Error('broken');
        };
        await apply(world, wanted, file);
        world.fault = () => undefined;
        expect(['changed', 'in sync']).toContain(theDomain(await apply(world, wanted, file)).status);
        expect(world.body(A)).toContain(`max_age: ${week}`);
        expect(theDomain(await world.dryRun(wanted)).status).toBe('in sync');
      }
    }
  });

  it('counts a step as done that somebody else did meanwhile', async () => {
    const world = await servedWorld([A]);
    const wanted = [wantedDomain(A, { tlsReports: ['mailto:new@example.net'], maxAgeSeconds: week })];
    const file = await planFile(world, wanted);
    const text = 'v=TLSRPTv1; rua=mailto:new@example.net;';
    world.sets.set(`_smtp._tls.${A} TXT`, txtSet(`_smtp._tls.${A}`, 300, [text]));
    expect(theDomain(await apply(world, wanted, file)).status).toBe('changed');
    expect(world.writes).toEqual([`publish mta-sts.${A}`, `write _mta-sts.${A} TXT`]);
  });

  it('makes the new id that `--rotate` planned, once', async () => {
    const world = await servedWorld([A]);
    const wanted = [wantedDomain(A)];
    const before = world.id(A);
    const file = await planFile(world, wanted, { isRotationAsked: true });
    expect(theDomain(await apply(world, wanted, file)).status).toBe('changed');
    const after = world.id(A);
    expect(after).not.toBe(before);
    expect(theDomain(await apply(world, wanted, file)).status).toBe('in sync');
    expect(world.id(A)).toBe(after);
  });
});

describe('a run that was cut off', () => {
  it('is finished by the same file, also where the write stands and what follows it is missing', async () => {
    const world = await servedWorld([A]);
    const wanted = [wantedDomain(A, { maxAgeSeconds: week })];
    const file = await planFile(world, wanted);
    await apply(world, wanted, file);
    const last = world.journal.at(-1);
    if (last !== undefined) world.journal[world.journal.length - 1] = { ...last, outcome: 'started' };
    world.writes.length = 0;
    expect(theDomain(await apply(world, wanted, file)).status).toBe('changed');
    expect(world.writes).toEqual([`write _mta-sts.${A} TXT`]);
  });
});

describe('guard plan-is-current', () => {
  it('holds a domain whose YAML changed, and applies the other', async () => {
    const world = await servedWorld();
    const file = await planFile(world, longer);
    const edited = [wantedDomain(A, { maxAgeSeconds: 2 * week }), wantedDomain(B, { maxAgeSeconds: week })];
    const report = await apply(world, edited, file);
    expect(statuses(report)).toEqual({ [A]: 'held', [B]: 'changed' });
    expect(exitCodeOf(report)).toBe(3);
    expect(heldReason(report)).toContain('another max_age is wanted now');
    expect(heldReason(report)).toContain(`stsync sync ${A} --dry-run`);
    expect(world.writes.filter((write) => write.includes(A))).toEqual([]);
  });

  it.each([
    [{ mode: 'none' as const }, 'mode none is wanted now, and testing by the plan'],
    [{ maxAgeSeconds: week, mx: [`mx2.${A}`] }, `mx mx2.${A} is wanted now, and mx1.${A} by the plan`],
    [{ absent: true }, 'mode none is wanted now, and testing by the plan'],
    [
      { maxAgeSeconds: week, tlsReports: [] },
      `the plan does not change _smtp._tls.${A} TXT from "v=TLSRPTv1; rua=mailto:tls@example.net;" to nothing`,
    ],
  ])('says which part of the YAML is another: %j', async (rest, words) => {
    const world = await servedWorld([A]);
    const file = await planFile(world, [wantedDomain(A, { maxAgeSeconds: week })]);
    const report = await apply(world, [wantedDomain(A, rest)], file);
    expect(heldReason(report)).toContain(words);
    expect(world.writes).toEqual([]);
  });

  it('holds a domain that left the YAML', async () => {
    const world = await servedWorld();
    const file = await planFile(world, longer);
    const report = await apply(world, longer.slice(1), file);
    expect(statuses(report)).toEqual({ [A]: 'held', [B]: 'changed' });
    expect(heldReason(report)).toContain(`${A} is not in the YAML any more`);
  });

  it('holds a domain whose MX moved so that another policy would be served', async () => {
    const allow = new Set(['testing-before-enforce'] as const);
    const enforce = (mx: readonly string[]) => [A, B].map((name) => wantedDomain(name, { mode: 'enforce', mx, allow }));
    const patterns = ['mx1.a.example', 'mx1.b.example', 'old.example.net'];
    const world = new World([A, B].map((name) => mxSet(name, [`mx1.${name}`])));
    await world.sync(enforce(patterns));
    const narrow = enforce(patterns.slice(0, 2));
    const file = await planFile(world.later(3 * week), narrow);
    world.sets.set(`${A} MX`, mxSet(A, [`mx1.${A}`, 'old.example.net']));
    world.writes.length = 0;
    const report = await apply(world, narrow, file);
    expect(statuses(report)[B]).toBe('changed');
    expect(heldReason(report)).toContain(`the plan changes policy of mta-sts.${A} from`);
    expect(world.body(A)).toContain('old.example.net');
    expect(world.writes.filter((write) => write.includes(A))).toEqual([]);
  });

  it('follows `mx: live` no further than the plan', async () => {
    const world = await servedWorld([A]);
    const wanted = [wantedDomain(A, { mx: 'live', maxAgeSeconds: week })];
    const file = await planFile(world, wanted);
    world.sets.set(`${A} MX`, mxSet(A, [`mx1.${A}`, `mx2.${A}`]));
    expect(heldReason(await apply(world, wanted, file))).toContain(`mx mx1.${A} mx2.${A} is wanted now`);
  });

  it('holds a domain whose record somebody else changed, and says from what to what', async () => {
    const world = await servedWorld();
    const wanted = both({ tlsReports: ['mailto:new@example.net'] });
    const file = await planFile(world, wanted);
    const text = 'v=TLSRPTv1; rua=mailto:stranger@example.org;';
    world.sets.set(`_smtp._tls.${A} TXT`, txtSet(`_smtp._tls.${A}`, 300, [text]));
    const report = await apply(world, wanted, file);
    expect(statuses(report)).toEqual({ [A]: 'held', [B]: 'changed' });
    expect(heldReason(report)).toContain(
      `_smtp._tls.${A} TXT was "v=TLSRPTv1; rua=mailto:tls@example.net;" in the plan and is "${text}" now`,
    );
    expect(world.txt(`_smtp._tls.${A}`)).toEqual([text]);
  });

  it('holds what drifted beside the plan', async () => {
    const world = await servedWorld([A]);
    const file = await planFile(world, [wantedDomain(A, { maxAgeSeconds: week })]);
    world.sets.delete(`mta-sts.${A} CNAME`);
    const report = await apply(world, [wantedDomain(A, { maxAgeSeconds: week })], file);
    expect(heldReason(report)).toContain(`the plan does not change mta-sts.${A} CNAME from nothing`);
    expect(theDomain(report).steps.filter((step) => step.outcome === 'skipped').length).toBeGreaterThan(0);
  });

  it('has nothing to hold where nothing was to be done and nothing is, although the YAML changed', async () => {
    const allow = new Set(['testing-before-enforce'] as const);
    const enforce = (mx: readonly string[]) => [wantedDomain(A, { mode: 'enforce', mx, allow })];
    const [mx1, mx2] = [`mx1.${A}`, `mx2.${A}`];
    const world = new World([mxSet(A, [mx1, mx2])]);
    await world.sync(enforce([mx1, mx2]));
    const file = await planFile(world, enforce([mx1, mx2]));
    world.sets.set(`${A} MX`, mxSet(A, [mx1]));
    const plan = theDomain(await apply(world, enforce([mx1]), file));
    expect(plan.status).toBe('waiting');
    expect(plan.findings.map((finding) => finding.code)).not.toContain('CHANGED_SINCE_PLAN');
  });

  it('holds a domain whose new id is not wanted any more, although the old one proves the same body', async () => {
    const world = await servedWorld([A]);
    const body = world.body(A) ?? '';
    world.files.set(`mta-sts.${A}`, 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n');
    const file = await planFile(world, [wantedDomain(A)]);
    expect(file.domains[0]?.rotation).toBe('wrong-body');
    world.files.set(`mta-sts.${A}`, body);
    expect(heldReason(await apply(world, [wantedDomain(A)], file))).toContain('and nothing asks for that now');
  });

  it('does not do what the plan showed as held, although nothing holds it now', async () => {
    const world = await servedWorld([A]);
    const name = `_smtp._tls.${A}`;
    world.memories.clear();
    world.sets.set(`${name} TXT`, txtSet(name, 300, ['v=TLSRPTv1; rua=mailto:other@example.org;']));
    const file = await planFile(world, [wantedDomain(A)]);
    const report = await apply(world, [wantedDomain(A, { adopt: true })], file);
    expect(heldReason(report)).toContain(`${name} TXT was held by no-foreign-overwrite in the plan`);
  });
});

describe('guards under a plan file', () => {
  it('are judged again: what a guard stops now is not done although the plan says so', async () => {
    const world = await servedWorld([A]);
    const wanted = [wantedDomain(A, { mode: 'enforce' })];
    const file = await planFile(world, wanted);
    world.sets.set(`${A} MX`, mxSet(A, [`mx1.${A}`, `mx9.${A}`]));
    const plan = theDomain(await apply(world, wanted, file));
    expect(plan.status).toBe('held');
    expect(plan.steps.map((step) => step.guard)).toEqual(['enforce-covers-live-mx']);
    expect(world.writes).toEqual([]);
  });

  it('max-changed-domains is freed for the domains that the file names', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `d${index}.example`);
    const world = await servedWorld(names);
    const wanted = names.map((name) => wantedDomain(name, { maxAgeSeconds: week }));
    const dry = await world.dryRun(wanted);
    expect(dry.domains.filter((plan) => plan.status === 'held')).toHaveLength(60);
    const report = await apply(world, wanted, await planFile(world, wanted));
    expect(report.domains.filter((plan) => plan.status === 'changed')).toHaveLength(60);
  });
});

describe('rule 9 and rule 14 together', () => {
  it('a domain that cannot be read fails, and the others of the file are applied', async () => {
    const world = await servedWorld();
    const file = await planFile(world, longer);
    const providers = { kind: 'all', names: ['missing'] } as const;
    const wanted = [wantedDomain(A, { maxAgeSeconds: week, providers }), wantedDomain(B, { maxAgeSeconds: week })];
    expect(statuses(await apply(world, wanted, file))).toEqual({ [A]: 'failed', [B]: 'changed' });
  });

  it('of a domain that cannot be read in full, what stands alone is done', async () => {
    const world = await servedWorld([A]);
    const wanted = [wantedDomain(A, { maxAgeSeconds: week, tlsReports: ['mailto:new@example.net'] })];
    const file = await planFile(world, wanted);
    world.unreadable = new StsyncError('PUBLISHER_UNREADABLE', 'no');
    expect(theDomain(await apply(world, wanted, file)).status).toBe('failed');
    expect(world.writes).toEqual([`write _smtp._tls.${A} TXT`]);
  });

  /** What may happen between the plan and its application. */
  const moves: Readonly<Record<string, (world: World) => void>> = {
    'the host record goes': (world) => void world.sets.delete(`mta-sts.${A} CNAME`),
    'the id record goes': (world) => void world.sets.delete(`_mta-sts.${A} TXT`),
    'a foreign id comes': (world) =>
      void world.sets.set(`_mta-sts.${A} TXT`, txtSet(`_mta-sts.${A}`, 300, ['v=STSv1; id=1;'])),
    'the policy goes': (world) => world.files.clear(),
    'another policy comes': (world) =>
      void world.files.set(`mta-sts.${A}`, `version: STSv1\nmode: none\nmx: x.example\nmax_age: 1\n`),
    'MX goes': (world) => void world.sets.delete(`${A} MX`),
    'another MX comes': (world) => void world.sets.set(`${A} MX`, mxSet(A, [`mx1.${A}`, `mx2.${A}`])),
    'the state goes': (world) => world.memories.clear(),
    'time goes by': (world) => void world.later(8 * week),
  };
  const yaml = fc.constantFrom<Partial<DomainConfig>>(
    {},
    { maxAgeSeconds: week },
    { mode: 'enforce' },
    { mode: 'none' },
    { mx: 'live' },
    { mx: [`mx1.${A}`, `mx2.${A}`] },
    { tlsReports: [] },
    { absent: true },
    { adopt: true, ttlSeconds: 3600 },
  );

  it('carries out no step that is not in the file, whatever happens between', async () => {
    const run = fc.asyncProperty(
      yaml,
      yaml,
      yaml,
      fc.subarray(Object.keys(moves)),
      fc.subarray(Object.keys(moves)),
      async (first, planned, now, before, after) => {
        const world = new World([mxSet(A, [`mx1.${A}`])]);
        await world.sync([wantedDomain(A, first)]);
        for (const move of before) moves[move]?.(world.later(60));
        const file = await planFile(world, [wantedDomain(A, planned)]);
        for (const move of after) moves[move]?.(world.later(60));
        const [reviewed] = file.domains;
        const report = await apply(world, [wantedDomain(A, now)], file);
        for (const step of theDomain(report).steps.filter((one) => one.outcome === 'done' && one.kind !== 'verify')) {
          const same = reviewed?.steps.filter((one) => one.kind === step.kind && one.name === step.name);
          expect(same?.map(afterOf)).toContain(afterOf(step));
        }
        // Nothing moved: what the file says is what is done.
        if (after.length > 0 || planned !== now) return;
        expect(theDomain(report).findings.map((finding) => finding.code)).not.toContain('CHANGED_SINCE_PLAN');
      },
    );
    await fc.assert(run, { numRuns: process.env['SLOW'] === '1' ? 3000 : 300 });
  });
});
