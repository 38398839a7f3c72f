/** The life of one domain against a world in memory: each rule of DESIGN section 2 that needs no network, as a user would meet it. */
import { describe, expect, it } from 'vitest';
import { StsyncError } from '../../src/core/error.ts';
import { exitCodeOf } from '../../src/core/plan/report.ts';
import { policyId } from '../../src/core/id.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { txtSet } from '../../src/core/record-set.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const day = 86_400;

function newWorld(hosts: readonly string[] = [`mx1.${D}`]): World {
  return new World([mxSet(D, hosts)]);
}

function modeOf(world: World, domain = D): string | undefined {
  const policy = parsePolicy(world.body(domain) ?? '');
  return policy.ok ? policy.value.mode : undefined;
}

function patternsOf(world: World): readonly string[] {
  const policy = parsePolicy(world.body(D) ?? '');
  return policy.ok ? policy.value.mx : [];
}

describe('a first publication', () => {
  it('writes reports, host, policy and then the id, and has nothing left to do', async () => {
    const world = newWorld();
    const wanted = [wantedDomain(D)];
    const before = await world.dryRun(wanted);
    expect(exitCodeOf(before)).toBe(2);
    expect(world.writes).toEqual([]);
    const first = await world.sync(wanted);
    expect(theDomain(first).status).toBe('changed');
    expect(world.writes).toEqual([
      `write _smtp._tls.${D} TXT`,
      `write mta-sts.${D} CNAME`,
      `publish mta-sts.${D}`,
      `write _mta-sts.${D} TXT`,
    ]);
    expect(theDomain(first).steps.map((step) => step.kind)).toEqual([
      'upsert',
      'upsert',
      'publish-policy',
      'verify',
      'upsert',
    ]);
    expect(world.id(D)).toBe(policyId(world.body(D) ?? '', world.now));
    const second = await world.later(3600).dryRun(wanted);
    expect(theDomain(second)).toMatchObject({ status: 'in sync', steps: [] });
    expect(exitCodeOf(second)).toBe(0);
  });

  it('holds the id when the policy cannot be proved, rule 8 served-before-id', async () => {
    const world = newWorld();
    world.fault = (write, when) => {
      if (write.startsWith('publish') && when === 'after')
        world.files.set(`mta-sts.${D}`, 'version: STSv1\nmode: none\nmax_age: 1\n');
    };
    const report = theDomain(await world.sync([wantedDomain(D)]));
    expect(report.steps.at(-1)).toMatchObject({ name: `_mta-sts.${D}`, outcome: 'held', guard: 'served-before-id' });
    expect(report.status).toBe('failed');
    expect(world.id(D)).toBeUndefined();
  });

  it('makes no id when the publication fails', async () => {
    const world = newWorld();
    world.fault = (write) => {
      if (write.startsWith('publish')) throw new Error('disk full');
    };
    expect(theDomain(await world.sync([wantedDomain(D)])).status).toBe('failed');
    expect(world.id(D)).toBeUndefined();
  });
});

