/** Rule 14 for what the texts of a step do not show: the TTL of a record, and what stands at the second provider of a zone hosted twice. */
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../providers/memory/provider.ts';
import type { DomainConfig } from '../../src/core/config/model.ts';
import { parsePlanFile, type PlanFile } from '../../src/core/plan/plan-file.ts';
import { renderJson } from '../../src/core/plan/render-json.ts';
import { renderText } from '../../src/core/plan/render-text.ts';
import { planDigest, type RunReport } from '../../src/core/plan/report.ts';
import { type RecordSet, txtSet } from '../../src/core/record-set.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const REPORTS = `_smtp._tls.${D}`;

/** The report record for one address at d.example: its text, and its set. */
function text(address: string): string {
  return `v=TLSRPTv1; rua=mailto:${address}@d.example;`;
}

function reports(address: string): RecordSet {
  return txtSet(REPORTS, 300, [text(address)]);
}

function ttl(ttlSeconds: number): DomainConfig {
  return wantedDomain(D, { ttlSeconds });
}

function fileOf(report: RunReport): PlanFile {
  const file = parsePlanFile(renderJson(report));
  if (!file.ok) throw new Error(JSON.stringify(file.issues));
  return file.value;
}

function apply(world: World, wanted: DomainConfig, reviewed: PlanFile): Promise<RunReport> {
  return world.later(600).sync([wanted], { reviewed, only: [D] });
}

/** Why the domain is held by plan-is-current; nothing may have been written. */
function heldReason(world: World, report: RunReport): string {
  const held = theDomain(report).steps.filter((step) => step.outcome === 'held');
  expect(held.map((step) => step.guard)).toEqual(['plan-is-current']);
  expect(world.writes).toEqual([]);
  return held[0]?.reason ?? '';
}

describe('the TTL of a record', () => {
  it('is part of the plan: a first publication reviewed with one is not made with another', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const file = fileOf(await world.dryRun([ttl(300)]));
    expect(heldReason(world, await apply(world, ttl(900), file))).toContain(
      `${REPORTS} TXT would get TTL 900 now, and 300 by the plan`,
    );
  });

  it('is part of the digest', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const digests = [await world.dryRun([ttl(300)]), await world.dryRun([ttl(900)])].map((report) => report.digest);
    expect(new Set(digests).size).toBe(2);
    const written = renderJson(await world.dryRun([ttl(300)]));
    expect(parsePlanFile(written.replaceAll('"after": 300', '"after": 900'))).toMatchObject({
      ok: false,
      issues: [{ code: 'PLAN_EDITED' }],
    });
  });

  it('that alone changes is held with its own words when the plan has another, or none', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([ttl(300)]);
    const [longer, nothing] = [fileOf(await world.dryRun([ttl(900)])), fileOf(await world.dryRun([ttl(300)]))];
    world.writes.length = 0;
    expect(heldReason(world, await apply(world, ttl(600), longer))).toContain('would get TTL 600 now, and 900');
    expect(heldReason(world, await apply(world, ttl(900), nothing))).toContain(
      `the plan does not change ${REPORTS} TXT from TTL 300 to TTL 900`,
    );
    // Nothing asks for it any more: what the reviewer read is not what is wanted.
    expect(heldReason(world, await apply(world, ttl(300), longer))).toContain(
      `the plan changes ${REPORTS} TXT from TTL 300 to TTL 900, and nothing asks for that now`,
    );
    expect(theDomain(await apply(world, ttl(900), longer)).status).toBe('changed');
    expect(world.sets.get(`${REPORTS} TXT`)?.ttlSeconds).toBe(900);
    expect(theDomain(await apply(world, ttl(900), longer)).status).toBe('in sync');
  });

  it('before the change may have moved: what is wanted is the same', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([ttl(300)]);
    const file = fileOf(await world.dryRun([ttl(900)]));
    const set = world.sets.get(`${REPORTS} TXT`);
    if (set !== undefined) world.sets.set(`${REPORTS} TXT`, { ...set, ttlSeconds: 60 });
    expect(theDomain(await apply(world, ttl(900), file)).status).toBe('changed');
  });

  it('is not asked of a file that an older release wrote without TTLs', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const file = fileOf(await world.dryRun([ttl(300)]));
    const domains = file.domains.map((one) => ({
      ...one,
      steps: one.steps.map((step) => ({ ...step, changes: null })),
    }));
    const older = {
      version: 1,
      dryRun: true,
      generatedAt: file.generatedAt,
      digest: planDigest(domains),
      domains: domains.map((one) => ({
        ...one,
        steps: one.steps.map((step) => Object.fromEntries(Object.entries(step).filter(([name]) => name !== 'changes'))),
      })),
    };
    const read = parsePlanFile(JSON.stringify(older));
    expect(read).toMatchObject({ ok: true, value: { domains: [{ steps: [{ changes: null }, {}, {}, {}, {}] }] } });
    if (read.ok) expect(theDomain(await apply(world, ttl(300), read.value)).status).toBe('changed');
  });

  it.each([['"providers": {}'], ['"providers": [{ "provider": 1 }]'], ['"providers": [1]']])(
    'is refused where it is not what a dry run writes: %s',
    async (providers) => {
      const world = new World([mxSet(D, [`mx1.${D}`])]);
      const written = renderJson(await world.dryRun([ttl(300)]));
      const edited = written.replace(/"providers": \[[^\]]*"before": null/, `${providers}, "rest": [{"before": null`);
      expect(edited).not.toBe(written);
      const file = parsePlanFile(edited);
      expect(file.ok ? [] : [...new Set(file.issues.map((issue) => issue.code))]).toEqual(['PLAN_FIELD']);
    },
  );
});

