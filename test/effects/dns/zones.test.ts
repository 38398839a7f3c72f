/** Finding the servers of a zone through a resolver, and asking every one of them. */
import { describe, expect, it } from 'vitest';

import type { DnsServer } from '../../support/dns-server.ts';
import { newZones } from '../../support/dns-zones.ts';
import { authority, inShort, NOBODY, resolverOf, server, signal } from './dns-world.ts';

interface Internet {
  readonly ns1: DnsServer;
  readonly ns2: DnsServer;
  /** Knows all of it, as a resolver does. */
  readonly resolver: DnsServer;
}

/** `example.com` on two servers of 127.0.0.2 and 127.0.0.3 with one port, and a resolver that names them. */
async function internet(): Promise<Internet> {
  const ns1 = await authority({ host: '127.0.0.2' });
  const ns2 = await authority({ host: '127.0.0.3', port: ns1.port });
  const resolver = await authority({ isResolver: true });
  resolver.zones.setRecords('example.com', 'NS', ['ns1.example.com.', 'ns2.example.com.']);
  resolver.zones.setRecords('ns1.example.com', 'A', ['127.0.0.2']);
  resolver.zones.setRecords('ns2.example.com', 'A', ['127.0.0.3']);
  return { ns1, ns2, resolver };
}

function open({ ns1, resolver }: Internet): ReturnType<typeof resolverOf> {
  return resolverOf({ resolvers: [resolver.address] }, { authorityPort: ns1.port });
}