describe('rule 4, the id', () => {
  it('stays when only order, case and doubling of mx change', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D, { mx: [`mx1.${D}`, `mx2.${D}`] })]);
    const id = world.id(D);
    const report = await world.later(60).sync([wantedDomain(D, { mx: [`MX2.${D}`, `mx1.${D}`, `mx1.${D}.`] })]);
    expect(theDomain(report).status).toBe('in sync');
    expect(world.id(D)).toBe(id);
  });

  it('rotates when max_age changes, and again on the way back', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    const first = world.id(D);
    await world.later(60).sync([wantedDomain(D, { maxAgeSeconds: 2 * day })]);
    const second = world.id(D);
    await world.later(60).sync([wantedDomain(D)]);
    const third = world.id(D);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(third?.slice(14)).toBe(first?.slice(14));
  });

  it('takes the next second when the same id was published before', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    await world.sync([wantedDomain(D, { maxAgeSeconds: 2 * day })]);
    await world.sync([wantedDomain(D)]);
    expect(world.id(D)?.slice(0, 14)).toBe('20261124120001');
  });

  it('keeps a foreign id while the policy means the body seen under it', async () => {
    const world = newWorld();
    world.sets.set(`_mta-sts.${D} TXT`, txtSet(`_mta-sts.${D}`, 300, ['v=STSv1; id=20190429T010101']));
    world.files.set(`mta-sts.${D}`, `version: STSv1\nmode: testing\nmx: mx1.${D}\nmax_age: 86400\n`);
    const report = theDomain(await world.sync([wantedDomain(D)]));
    expect(world.id(D)).toBe('20190429T010101');
    expect(report.id).toEqual({ live: '20190429T010101', next: null });
    // Found equal, so it is ours from now on: a change rotates it without `adopt`.
    await world.later(60).sync([wantedDomain(D, { maxAgeSeconds: 2 * day })]);
    expect(world.id(D)).toMatch(/^20261124120100/);
  });

  it('rotates a foreign id under which another body was seen too', async () => {
    const world = newWorld();
    world.sets.set(`_mta-sts.${D} TXT`, txtSet(`_mta-sts.${D}`, 300, ['v=STSv1; id=1']));
    world.files.set(`mta-sts.${D}`, `version: STSv1\nmode: testing\nmx: mx1.${D}\nmax_age: 86400\n`);
    await world.sync([wantedDomain(D)]);
    world.files.set(`mta-sts.${D}`, `version: STSv1\nmode: none\nmax_age: 86400\n`);
    await world.later(60).sync([wantedDomain(D)]);
    expect(world.id(D)).not.toBe('1');
  });

  it('puts a missing record back under the same id', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    const id = world.id(D);
    world.sets.delete(`_mta-sts.${D} TXT`);
    expect(theDomain(await world.later(60).sync([wantedDomain(D)])).status).toBe('changed');
    expect(world.id(D)).toBe(id);
  });

  it('mends a doubled record with one upsert and keeps our id, rule 7', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    const id = world.id(D) ?? '';
    world.sets.set(
      `_mta-sts.${D} TXT`,
      txtSet(`_mta-sts.${D}`, 300, [`v=STSv1; id=${id};`, 'v=STSv1; id=stray', 'hello']),
    );
    world.writes.length = 0;
    const report = theDomain(await world.later(60).sync([wantedDomain(D)]));
    expect(world.txt(`_mta-sts.${D}`)).toEqual(['hello', `v=STSv1; id=${id};`]);
    expect(world.writes).toEqual([`write _mta-sts.${D} TXT`]);
    expect(report.findings.map((finding) => finding.code)).toContain('DOUBLED_RECORD');
  });

  it('rotates once after a wrong body was served, and then rests for 24 h', async () => {
    const world = newWorld();
    const wanted = [wantedDomain(D)];
    await world.sync(wanted);
    const wrong = (): void =>
      void world.files.set(`mta-sts.${D}`, `version: STSv1\nmode: testing\nmx: evil.example\nmax_age: 86400\n`);
    const ids = [world.id(D)];
    wrong();
    await world.later(60).sync(wanted);
    ids.push(world.id(D));
    await world.later(60).sync(wanted);
    expect(world.id(D)).toBe(ids[1]);
    wrong();
    const flapping = theDomain(await world.later(60).sync(wanted));
    expect(world.id(D)).toBe(ids[1]);
    expect(flapping.findings.map((finding) => finding.code)).toContain('HOST_FLAPS');
    expect(patternsOf(world)).toEqual([`mx1.${D}`]);
    await world.later(day).sync(wanted);
    expect(world.id(D)).not.toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('rotates when it is asked to', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    const id = world.id(D);
    await world.later(60).sync([wantedDomain(D)], { isRotationAsked: true });
    expect(world.id(D)).not.toBe(id);
    expect(theDomain(await world.later(60).sync([wantedDomain(D)])).status).toBe('in sync');
  });
});

