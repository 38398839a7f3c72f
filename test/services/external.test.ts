/** Publisher `external`: somebody else serves. stsync shows what is to be installed, and the id follows when it is right everywhere (rule 5). */
import { describe, expect, it } from 'vitest';
import type { DomainConfig } from '../../src/core/config/model.ts';
import { exitCodeOf } from '../../src/core/plan/report.ts';
import { hostName, mxSet, theDomain, wantedDomain, World } from '../support/world.ts';
import { TableNetwork } from '../support/table-network.ts';

const D = 'example.com';
const HOST = `mta-sts.${D}`;
const bodyOf = (maxAge: number, mx = `mx1.${D}`): string =>
  `version: STSv1\r\nmode: testing\r\nmx: ${mx}\r\nmax_age: ${maxAge}\r\n`;

function external(rest: Partial<DomainConfig> = {}, spreadSeconds = 0): readonly DomainConfig[] {
  const target = { kind: 'hostname', hostname: hostName('policies.example.net') } as const;
  const publisher = { type: 'external', target, proof: 'https', spreadSeconds } as const;
  return [wantedDomain(D, { observe: 'dns', publisher, ...rest })];
}

/** `served`: the body at each address of the policy host. */
function newWorld(served: readonly (string | null)[]): { world: World; internet: TableNetwork } {
  const world = new World([mxSet(D, [`mx1.${D}`])]);
  const internet = new TableNetwork(world.sets, () => served);
  world.network = internet.network;
  return { world, internet };
}

describe('publisher external', () => {
  it.each([
    ['nothing', [null]],
    ['another policy', [bodyOf(1)]],
    ['the right one at one address, another at the other', [bodyOf(86_400), bodyOf(1)]],
    ['the right one at one address, nothing at the other', [bodyOf(86_400), null]],
  ])('is drift with the body to install while there is %s, and no id goes out', async (_what, served) => {
    const { world } = newWorld(served);
    const report = await world.sync(external());
    const plan = theDomain(report);
    expect(plan.status).toBe('drift');
    expect(exitCodeOf(report)).toBe(3);
    expect(plan.steps.find((step) => step.kind === 'publish-policy')).toMatchObject({
      name: HOST,
      after: [bodyOf(86_400)],
      outcome: 'pending',
    });
    expect(plan.steps.at(-1)).toMatchObject({ name: `_mta-sts.${D}`, outcome: 'skipped' });
    expect(world.id(D)).toBeUndefined();
    expect(world.writes.filter((write) => write.startsWith('publish'))).toEqual([]);
    // Where it is to be served is ours to say already: the certificate needs the name.
    expect(world.sets.has(`${HOST} CNAME`)).toBe(true);
  });

  it('lets the id follow as soon as the body is right at every address', async () => {
    const { world, internet } = newWorld([null]);
    await world.sync(external());
    internet.bodies = () => [bodyOf(86_400), bodyOf(86_400)];
    expect(theDomain(await world.later(60).sync(external())).status).toBe('changed');
    expect(world.id(D)).toMatch(/^20261124120100/);
    expect(theDomain(await world.later(60).sync(external())).status).toBe('in sync');
  });

  it('takes the same policy in other bytes, and looks for it at the target before the host record is there', async () => {
    const { world } = newWorld([`version: STSv1\nmode: testing\nmax_age: 86400\nmx: MX1.${D}\n`]);
    expect(theDomain(await world.sync(external())).status).toBe('changed');
    expect(world.id(D)).toBeDefined();
  });

  it('keeps the id of a changed policy until the new body is installed, then rotates it once', async () => {
    const { world, internet } = newWorld([bodyOf(86_400)]);
    await world.sync(external());
    const id = world.id(D);
    const longer = external({ maxAgeSeconds: 604_800 });
    const drift = theDomain(await world.later(60).sync(longer));
    expect(drift.status).toBe('drift');
    expect(drift.steps[0]).toMatchObject({ before: [bodyOf(86_400)], after: [bodyOf(604_800)] });
    expect(world.id(D)).toBe(id);
    internet.bodies = () => [bodyOf(604_800)];
    await world.later(60).sync(longer);
    expect(world.id(D)).toMatch(/^20261124120200/);
    expect(theDomain(await world.later(60).sync(longer)).status).toBe('in sync');
  });

  it('rotates once after somebody installed a wrong body and took it back', async () => {
    const { world, internet } = newWorld([bodyOf(86_400)]);
    await world.sync(external());
    const id = world.id(D);
    internet.bodies = () => [bodyOf(86_400, 'evil.example')];
    expect(theDomain(await world.later(60).sync(external())).status).toBe('drift');
    expect(world.id(D)).toBe(id);
    internet.bodies = () => [bodyOf(86_400)];
    await world.later(60).sync(external());
    const after = world.id(D);
    expect(after).not.toBe(id);
    expect(theDomain(await world.later(60).sync(external())).status).toBe('in sync');
    expect(world.id(D)).toBe(after);
  });

  it('takes away the records of an absent domain, and leaves the file to whoever serves it', async () => {
    const { world } = newWorld([bodyOf(86_400)]);
    await world.sync(external());
    const allow = new Set(['removal-waits-for-caches'] as const);
    const plan = theDomain(await world.later(60).sync(external({ absent: true, allow })));
    expect(plan.steps.map((step) => `${step.kind} ${step.name}`)).toEqual([
      `delete _mta-sts.${D}`,
      `delete ${HOST}`,
      `delete _smtp._tls.${D}`,
    ]);
    expect(world.writes.filter((write) => write.startsWith('remove'))).toEqual([]);
  });
});

