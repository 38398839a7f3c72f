/** What a run writes into the state, what it forgets, and what a killed removal leaves for the next one. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFiles } from '../../src/effects/files.ts';
import { directoryPublisher } from '../../src/effects/publish-directory.ts';
import { isNews } from '../../src/core/plan/memory-news.ts';
import { type DomainMemory, noMemory } from '../../src/core/memory.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const day = 86_400;

describe('the memory of a domain', () => {
  it('is not written where a look teaches nothing new, however often', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `d${index}.example`);
    const world = new World(names.map((name) => mxSet(name, [`mx1.${name}`])));
    const wanted = names.map((name) => wantedDomain(name));
    await world.sync(wanted);
    expect(world.remembered).toHaveLength(20);
    // The second look is the first at what the first run wrote.
    await world.later(60).sync(wanted);
    world.remembered.length = 0;
    for (const seconds of [60, day, 30 * day]) await world.later(seconds).sync(wanted);
    expect(world.remembered).toEqual([]);
    world.sets.set(`d7.example MX`, mxSet('d7.example', ['mx1.d7.example', 'mx2.d7.example']));
    await world.later(60).sync(wanted);
    expect(world.remembered).toEqual(['d7.example']);
  });

  it('still counts from the first look without a host, although its last sight was not written', async () => {
    const allow = new Set(['testing-before-enforce'] as const);
    const enforce = (...mx: readonly string[]) => [wantedDomain(D, { mode: 'enforce', mx, allow })];
    const world = new World([mxSet(D, [`mx1.${D}`, `mx2.${D}`])]);
    await world.sync(enforce(`mx1.${D}`, `mx2.${D}`));
    for (let run = 0; run < 5; run++) await world.later(day).sync(enforce(`mx1.${D}`, `mx2.${D}`));
    world.sets.set(`${D} MX`, mxSet(D, [`mx1.${D}`]));
    await world.later(60).sync(enforce(`mx1.${D}`));
    expect(world.body(D)).toContain(`mx: mx2.${D}`);
    await world.later(3599).sync(enforce(`mx1.${D}`));
    expect(world.body(D)).toContain(`mx: mx2.${D}`);
    await world.later(1).sync(enforce(`mx1.${D}`));
    expect(world.body(D)).not.toContain(`mx: mx2.${D}`);
  });

  const now = new Date('2026-11-24T12:00:00Z');
  const later = new Date('2026-11-25T12:00:00Z');
  const host = { host: `mx1.${D}`, isLive: true, lastSeen: now, ttlSeconds: 60 };
  const stored: DomainMemory = { ...noMemory, seenMx: [host], proved: { bodyHash: 'a', at: now } };
  it.each<readonly [string, Partial<DomainMemory>, boolean]>([
    ['nothing', {}, false],
    ['when a live host was last seen', { seenMx: [{ ...host, lastSeen: later }] }, false],
    ['that a host left', { seenMx: [{ ...host, isLive: false }] }, true],
    ['another MX TTL', { seenMx: [{ ...host, ttlSeconds: 61 }] }, true],
    ['another host', { seenMx: [{ ...host, host: `mx2.${D}` }] }, true],
    ['one host more', { seenMx: [host, { ...host, host: `mx2.${D}` }] }, true],
    ['one host less', { seenMx: [] }, true],
    ['that the proof does not hold any more', { proved: null }, true],
    ['that nothing was there before', { isComplete: true }, true],
    ['a date', { hostSettledAt: now }, true],
    ['a record of ours', { owned: ['x TXT'] }, true],
    ['a body', { seenBodies: [{ id: '1', bodyHash: 'a' }] }, true],
    ['an entry of the history', { history: [] }, true],
  ])('has news in %s: %#', (_what, rest, expected) => {
    expect(isNews(stored, { ...stored, ...rest })).toBe(expected);
  });

  it('has no news in a host that left, once that is written', () => {
    const gone = { ...stored, seenMx: [{ ...host, isLive: false }] };
    expect(isNews(gone, { ...gone, seenMx: gone.seenMx.map((one) => ({ ...one })) })).toBe(false);
    expect(isNews(gone, { ...gone, seenMx: gone.seenMx.map((one) => ({ ...one, lastSeen: later })) })).toBe(true);
  });
});

describe('the memory of a domain that left the YAML', () => {
  const allow = new Set(['removal-waits-for-caches'] as const);

  it('stays until the last cache of a removed policy has run out, then goes; the journal stays', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D, { maxAgeSeconds: 7 * day })]);
    await world.later(day).sync([wantedDomain(D, { absent: true, allow })]);
    await world.later(7 * day).sync([]);
    expect(world.memories.has(D)).toBe(true);
    await world.later(299).sync([]);
    expect(world.memories.has(D)).toBe(true);
    await world.later(1).sync([]);
    expect(world.memories.has(D)).toBe(false);
    expect(world.journal.filter((entry) => entry.domain === D)).not.toEqual([]);
  });

  it('stays in a dry run, and while the YAML has it', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D)]);
    const absent = [wantedDomain(D, { absent: true, allow })];
    await world.later(60).sync(absent);
    await world.later(30 * day).sync(absent);
    await world.dryRun([]);
    expect(world.memories.has(D)).toBe(true);
    await world.sync([]);
    expect(world.memories.has(D)).toBe(false);
  });

  it('stays for ever where the policy was not taken away: it may be served still', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D)]);
    expect((await world.later(1000 * day).sync([])).orphans).toEqual([D]);
    expect(world.memories.has(D)).toBe(true);
    const memory = world.memories.get(D) ?? noMemory;
    world.memories.set(D, { ...memory, owned: [] });
    await world.sync([]);
    expect(world.memories.has(D)).toBe(true);
  });

  it('stays where the removal of the policy failed', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D)]);
    world.fault = (write) => {
      if (write.startsWith('remove')) throw new Error('disk full');
    };
    await world.later(60).sync([wantedDomain(D, { absent: true, allow })]);
    const memory = world.memories.get(D) ?? noMemory;
    world.memories.set(D, { ...memory, owned: [] });
    await world.later(1000 * day).sync([]);
    expect(world.memories.has(D)).toBe(true);
  });

  it('stays for ever where a removal was followed by a new publication', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D)]);
    await world.later(60).sync([wantedDomain(D, { absent: true, allow })]);
    await world.later(60).sync([wantedDomain(D, { maxAgeSeconds: 2 * day })]);
    const memory = world.memories.get(D) ?? noMemory;
    world.memories.set(D, { ...memory, owned: [] });
    await world.later(1000 * day).sync([]);
    expect(world.memories.has(D)).toBe(true);
  });

  it('stays a year and a day longer where nobody knows what was served before stsync', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    world.files.set(`mta-sts.${D}`, `version: STSv1\nmode: testing\nmx: mx1.${D}\nmax_age: 86400\n`);
    await world.sync([wantedDomain(D)]);
    await world.later(day).sync([wantedDomain(D, { absent: true, allow })]);
    await world.later(364 * day).sync([]);
    expect(world.memories.has(D)).toBe(true);
    await world.later(2 * day).sync([]);
    expect(world.memories.has(D)).toBe(false);
  });
});

describe('a removal that was killed', () => {
  const removed = (world: World) => world.later(60).sync([wantedDomain(D, { absent: true, allow: freed })]);
  const freed = new Set(['removal-waits-for-caches'] as const);

  it('between the folders of the policy leaves none behind after the next run', async () => {
    const www = tempDirectory();
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D)]);
    // The id record and the file are gone, the folders are not: the run was killed between unlink and rmdir.
    world.sets.delete(`_mta-sts.${D} TXT`);
    world.files.clear();
    mkdirSync(join(www, `mta-sts.${D}`, '.well-known'), { recursive: true });
    const publisher = directoryPublisher(www, openFiles());
    world.publisher.remove = (host) => publisher.remove(host);
    expect(theDomain(await removed(world)).status).toBe('changed');
    expect(existsSync(join(www, `mta-sts.${D}`))).toBe(false);
    expect(world.sets.has(`mta-sts.${D} CNAME`)).toBe(false);
  });

  it('asks the publisher once where nothing was left', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D)]);
    world.writes.length = 0;
    await removed(world);
    expect(world.writes.filter((write) => write.startsWith('remove'))).toEqual([`remove mta-sts.${D}`]);
  });
});