describe('rule 5, order', () => {
  it('publishes a changed policy before its id', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    world.writes.length = 0;
    await world.later(60).sync([wantedDomain(D, { maxAgeSeconds: 2 * day })]);
    expect(world.writes).toEqual([`publish mta-sts.${D}`, `write _mta-sts.${D} TXT`]);
  });

  it('moves the policy host after its proof, and changes the policy only when no resolver holds the old one', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    const id = world.id(D);
    const publisher = {
      ...wantedDomain(D).publisher,
      target: { kind: 'addresses', addresses: ['192.0.2.7'] },
    } as const;
    const moved = [wantedDomain(D, { publisher, maxAgeSeconds: 2 * day })];
    world.files.clear();
    world.writes.length = 0;
    const report = theDomain(await world.later(60).sync(moved));
    expect(world.writes).toEqual([`publish mta-sts.${D}`, `delete mta-sts.${D} CNAME, write mta-sts.${D} A`]);
    expect(world.id(D)).toBe(id);
    expect(report.status).toBe('waiting');
    expect(theDomain(await world.later(299).sync(moved)).status).toBe('waiting');
    expect(world.id(D)).toBe(id);
    expect(theDomain(await world.later(2).sync(moved)).status).toBe('changed');
    expect(world.id(D)).not.toBe(id);
  });

  it('removes a domain in the order of RFC 8461 §8.3', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D, { maxAgeSeconds: 7 * day })]);
    await world.later(day).sync([wantedDomain(D, { maxAgeSeconds: day })]);
    const gone = [wantedDomain(D, { absent: true })];
    const first = theDomain(await world.later(day).sync(gone));
    expect(first.status).toBe('waiting');
    expect(world.body(D)).toBe(`version: STSv1\r\nmode: none\r\nmx: mx1.${D}\r\nmax_age: 86400\r\n`);
    // The older policy has the longer max_age: it counts from the end of its id, one day ago, plus its TTL.
    expect(first.steps.at(-1)).toMatchObject({
      kind: 'wait',
      guard: 'removal-waits-for-caches',
      notBefore: new Date('2026-12-02T12:05:00Z'),
    });
    world.writes.length = 0;
    expect(theDomain(await world.later(day).sync(gone)).status).toBe('waiting');
    expect(world.writes).toEqual([]);
    world.now = new Date('2026-12-02T12:05:01Z');
    expect(theDomain(await world.sync(gone)).status).toBe('changed');
    expect(world.writes).toEqual([
      `delete _mta-sts.${D} TXT`,
      `remove mta-sts.${D}`,
      `delete mta-sts.${D} CNAME`,
      `delete _smtp._tls.${D} TXT`,
    ]);
    expect(theDomain(await world.later(60).sync(gone)).status).toBe('in sync');
    expect((await world.sync([])).orphans).toEqual([]);
  });

  it('keeps the last mx lines in a none policy that names none: some senders refuse it without', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    await world.later(60).sync([wantedDomain(D, { mode: 'none', mx: [] })]);
    expect(world.body(D)).toContain(`mode: none\r\nmx: mx1.${D}\r\n`);
  });

  it('takes a policy that nobody remembers for announced once, and waits before it removes it', async () => {
    const world = newWorld();
    world.files.set(`mta-sts.${D}`, `version: STSv1\nmode: enforce\nmx: mx1.${D}\nmax_age: 86400\n`);
    const report = theDomain(await world.sync([wantedDomain(D, { absent: true })]));
    expect(report.status).toBe('waiting');
    expect(modeOf(world)).toBe('none');
  });

  it('removes at once where the wait is allowed away', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D, { mode: 'enforce', allow: new Set(['testing-before-enforce']) })]);
    const allow = new Set(['removal-waits-for-caches'] as const);
    const report = theDomain(await world.later(60).sync([wantedDomain(D, { absent: true, allow })]));
    expect(report.status).toBe('changed');
    expect([...world.sets.keys()]).toEqual([`${D} MX`]);
    expect(world.files.size).toBe(0);
  });

  it('deletes nothing of a domain that left the YAML, and reports it', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    world.writes.length = 0;
    const report = await world.sync([]);
    expect(report.orphans).toEqual([D]);
    expect(world.writes).toEqual([]);
  });

  it('deletes the report record alone for `tlsReports: []`, and leaves it alone without the key', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    world.writes.length = 0;
    await world.sync([wantedDomain(D, { tlsReports: null })]);
    expect(world.writes).toEqual([]);
    await world.sync([wantedDomain(D, { tlsReports: [] })]);
    expect(world.writes).toEqual([`delete _smtp._tls.${D} TXT`]);
  });
});