describe('a zone at two providers', () => {
  const both = { kind: 'all', names: ['main', 'second'] } as const;
  const wanted = wantedDomain(D, { providers: both, tlsReports: ['mailto:new@d.example'], adopt: true });

  /** In sync but for the reports, which the two have in two ways. */
  async function twoProviders(): Promise<{ world: World; second: Map<string, RecordSet> }> {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const second = new Map<string, RecordSet>();
    world.others.set('second', openMemory(null, [mxSet(D, [`mx1.${D}`])], second));
    await world.sync([wanted]);
    world.sets.set(`${REPORTS} TXT`, reports('one'));
    second.set(`${REPORTS} TXT`, reports('two'));
    world.writes.length = 0;
    return { world, second };
  }

  it('shows what each has, in JSON and in the text', async () => {
    const { world } = await twoProviders();
    const report = await world.dryRun([wanted]);
    const json: unknown = JSON.parse(renderJson(report));
    expect(json).toMatchObject({
      domains: [
        {
          steps: [
            {
              before: [text('one')],
              providers: [
                { provider: 'main', before: [text('one')], after: [text('new')], ttl: { before: 300, after: 300 } },
                { provider: 'second', before: [text('two')], after: [text('new')], ttl: { before: 300, after: 300 } },
              ],
            },
          ],
        },
      ],
    });
    expect(renderText(report, { isVerbose: false, paint: (_style, word) => word })).toContain(
      `± ${REPORTS} TXT  at main: ${text('one')} -> ${text('new')}; at second: ${text('two')} -> ${text('new')}`,
    );
  });

  it('lists only the one that has to change', async () => {
    const { world, second } = await twoProviders();
    world.sets.set(`${REPORTS} TXT`, reports('new'));
    const file = fileOf(await world.dryRun([wanted]));
    expect(file.domains[0]?.steps[0]?.changes?.map((one) => one.provider)).toEqual(['second']);
    expect(theDomain(await apply(world, wanted, file)).status).toBe('changed');
    expect(second.get(`${REPORTS} TXT`)).toEqual(reports('new'));
  });

  it('is held when the second one moved since the plan', async () => {
    const { world, second } = await twoProviders();
    const file = fileOf(await world.dryRun([wanted]));
    second.set(`${REPORTS} TXT`, reports('three'));
    expect(heldReason(world, await apply(world, wanted, file))).toContain(
      `${REPORTS} TXT at second was "v=TLSRPTv1; rua=mailto:two@d.example;" in the plan and is "v=TLSRPTv1; rua=mailto:three@d.example;" now`,
    );
    expect(second.get(`${REPORTS} TXT`)).toEqual(reports('three'));
  });

  it('is held when one changes that the plan left alone', async () => {
    const { world, second } = await twoProviders();
    second.set(`${REPORTS} TXT`, reports('new'));
    const file = fileOf(await world.dryRun([wanted]));
    second.set(`${REPORTS} TXT`, reports('three'));
    expect(heldReason(world, await apply(world, wanted, file))).toContain(
      `the plan does not change ${REPORTS} TXT at second, and it would change now`,
    );
  });

  it('is finished by the same file after the first one was done', async () => {
    const { world, second } = await twoProviders();
    const file = fileOf(await world.dryRun([wanted]));
    world.sets.set(`${REPORTS} TXT`, reports('new'));
    expect(theDomain(await apply(world, wanted, file)).status).toBe('changed');
    expect(second.get(`${REPORTS} TXT`)).toEqual(reports('new'));
  });
});