describe('publisher.spread', () => {
  const spread = external({}, 60);

  it('makes the first proof of a body that is right already, and the second that long after', async () => {
    const { world } = newWorld([bodyOf(86_400)]);
    const first = theDomain(await world.sync(spread));
    expect(first.status).toBe('waiting');
    expect(first.steps.at(-1)).toMatchObject({
      kind: 'wait',
      guard: 'served-before-id',
      notBefore: new Date('2026-11-24T12:01:00Z'),
    });
    const dry = theDomain(await world.later(59).dryRun(spread));
    expect(dry.status).toBe('waiting');
    expect(theDomain(await world.sync(spread)).status).toBe('waiting');
    expect(world.id(D)).toBeUndefined();
    expect(theDomain(await world.later(1).sync(spread)).status).toBe('changed');
    expect(world.id(D)).toMatch(/^20261124120100/);
    expect(theDomain(await world.later(60).sync(spread)).status).toBe('in sync');
  });

  it('counts from the body that is served: another one between both proofs begins anew', async () => {
    const { world, internet } = newWorld([bodyOf(86_400)]);
    await world.sync(spread);
    internet.bodies = () => [bodyOf(1)];
    expect(theDomain(await world.later(30).sync(spread)).status).toBe('drift');
    internet.bodies = () => [bodyOf(86_400)];
    expect(theDomain(await world.later(40).sync(spread)).status).toBe('waiting');
    expect(world.id(D)).toBeUndefined();
    await world.later(60).sync(spread);
    expect(world.id(D)).toBeDefined();
  });

  it('writes no id when the second proof fails, and begins anew', async () => {
    const { world, internet } = newWorld([bodyOf(86_400)]);
    await world.sync(spread);
    // Right when the run looks, wrong when it proves: another node behind the same address.
    // Nothing was written just now, so what is wrong is not waited for.
    world.network = { ...internet.network, patienceMs: 3_600_000 };
    const before = internet.fetched.length;
    internet.bodies = () => [internet.fetched.length <= before + 1 ? bodyOf(86_400) : bodyOf(1)];
    const plan = theDomain(await world.later(60).sync(spread));
    expect(plan.findings.map((finding) => finding.code)).toContain('NOT_PROVED');
    expect(world.id(D)).toBeUndefined();
    internet.bodies = () => [bodyOf(86_400)];
    expect(theDomain(await world.later(10).sync(spread)).status).toBe('waiting');
    expect(world.id(D)).toBeUndefined();
    expect(theDomain(await world.later(60).sync(spread)).status).toBe('changed');
  });

  it('keeps the published id while a changed policy waits for its second proof', async () => {
    const { world, internet } = newWorld([bodyOf(86_400)]);
    await world.sync(spread);
    await world.later(60).sync(spread);
    const id = world.id(D);
    const longer = external({ maxAgeSeconds: 604_800 }, 60);
    internet.bodies = () => [bodyOf(604_800)];
    expect(theDomain(await world.later(60).sync(longer)).status).toBe('waiting');
    expect(world.id(D)).toBe(id);
    await world.later(60).sync(longer);
    expect(world.id(D)).not.toBe(id);
  });

  it('costs a run one look and one proof, and no run sleeps for the second', async () => {
    const { world, internet } = newWorld([bodyOf(86_400)]);
    // As long as a program waits for what it just wrote: a sleep would be seen here.
    world.network = { ...internet.network, patienceMs: 30_000 };
    const started = performance.now();
    await world.sync(spread);
    // The host, which is not there yet; the target; the proof.
    expect(internet.fetched).toHaveLength(3);
    await world.later(30).sync(spread);
    expect(internet.fetched).toHaveLength(4);
    await world.later(30).sync(spread);
    expect(internet.fetched).toHaveLength(6);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