describe('rule 6, widen first, narrow last', () => {
  const allow = new Set(['testing-before-enforce'] as const);
  const enforce = (mx: readonly string[]) => [wantedDomain(D, { mode: 'enforce', mx, allow })];

  it('keeps a pattern that covers a live MX, then until its TTL has passed', async () => {
    const world = newWorld([`mx1.${D}`, `mx2.${D}`]);
    await world.sync(enforce([`mx1.${D}`, `mx2.${D}`]));
    const held = theDomain(await world.later(60).sync(enforce([`mx1.${D}`])));
    expect(patternsOf(world)).toEqual([`mx1.${D}`, `mx2.${D}`]);
    expect(held.status).toBe('drift');
    expect(held.mx.uncovered).toEqual([`mx2.${D}`]);
    world.sets.set(`${D} MX`, mxSet(D, [`mx1.${D}`]));
    const waiting = theDomain(await world.later(60).sync(enforce([`mx1.${D}`])));
    expect(waiting.status).toBe('waiting');
    expect(waiting.steps.at(-1)).toMatchObject({
      kind: 'wait',
      guard: 'narrow-waits-for-mx',
      notBefore: new Date('2026-11-24T13:02:00Z'),
    });
    expect(patternsOf(world)).toEqual([`mx1.${D}`, `mx2.${D}`]);
    await world.later(3600).sync(enforce([`mx1.${D}`]));
    expect(patternsOf(world)).toEqual([`mx1.${D}`]);
  });

  it('counts from the first look without the host, since it may have left a moment ago', async () => {
    const world = newWorld([`mx1.${D}`, `mx2.${D}`]);
    await world.sync(enforce([`mx1.${D}`, `mx2.${D}`]));
    world.sets.set(`${D} MX`, mxSet(D, [`mx1.${D}`]));
    await world.later(7 * day).sync(enforce([`mx1.${D}`]));
    expect(patternsOf(world)).toEqual([`mx1.${D}`, `mx2.${D}`]);
    await world.later(3601).sync(enforce([`mx1.${D}`]));
    expect(patternsOf(world)).toEqual([`mx1.${D}`]);
  });

  it('widens at once while it waits to narrow', async () => {
    const world = newWorld([`mx1.${D}`, `mx2.${D}`]);
    await world.sync(enforce([`mx1.${D}`, `mx2.${D}`]));
    await world.later(60).sync(enforce([`mx1.${D}`, `mx3.${D}`]));
    expect(patternsOf(world)).toEqual([`mx1.${D}`, `mx2.${D}`, `mx3.${D}`]);
  });

  it('takes a wildcard for one that may cover a host which left just now, where nothing is remembered', async () => {
    const world = newWorld();
    await world.sync(enforce([`mx1.${D}`, '*.mx.example.net']));
    world.memories.clear();
    await world.later(60).sync(enforce([`mx1.${D}`]));
    expect(patternsOf(world)).toEqual(['*.mx.example.net', `mx1.${D}`]);
  });

  it('takes a host for seen now where nothing is remembered', async () => {
    const world = newWorld();
    await world.sync(enforce([`mx1.${D}`, `mx2.${D}`]));
    world.memories.clear();
    const report = theDomain(await world.later(60).sync(enforce([`mx1.${D}`])));
    expect(patternsOf(world)).toEqual([`mx1.${D}`, `mx2.${D}`]);
    expect(report.steps.at(-1)?.notBefore).toEqual(new Date('2026-11-24T13:01:00Z'));
  });
});

describe('rule 7, TXT with company', () => {
  it('writes beside the strings of others and keeps the TTL of the set', async () => {
    const world = newWorld();
    world.sets.set(`_mta-sts.${D} TXT`, txtSet(`_mta-sts.${D}`, 7200, ['somebody else']));
    await world.sync([wantedDomain(D)]);
    expect(world.txt(`_mta-sts.${D}`)).toEqual(['somebody else', `v=STSv1; id=${world.id(D)};`]);
    expect(world.sets.get(`_mta-sts.${D} TXT`)?.ttlSeconds).toBe(7200);
  });
});

