/** Rules 6 and 15 where the body that is served is not the one that senders were told of. Both cases were found by the sender model (test/model). */
import { describe, expect, it } from 'vitest';
import type { DomainConfig } from '../../src/core/config/model.ts';
import type { RecordSet } from '../../src/core/record-set.ts';
import { TableNetwork } from '../support/table-network.ts';
import { hostName, mxSet, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const [MX1, MX2] = [`mx1.${D}`, `mx2.${D}`];

function proved(rest: Partial<DomainConfig>, spreadSeconds = 0): readonly DomainConfig[] {
  const publisher = {
    ...wantedDomain(D).publisher,
    type: 'directory',
    directory: '/www',
    proof: 'https',
    spreadSeconds,
  } as const;
  return [wantedDomain(D, { observe: 'dns', publisher, allow: new Set(['testing-before-enforce']), ...rest })];
}

/** What name servers show that are late with the id. */
class WithoutId extends Map<string, RecordSet> {
  readonly #sets: ReadonlyMap<string, RecordSet>;

  constructor(sets: ReadonlyMap<string, RecordSet>) {
    super();
    this.#sets = sets;
  }

  override get(key: string): RecordSet | undefined {
    return key === `_mta-sts.${D} TXT` ? undefined : this.#sets.get(key);
  }

  override values(): MapIterator<RecordSet> {
    return this.#sets.values();
  }
}

describe('a body that is served and not announced', () => {
  it('keeps the patterns of the announced policy when enforce comes back before its end was announced', async () => {
    const world = new World([mxSet(D, [MX1, MX2])]);
    const internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
    world.network = internet.network;
    await world.sync(proved({ mode: 'enforce', mx: [MX1, MX2] }));
    const id = world.id(D);
    // The body of mode none comes out, the proof fails, and senders go on with enforce.
    internet.bodies = () => [null];
    await world.later(3600).sync(proved({ mode: 'none', mx: [MX1] }));
    expect(world.id(D)).toBe(id);
    internet.bodies = (host) => [world.files.get(host) ?? null];
    expect(world.body(D)).not.toContain(MX2);
    await world.later(3600).sync(proved({ mode: 'enforce', mx: [MX1] }));
    expect(world.body(D)).toContain(`mx: ${MX2}`);
  });

  it('is in the history from the moment it is published, also where no later look sees it whole', async () => {
    const world = new World([mxSet(D, [MX1])]);
    const internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
    world.network = internet.network;
    const both = { mode: 'enforce', mx: [MX1, MX2], maxAgeSeconds: 3600 } as const;
    await world.sync(proved(both, 120));
    await world.later(300).sync(proved(both, 120));
    expect(world.id(D)).toBeDefined();
    const narrow = { ...both, mx: [MX1] };
    await world.later(86_400).sync(proved(narrow, 120));
    expect(world.body(D)).not.toContain(MX2);
    internet.bodies = () => [null];
    const [wanted] = proved(narrow, 120);
    const answer = wanted === undefined ? null : await world.later(60).when(wanted, { kind: 'add-mx', host: MX2 });
    expect(answer).toMatchObject({
      allSenders: null,
      reason: expect.stringContaining('the policy served now refuses'),
    });
  });

  it('is not taken for the policy of an id that comes to the last name server late', async () => {
    const world = new World([mxSet(D, [MX1])]);
    const internet = new TableNetwork(new WithoutId(world.sets), (host) => [world.files.get(host) ?? null]);
    world.network = internet.network;
    await world.sync(proved({ mode: 'testing', mx: [MX1] }));
    const late = world.id(D);
    internet.bodies = () => [null];
    await world.later(3600).sync(proved({ mode: 'enforce', mx: [MX1] }));
    expect(world.body(D)).toContain('enforce');
    expect(world.id(D)).toBe(late);
    // Now the id of testing is everywhere, and a host that enforce would refuse is in MX.
    world.sets.set(`${D} MX`, mxSet(D, [MX1, MX2]));
    [internet.sets, internet.bodies] = [world.sets, (host) => [world.files.get(host) ?? null]];
    await world.later(3600).sync(proved({ mode: 'enforce', mx: [MX1] }));
    expect(world.body(D)).toContain('testing');
    expect(world.memories.get(D)?.history.find((one) => one.id === late)?.rotatedAt).toEqual(world.now);
  });
});

it('testing-before-enforce: the time does not begin before the id is at every name server', async () => {
  const world = new World([mxSet(D, [MX1])]);
  const internet = new TableNetwork(new WithoutId(world.sets), (host) => [world.files.get(host) ?? null]);
  world.network = internet.network;
  await world.sync(proved({ mode: 'enforce', mx: [MX1], allow: new Set() }));
  expect(world.id(D)).toBeDefined();
  await world.later(60).sync(proved({ mode: 'enforce', mx: [MX1], allow: new Set() }));
  expect(world.body(D)).toContain('testing');
});

it('publisher.spread: mode none, too, is announced only after a second proof', async () => {
  const world = new World([mxSet(D, [MX1])]);
  const wanted = { publisher: { ...wantedDomain(D).publisher, spreadSeconds: 60 } };
  await world.sync([wantedDomain(D, wanted)]);
  await world.later(60).sync([wantedDomain(D, wanted)]);
  const id = world.id(D);
  expect(id).toBeDefined();
  await world.later(3600).sync([wantedDomain(D, { ...wanted, absent: true })]);
  expect(world.body(D)).toContain('mode: none');
  expect(world.id(D)).toBe(id);
  await world.later(60).sync([wantedDomain(D, { ...wanted, absent: true })]);
  expect(world.id(D)).not.toBe(id);
});

it('idRecord: the shared id goes out when every domain that shares it serves the policy', async () => {
  const [other, shared] = ['example.org', 'id.example.net'];
  const cnames = [D, other].map((domain) => {
    return { name: `_mta-sts.${domain}`, type: 'CNAME', ttlSeconds: 300, rdata: [`${shared}.`] } as const;
  });
  const world = new World([mxSet(D, [MX1]), mxSet(other, [MX1]), ...cnames]);
  const isLate = (host: string): boolean => host.endsWith(other);
  const internet = new TableNetwork(world.sets, (host) => [isLate(host) ? null : (world.files.get(host) ?? null)]);
  world.network = internet.network;
  const wanted = [D, other].flatMap((domain) =>
    proved({ domain: hostName(domain), idRecord: shared, mode: 'testing', mx: [MX1] }),
  );
  await world.sync(wanted);
  const report = await world.later(60).sync(wanted);
  expect(world.txt(shared)).toEqual([]);
  expect(report.domains.find((plan) => plan.domain === D)?.steps.at(-1)).toMatchObject({
    kind: 'wait',
    guard: 'served-before-id',
  });
  internet.bodies = (host) => [world.files.get(host) ?? null];
  await world.later(60).sync(wanted);
  expect(world.txt(shared)).toHaveLength(1);
});

it('rule 5, off and moving at once: mode none is announced when no resolver holds the old host record', async () => {
  const world = new World([mxSet(D, [MX1])]);
  await world.sync([wantedDomain(D)]);
  const id = world.id(D);
  const target = { kind: 'hostname', hostname: hostName('other.example.net') } as const;
  const leaving = [wantedDomain(D, { absent: true, publisher: { ...wantedDomain(D).publisher, target } })];
  await world.later(3600).sync(leaving);
  expect(world.sets.get(`mta-sts.${D} CNAME`)?.rdata).toEqual(['other.example.net.']);
  expect(world.id(D)).toBe(id);
  await world.later(300).sync(leaving);
  expect(world.body(D)).toContain('mode: none');
  expect(world.id(D)).not.toBe(id);
});
