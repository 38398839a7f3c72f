/** The proof before the id (rule 5): what this run fetched a moment ago is not fetched again, and nothing older proves anything. */
import { beforeEach, describe, expect, it } from 'vitest';

import type { DomainConfig } from '../../src/core/config/model.ts';
import { TableNetwork } from '../support/table-network.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const HOST = `mta-sts.${D}`;

function wanted(spreadSeconds = 0, ...mx: readonly string[]): DomainConfig {
  const publisher = { ...wantedDomain(D).publisher, type: 'directory', directory: '/www', proof: 'https' } as const;
  return wantedDomain(D, { observe: 'dns', publisher: { ...publisher, spreadSeconds }, mx: [`mx1.${D}`, ...mx] });
}

let world: World;
let internet: TableNetwork;
beforeEach(async () => {
  world = new World([mxSet(D, [`mx1.${D}`])]);
  internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
  world.network = internet.network;
  await world.sync([wanted()]);
  internet.fetched.length = 0;
});

describe('a rotation', () => {
  it('of a policy that did not change is proved by the fetch of the look', async () => {
    const before = world.id(D);
    const report = theDomain(await world.later(60).sync([wanted()], { isRotationAsked: true }));
    expect(report.status).toBe('changed');
    expect(world.id(D)).not.toBe(before);
    expect(internet.fetched).toEqual([HOST]);
    expect(world.store.journal({ domain: D }).findLast(({ kind }) => kind === 'verify')?.note).toBe(
      'proof: https, at every address, as this run saw it',
    );
  });

  it('after a new body is proved by a fetch of that', async () => {
    expect(theDomain(await world.later(60).sync([wanted(0, `mx2.${D}`)])).status).toBe('changed');
    expect(internet.fetched).toEqual([HOST, HOST]);
  });

  it('is proved anew where the look was more than 30 s ago', async () => {
    world.later(60);
    // The look takes its time: the clock goes on while it fetches.
    const { bodies } = internet;
    internet.bodies = (host) => {
      if (internet.fetched.length === 1) world.later(31);
      return bodies(host);
    };
    expect(theDomain(await world.sync([wanted()], { isRotationAsked: true })).status).toBe('changed');
    expect(internet.fetched).toEqual([HOST, HOST]);
  });

  it('is proved anew where an address hides several nodes', async () => {
    await world.later(60).sync([wanted(60, `mx2.${D}`)]);
    internet.fetched.length = 0;
    expect(theDomain(await world.later(61).sync([wanted(60, `mx2.${D}`)])).status).toBe('changed');
    expect(internet.fetched).toEqual([HOST, HOST]);
  });

  it('is proved anew where the policy was written again, although the look saw the same', async () => {
    const cached = world.files.get(HOST) ?? null;
    internet.bodies = () => [cached];
    world.files.delete(HOST);
    expect(theDomain(await world.later(60).sync([wanted()], { isRotationAsked: true })).status).toBe('changed');
    expect(internet.fetched).toEqual([HOST, HOST]);
  });

  it('of a policy that one address does not serve stays held', async () => {
    const before = world.id(D);
    internet.bodies = (host) => [world.files.get(host) ?? null, null];
    const report = theDomain(await world.later(60).sync([wanted()], { isRotationAsked: true }));
    expect(report.steps.map(({ outcome }) => outcome)).not.toContain('done');
    expect(world.id(D)).toBe(before);
  });
});