describe('rule 8, guards', () => {
  it('serves testing before enforce and promotes by itself, later without reports', async () => {
    const world = newWorld();
    const wanted = [wantedDomain(D, { mode: 'enforce' })];
    const first = theDomain(await world.sync(wanted));
    expect(modeOf(world)).toBe('testing');
    expect(first.status).toBe('waiting');
    expect(first.steps.at(-1)).toMatchObject({
      kind: 'wait',
      guard: 'testing-before-enforce',
      notBefore: new Date('2026-12-08T12:00:00Z'),
    });
    expect(exitCodeOf(await world.later(60).dryRun(wanted))).toBe(0);
    await world.later(13 * day).sync(wanted);
    expect(modeOf(world)).toBe('testing');
    const late = theDomain(await world.later(2 * day).sync(wanted));
    expect(late.steps.at(-1)).toMatchObject({ guard: 'reports-agree', notBefore: new Date('2026-12-22T12:00:00Z') });
    await world.later(14 * day).sync(wanted);
    expect(modeOf(world)).toBe('enforce');
  });

  it('goes on waiting when the state is lost', async () => {
    const world = newWorld();
    const wanted = [wantedDomain(D, { mode: 'enforce' })];
    await world.sync(wanted);
    world.memories.clear();
    await world.later(day).sync(wanted);
    expect(modeOf(world)).toBe('testing');
  });

  it('goes to enforce at once from testing that the YAML asked for', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    await world.later(60).sync([wantedDomain(D, { mode: 'enforce' })]);
    expect(modeOf(world)).toBe('enforce');
  });

  it('does not enforce while a live MX is uncovered; allow frees it', async () => {
    const world = newWorld([`mx1.${D}`, `mx9.${D}`]);
    await world.sync([wantedDomain(D)]);
    const report = await world.later(60).sync([wantedDomain(D, { mode: 'enforce' })]);
    expect(theDomain(report).status).toBe('held');
    expect(theDomain(report).steps.at(-1)).toMatchObject({ outcome: 'held', guard: 'enforce-covers-live-mx' });
    expect(exitCodeOf(report)).toBe(3);
    expect(modeOf(world)).toBe('testing');
    await world.sync([wantedDomain(D, { mode: 'enforce' })], { allow: ['enforce-covers-live-mx'] });
    expect(modeOf(world)).toBe('enforce');
  });

  it('waits with enforce for the TTL of an uncovered host that just left the MX', async () => {
    const world = newWorld([`mx1.${D}`, `mx9.${D}`]);
    await world.sync([wantedDomain(D)]);
    world.sets.set(`${D} MX`, mxSet(D, [`mx1.${D}`]));
    const report = theDomain(await world.later(60).sync([wantedDomain(D, { mode: 'enforce' })]));
    expect(report.status).toBe('waiting');
    expect(report.steps.at(-1)).toMatchObject({
      guard: 'enforce-covers-live-mx',
      notBefore: new Date('2026-11-24T13:01:00Z'),
    });
    expect(modeOf(world)).toBe('testing');
    await world.later(3600).sync([wantedDomain(D, { mode: 'enforce' })]);
    expect(modeOf(world)).toBe('enforce');
  });

  it('never holds the cure: enforce that already refuses a host may cover more or leave', async () => {
    const allow = new Set(['testing-before-enforce', 'enforce-covers-live-mx'] as const);
    const world = newWorld([`mx1.${D}`, `mx8.${D}`, `mx9.${D}`]);
    await world.sync([wantedDomain(D, { mode: 'enforce', allow })]);
    await world.later(60).sync([wantedDomain(D, { mode: 'enforce', mx: [`mx1.${D}`, `mx8.${D}`] })]);
    expect(patternsOf(world)).toEqual([`mx1.${D}`, `mx8.${D}`]);
    await world.later(60).sync([wantedDomain(D, { mode: 'testing' })]);
    expect(modeOf(world)).toBe('testing');
  });

  it('overwrites no foreign record without adopt', async () => {
    for (const name of [`_mta-sts.${D}`, `_smtp._tls.${D}`]) {
      const world = newWorld();
      const text = name.startsWith('_mta') ? 'v=STSv1; id=abc' : 'v=TLSRPTv1; rua=mailto:other@example.org';
      world.sets.set(`${name} TXT`, txtSet(name, 300, [text]));
      const report = theDomain(await world.sync([wantedDomain(D)]));
      expect(report.status).toBe('held');
      expect(report.steps.find((step) => step.outcome === 'held')).toMatchObject({ guard: 'no-foreign-overwrite' });
      expect(world.txt(name)).toEqual([text]);
      await world.sync([wantedDomain(D, { adopt: true })]);
      expect(world.txt(name)).not.toEqual([text]);
    }
  });

  it('takes no foreign record for its own while it could not compare it', async () => {
    const world = newWorld();
    world.sets.set(`_mta-sts.${D} TXT`, txtSet(`_mta-sts.${D}`, 300, ['v=STSv1; id=abc']));
    world.unreadable = new StsyncError('PUBLISHER_UNREADABLE', 'no');
    expect(theDomain(await world.sync([wantedDomain(D)])).status).toBe('failed');
    world.unreadable = null;
    expect(theDomain(await world.sync([wantedDomain(D)])).status).toBe('held');
    expect(world.txt(`_mta-sts.${D}`)).toEqual(['v=STSv1; id=abc']);
  });

  it('leaves a foreign host record, and then makes no id', async () => {
    const world = newWorld();
    world.sets.set(`mta-sts.${D} A`, { name: `mta-sts.${D}`, type: 'A', ttlSeconds: 300, rdata: ['192.0.2.1'] });
    const report = theDomain(await world.sync([wantedDomain(D)]));
    expect(report.steps.map((step) => [step.kind, step.outcome])).toEqual([
      ['upsert', 'done'],
      ['upsert', 'held'],
      ['publish-policy', 'skipped'],
      ['verify', 'skipped'],
      ['upsert', 'skipped'],
    ]);
    expect(world.id(D)).toBeUndefined();
  });

  it('corrects drift of a record that is ours', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    world.sets.set(`mta-sts.${D} CNAME`, {
      name: `mta-sts.${D}`,
      type: 'CNAME',
      ttlSeconds: 300,
      rdata: ['elsewhere.example.'],
    });
    await world.later(60).sync([wantedDomain(D)]);
    expect(world.sets.get(`mta-sts.${D} CNAME`)?.rdata).toEqual(['policies.example.net.']);
  });

  it('counts changed domains against both limits', async () => {
    const names = Array.from({ length: 600 }, (_, index) => `d${index}.example`);
    const world = new World(names.map((name) => mxSet(name, [`mx1.${name}`])));
    await world.sync(names.map((name) => wantedDomain(name)));
    // 60 of 600 are over 50 domains, and not over 10 percent.
    const wanted = names.map((name, index) => wantedDomain(name, index < 60 ? { maxAgeSeconds: 2 * day } : {}));
    const report = await world.later(60).dryRun(wanted);
    expect(report.domains.filter((plan) => plan.status === 'drift')).toHaveLength(60);
  });

  it('holds too many changed domains and lets the others go on', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `d${index}.example`);
    const world = new World(names.map((name) => mxSet(name, [`mx1.${name}`])));
    await world.sync(names.map((name) => wantedDomain(name)));
    const changed = [
      ...names.map((name) => wantedDomain(name, { maxAgeSeconds: 2 * day })),
      wantedDomain('new.example'),
    ];
    world.writes.length = 0;
    const report = await world.later(60).sync(changed);
    expect(report.domains.filter((plan) => plan.status === 'held')).toHaveLength(60);
    expect(world.writes.every((write) => write.includes('new.example'))).toBe(true);
    const freed = await world.sync(changed, { allow: ['max-changed-domains'] });
    expect(freed.domains.filter((plan) => plan.status === 'changed')).toHaveLength(60);
  });
});