describe('a zone found through a resolver', () => {
  it('is asked at every server, without recursion, and the resolver with', async () => {
    const world = await internet();
    world.ns2.zones.setRecords('a.example.com', 'TXT', ['"two"'], 60);
    const lookup = await open(world).lookup('A.Example.com.', 'TXT', signal);
    expect(lookup).toEqual({
      name: 'a.example.com',
      type: 'TXT',
      zone: 'example.com',
      isAuthoritative: true,
      servers: [
        {
          server: 'ns1.example.com',
          address: world.ns1.address,
          outcome: {
            kind: 'answer',
            rcode: 'NOERROR',
            isAuthoritative: true,
            chain: [],
            set: { name: 'a.example.com', type: 'TXT', ttlSeconds: 300, rdata: ['"one"'] },
          },
        },
        {
          server: 'ns2.example.com',
          address: world.ns2.address,
          outcome: {
            kind: 'answer',
            rcode: 'NOERROR',
            isAuthoritative: true,
            chain: [],
            set: { name: 'a.example.com', type: 'TXT', ttlSeconds: 60, rdata: ['"two"'] },
          },
        },
      ],
    });
    expect(world.ns1.queries.map(({ isRecursive }) => isRecursive)).toEqual([false]);
    expect(world.resolver.queries.every(({ isRecursive }) => isRecursive)).toBe(true);
  });

  it('is found once for all its names: the SOA of an empty answer names the apex', async () => {
    const world = await internet();
    const resolver = open(world);
    for (const name of ['x.y.z.example.com', 'a.example.com', 'example.com'])
      await resolver.lookup(name, 'TXT', signal);
    expect(world.resolver.queries.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual([
      'a.example.com NS',
      'example.com NS',
      'ns1.example.com A',
      'ns1.example.com AAAA',
      'ns2.example.com A',
      'ns2.example.com AAAA',
      'x.y.z.example.com NS',
    ]);
  });

  it('tells no such name from no data', async () => {
    const world = await internet();
    world.ns2.zones.setRecords('a.example.com', 'TXT', []);
    world.ns2.zones.setRecords('below.a.example.com', 'A', ['192.0.2.1']);
    const resolver = open(world);
    expect(inShort(await resolver.lookup('a.example.com', 'TXT', signal))).toEqual(['"one"', 'no data']);
    expect(inShort(await resolver.lookup('b.example.com', 'TXT', signal))).toEqual(['NXDOMAIN', 'NXDOMAIN']);
    expect(inShort(await resolver.lookup('a.example.com', 'MX', signal))).toEqual(['no data', 'no data']);
  });

  it('keeps the answer of one server when the others fail, and says which', async () => {
    const world = await internet();
    world.ns1.fault = 'servfail';
    const lookup = await open(world).lookup('a.example.com', 'TXT', signal);
    expect(inShort(lookup)).toEqual(['DNS_SERVFAIL', '"one"']);
    expect(lookup.isAuthoritative).toBe(true);
  });

  it('is asked of the resolver when no server answers, which is not authoritative', async () => {
    const world = await internet();
    world.ns1.fault = 'refused';
    world.ns2.fault = 'lame';
    const lookup = await open(world).lookup('a.example.com', 'TXT', signal);
    expect(inShort(lookup)).toEqual(['DNS_REFUSED', 'DNS_LAME', '"one"']);
    expect(lookup.isAuthoritative).toBe(false);
    expect(lookup.servers[2]).toMatchObject({
      server: 'resolver',
      address: world.resolver.address,
      outcome: { isAuthoritative: false },
    });
  });

  it('takes glue where the resolver cannot tell the address of a server', async () => {
    const world = await internet();
    world.resolver.faults.set('ns1.example.com', 'servfail');
    expect(inShort(await open(world).lookup('a.example.com', 'TXT', signal))).toEqual(['"one"', '"one"']);
  });

  it('names a server that has no address', async () => {
    const world = await internet();
    world.resolver.zones.setRecords('example.com', 'NS', ['ns1.example.com.', 'gone.example.com.']);
    const lookup = await open(world).lookup('a.example.com', 'TXT', signal);
    expect(lookup.servers.map(({ server: name, address }) => `${name} ${address}`)).toEqual([
      'gone.example.com ',
      `ns1.example.com ${world.ns1.address}`,
    ]);
    expect(inShort(lookup)).toEqual(['DNS_UNREACHABLE', '"one"']);
  });

  it('of a child is asked at the servers of the child, DS at those of the parent', async () => {
    const world = await internet();
    const digest = '1 13 2 ABCD';
    const child = await server({ host: '127.0.0.4', port: world.ns1.port });
    child.zones.addZone('sub.example.com', ['ns.sub.example.com']);
    child.zones.setRecords('a.sub.example.com', 'TXT', ['"child"']);
    world.resolver.zones.addZone('sub.example.com', ['ns.sub.example.com']);
    world.resolver.zones.setRecords('ns.sub.example.com', 'A', ['127.0.0.4']);
    for (const one of [world.ns1, world.ns2]) {
      one.zones.setRecords('sub.example.com', 'NS', ['ns.sub.example.com.']);
      one.zones.setRecords('sub.example.com', 'DS', [digest]);
    }
    const resolver = open(world);
    const lookup = await resolver.lookup('a.sub.example.com', 'TXT', signal);
    expect([lookup.zone, ...inShort(lookup)]).toEqual(['sub.example.com', '"child"']);
    const ds = await resolver.lookup('sub.example.com', 'DS', signal);
    expect([ds.zone, ...inShort(ds)]).toEqual(['example.com', digest, digest]);
  });

  it.each([
    ['SERVFAIL', 'servfail', 'DNS_SERVFAIL'],
    ['silence', 'silent', 'DNS_TIMEOUT'],
  ] as const)('that cannot be found for %s is no empty answer', async (_title, fault, code) => {
    const world = await internet();
    world.resolver.fault = fault;
    const lookup = await open(world).lookup('a.example.com', 'TXT', signal);
    expect(lookup.zone).toBe(null);
    expect(inShort(lookup)).toEqual([code]);
    expect(lookup.isAuthoritative).toBe(false);
  });

  it('goes to the next resolver when one fails', async () => {
    const world = await internet();
    const resolver = resolverOf({ resolvers: [NOBODY, world.resolver.address] }, { authorityPort: world.ns1.port });
    expect(inShort(await resolver.lookup('a.example.com', 'TXT', signal))).toEqual(['"one"', '"one"']);
  });

  it('below a top that does not exist is what the resolver says', async () => {
    const world = await internet();
    const lookup = await open(world).lookup('a.nowhere', 'TXT', signal);
    expect([lookup.zone, lookup.isAuthoritative, ...inShort(lookup)]).toEqual([null, false, 'no data']);
  });
});

describe('world.authorities', () => {
  it('are asked in place of the NS records, the longest match, for everything below', async () => {
    const [outer, inner] = [await authority(), await server()];
    inner.zones.addZone('b.example.com');
    inner.zones.setRecords('x.b.example.com', 'TXT', ['"inner"']);
    const resolver = resolverOf({ authorities: { 'example.com': [outer.address], 'b.example.com': [inner.address] } });
    expect(inShort(await resolver.lookup('x.b.example.com', 'TXT', signal))).toEqual(['"inner"']);
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(inShort(lookup)).toEqual(['"one"']);
    expect(lookup.servers[0]?.server).toBe(outer.address);
  });

  it('cover no other name, not even one that ends alike', async () => {
    const [mine, theirs] = [await authority(), await server({ isResolver: true })];
    theirs.zones.addZone('notexample.com');
    const resolver = resolverOf({ authorities: { 'example.com': [mine.address] }, resolvers: [theirs.address] });
    await resolver.lookup('notexample.com', 'MX', signal);
    expect(mine.queries).toEqual([]);
  });
});

describe('two servers with the same zones', () => {
  it('are two answers', async () => {
    const zones = newZones();
    const [one, two] = [await authority({ zones }), await server({ zones })];
    const resolver = resolverOf({ authorities: { 'example.com': [one.address, two.address] } });
    expect(inShort(await resolver.lookup('a.example.com', 'TXT', signal))).toEqual(['"one"', '"one"']);
  });
});

describe('a fresh resolver of the same run', () => {
  it('sees what changed since, and asks nobody again where the zone is', async () => {
    const world = await internet();
    const run = open(world);
    expect(inShort(await run.lookup('a.example.com', 'TXT', signal))).toEqual(['"one"', '"one"']);
    const asked = world.resolver.queries.length;
    for (const { zones } of [world.ns1, world.ns2]) zones.setRecords('a.example.com', 'TXT', ['"two"']);
    expect(inShort(await run.lookup('a.example.com', 'TXT', signal))).toEqual(['"one"', '"one"']);
    expect(inShort(await run.fresh().lookup('a.example.com', 'TXT', signal))).toEqual(['"two"', '"two"']);
    expect(world.resolver.queries).toHaveLength(asked);
  });

  it('looks again for a zone that could not be found before', async () => {
    const world = await internet();
    const { zones } = world.resolver;
    const run = open(world);
    expect((await run.lookup('b.example.org', 'TXT', signal)).zone).toBeNull();
    zones.addZone('example.org', ['ns1.example.com']);
    zones.setRecords('example.org', 'NS', ['ns1.example.com.']);
    expect((await run.lookup('b.example.org', 'TXT', signal)).zone).toBeNull();
    expect((await run.fresh().lookup('b.example.org', 'TXT', signal)).zone).toBe('example.org');
  });
});