describe('rules 1, 9, 10 and 13', () => {
  it('fails the domain whose provider cannot be read, and serves the others', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`]), mxSet('example.org', ['mx1.example.org'])]);
    const providers = { kind: 'all', names: ['missing'] } as const;
    const report = await world.sync([wantedDomain(D, { providers }), wantedDomain('example.org')]);
    expect(report.domains.map((plan) => plan.status)).toEqual(['failed', 'changed']);
  });

  it('looks again after a lost answer and does not write twice', async () => {
    const world = newWorld();
    world.fault = (write, when) => {
      if (write.startsWith('write _mta-sts') && when === 'after') throw new Error('time-out');
    };
    const report = theDomain(await world.sync([wantedDomain(D)]));
    expect(report.status).toBe('changed');
    expect(world.writes.filter((write) => write.startsWith('write _mta-sts'))).toHaveLength(1);
    expect(world.journal.at(-1)?.note).toContain('a second look');
  });

  it('stops when the record changed between plan and write, plan-is-current', async () => {
    const world = newWorld();
    world.fault = (write, when) => {
      if (write.startsWith('publish') && when === 'after')
        world.sets.set(`_mta-sts.${D} TXT`, txtSet(`_mta-sts.${D}`, 300, ['v=STSv1; id=somebody']));
    };
    const report = theDomain(await world.sync([wantedDomain(D)]));
    expect(report.steps.at(-1)).toMatchObject({ outcome: 'held', guard: 'plan-is-current' });
    expect(world.txt(`_mta-sts.${D}`)).toEqual(['v=STSv1; id=somebody']);
  });

  it('finishes after a failure at any write with exactly one rotation', async () => {
    const changes = ['write _mta-sts', 'publish', 'write mta-sts', 'write _smtp'] as const;
    for (const [when, write] of (['before', 'after'] as const).flatMap((one) =>
      changes.map((change) => [one, change] as const),
    )) {
      const world = newWorld();
      world.fault = (name, at) => {
        if (name.startsWith(write) && at === when) throw new Error('broken');
      };
      await world.sync([wantedDomain(D)]);
      world.fault = () => undefined;
      await world.later(5).sync([wantedDomain(D)]);
      const id = world.id(D);
      expect(theDomain(await world.later(5).sync([wantedDomain(D)]))).toMatchObject({
        status: 'in sync',
        id: { live: id, next: null },
      });
    }
  });
});

describe('rule 13, what was begun is ended', () => {
  it('writes again what a killed run did not see to its end, although it stands', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D)]);
    const index = world.journal.findIndex((entry) => entry.name === `mta-sts.${D}` && entry.type === 'CNAME');
    const entry = world.journal[index];
    if (entry !== undefined) world.journal[index] = { ...entry, outcome: 'started' };
    world.writes.length = 0;
    const dry = await world.later(60).dryRun([wantedDomain(D)]);
    expect(theDomain(dry).steps).toMatchObject([{ kind: 'upsert', name: `mta-sts.${D}`, outcome: 'pending' }]);
    expect(exitCodeOf(dry)).toBe(2);
    expect(theDomain(await world.sync([wantedDomain(D)])).status).toBe('changed');
    expect(world.writes).toEqual([`write mta-sts.${D} CNAME`]);
    expect(theDomain(await world.sync([wantedDomain(D)])).status).toBe('in sync');
  });

  it('tells of a reload that failed after the write, and does it again in the next run', async () => {
    const world = newWorld();
    world.fault = (write, when) => {
      if (write === `write _mta-sts.${D} TXT` && when === 'after')
        throw new StsyncError('ZONE_RELOAD_FAILED', 'exit 1', { retryable: true });
    };
    const broken = theDomain(await world.sync([wantedDomain(D)]));
    expect(broken.status).toBe('failed');
    expect(broken.findings.map((finding) => finding.code)).toContain('ZONE_RELOAD_FAILED');
    const id = world.id(D);
    world.fault = () => undefined;
    world.writes.length = 0;
    expect(theDomain(await world.later(60).sync([wantedDomain(D)])).status).toBe('changed');
    expect(world.writes).toEqual([`write _mta-sts.${D} TXT`]);
    expect(world.id(D)).toBe(id);
  });

  it('leaves a record to whoever wrote it between plan and apply', async () => {
    const world = newWorld();
    world.fault = (write, when) => {
      if (write === `write _smtp._tls.${D} TXT` && when === 'after')
        world.sets.set(`mta-sts.${D} CNAME`, {
          name: `mta-sts.${D}`,
          type: 'CNAME',
          ttlSeconds: 300,
          rdata: ['x.example.net.'],
        });
    };
    const steps = theDomain(await world.sync([wantedDomain(D)])).steps;
    expect(steps[1]).toMatchObject({ outcome: 'held', guard: 'plan-is-current' });
    world.fault = () => undefined;
    const next = theDomain(await world.later(60).sync([wantedDomain(D)]));
    expect(next.steps.find((step) => step.type === 'CNAME')).toMatchObject({ guard: 'no-foreign-overwrite' });
  });

  it('does not put back what a removal freed for one run took away', async () => {
    const world = newWorld();
    await world.sync([wantedDomain(D, { mode: 'enforce', allow: new Set(['testing-before-enforce']) })]);
    const absent = [wantedDomain(D, { absent: true })];
    expect(theDomain(await world.later(60).sync(absent)).status).toBe('waiting');
    expect(theDomain(await world.later(60).sync(absent, { allow: ['removal-waits-for-caches'] })).status).toBe(
      'changed',
    );
    expect(world.body(D)).toBeUndefined();
    expect(theDomain(await world.later(60).sync(absent)).status).toBe('in sync');
  });
});
