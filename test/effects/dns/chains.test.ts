/** CNAMEs within a zone, across zones and in circles; and the addresses of a host at their end. */
import { describe, expect, it } from 'vitest';

import type { DnsServer } from '../../support/dns-server.ts';
import { inShort, resolverOf, server, signal } from './dns-world.ts';

interface Two {
  readonly com: DnsServer;
  readonly net: DnsServer;
  readonly resolver: ReturnType<typeof resolverOf>;
}

/** `example.com` and `example.net`, each on its own server. */
async function twoZones(): Promise<Two> {
  const [com, net] = [await server(), await server()];
  com.zones.addZone('example.com');
  net.zones.addZone('example.net');
  const resolver = resolverOf({ authorities: { 'example.com': [com.address], 'example.net': [net.address] } });
  return { com, net, resolver };
}

describe('a chain of CNAMEs', () => {
  it('inside the zone comes with the one answer', async () => {
    const { com, resolver } = await twoZones();
    com.zones.setRecords('a.example.com', 'CNAME', ['b.example.com.'], 60);
    com.zones.setRecords('b.example.com', 'CNAME', ['c.example.com.'], 70);
    com.zones.setRecords('c.example.com', 'TXT', ['"end"'], 80);
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(com.queries).toHaveLength(1);
    expect(lookup.servers[0]?.outcome).toEqual({
      kind: 'answer',
      rcode: 'NOERROR',
      isAuthoritative: true,
      chain: [
        { name: 'a.example.com', type: 'CNAME', ttlSeconds: 60, rdata: ['b.example.com.'] },
        { name: 'b.example.com', type: 'CNAME', ttlSeconds: 70, rdata: ['c.example.com.'] },
      ],
      set: { name: 'c.example.com', type: 'TXT', ttlSeconds: 80, rdata: ['"end"'] },
    });
  });

  it('into another zone is asked of the servers of that zone, whatever the first one says of it', async () => {
    const { com, net, resolver } = await twoZones();
    com.zones.setRecords('a.example.com', 'CNAME', ['b.example.net.']);
    com.zones.addZone('example.net');
    com.zones.setRecords('b.example.net', 'TXT', ['"an old copy"']);
    net.zones.setRecords('b.example.net', 'TXT', ['"the truth"']);
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(lookup.zone).toBe('example.com');
    expect(lookup.servers.map(({ address }) => address)).toEqual([net.address]);
    expect(inShort(lookup)).toEqual(['"the truth"']);
  });

  it.each([
    ['no such name', 'gone.example.net.', 'NXDOMAIN'],
    ['no data', 'example.net.', 'no data'],
  ])('that ends in %s says so', async (_title, target, said) => {
    const { com, resolver } = await twoZones();
    com.zones.setRecords('a.example.com', 'CNAME', [target]);
    expect(inShort(await resolver.lookup('a.example.com', 'TXT', signal))).toEqual([said]);
  });

  it('is not followed when the CNAME itself is asked for', async () => {
    const { com, net, resolver } = await twoZones();
    com.zones.setRecords('a.example.com', 'CNAME', ['b.example.net.']);
    expect(inShort(await resolver.lookup('a.example.com', 'CNAME', signal))).toEqual(['b.example.net.']);
    expect(net.queries).toEqual([]);
  });

  it.each([
    ['of one name', ['a.example.com.']],
    ['of two names of one zone', ['b.example.com.', 'a.example.com.']],
  ])('that is a circle %s is DNS_MALFORMED', async (_title, targets) => {
    const { com, resolver } = await twoZones();
    targets.forEach((target, index) => com.zones.setRecords(`${'ab'[index]}.example.com`, 'CNAME', [target]));
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(inShort(lookup)[0]).toBe('DNS_MALFORMED');
  });

  it('that is a circle over two zones is DNS_MALFORMED, from both ends at once too', async () => {
    const { com, net, resolver } = await twoZones();
    com.zones.setRecords('a.example.com', 'CNAME', ['b.example.net.']);
    net.zones.setRecords('b.example.net', 'CNAME', ['a.example.com.']);
    const lookups = await Promise.all(
      ['a.example.com', 'b.example.net'].map((name) => resolver.lookup(name, 'TXT', signal)),
    );
    expect(lookups.map(inShort)).toEqual([['DNS_MALFORMED'], ['DNS_MALFORMED']]);
  });

  it('without an end is given up', async () => {
    const { com, net, resolver } = await twoZones();
    for (let index = 0; index < 40; index++) {
      com.zones.setRecords(`n${index}.example.com`, 'CNAME', [`n${index}.example.net.`]);
      net.zones.setRecords(`n${index}.example.net`, 'CNAME', [`n${index + 1}.example.com.`]);
    }
    expect(inShort(await resolver.lookup('n0.example.com', 'TXT', signal))).toEqual(['DNS_MALFORMED']);
    expect(com.queries.length + net.queries.length).toBe(16);
  });

  it('that servers see differently gives the end of each', async () => {
    const { com, net } = await twoZones();
    const late = await server();
    late.zones.addZone('example.com');
    com.zones.setRecords('a.example.com', 'CNAME', ['new.example.net.']);
    late.zones.setRecords('a.example.com', 'CNAME', ['old.example.net.']);
    net.zones.setRecords('new.example.net', 'TXT', ['"new"']);
    net.zones.setRecords('old.example.net', 'TXT', ['"old"']);
    const resolver = resolverOf({
      authorities: { 'example.com': [com.address, late.address], 'example.net': [net.address] },
    });
    expect(inShort(await resolver.lookup('a.example.com', 'TXT', signal))).toEqual(['"new"', '"old"']);
  });

  it('whose end no server answers for is asked of the resolver, and the whole is not authoritative', async () => {
    const { com, net } = await twoZones();
    const last = await server({ isResolver: true });
    last.zones.addZone('example.net');
    last.zones.setRecords('b.example.net', 'TXT', ['"seen"']);
    com.zones.setRecords('a.example.com', 'CNAME', ['b.example.net.']);
    net.fault = 'refused';
    const resolver = resolverOf({
      resolvers: [last.address],
      authorities: { 'example.com': [com.address], 'example.net': [net.address] },
    });
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect([lookup.isAuthoritative, ...inShort(lookup)]).toEqual([false, 'DNS_REFUSED', '"seen"']);
  });
});

describe('addresses', () => {
  it('are those of both families at the end of the chain, over all servers', async () => {
    const { com, net, resolver } = await twoZones();
    com.zones.setRecords('mta-sts.example.com', 'CNAME', ['host.example.net.']);
    net.zones.setRecords('host.example.net', 'A', ['192.0.2.2', '192.0.2.1']);
    net.zones.setRecords('host.example.net', 'AAAA', ['2001:db8:0:0::1']);
    expect(await resolver.addresses('mta-sts.example.com', signal)).toEqual({
      kind: 'addresses',
      addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'],
      chain: ['host.example.net'],
    });
  });

  it('are an empty list when there are none', async () => {
    const { resolver } = await twoZones();
    expect(await resolver.addresses('gone.example.com', signal)).toEqual({
      kind: 'addresses',
      addresses: [],
      chain: [],
    });
  });

  it('are not known when they cannot be read', async () => {
    const { com, resolver } = await twoZones();
    com.fault = 'servfail';
    expect(await resolver.addresses('a.example.com', signal)).toMatchObject({ kind: 'failed', code: 'DNS_SERVFAIL' });
  });

  it('of one family do when the other cannot be read (RFC 4074)', async () => {
    const { com, resolver } = await twoZones();
    com.zones.setRecords('a.example.com', 'A', ['192.0.2.1']);
    const typeAt = 15; // From the end: type, class, and the 11 bytes of EDNS.
    com.fault = (query, truth) => [query.readUInt16BE(query.length - typeAt) === 28 ? query : truth];
    expect(await resolver.addresses('a.example.com', signal)).toMatchObject({ addresses: ['192.0.2.1'] });
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8::0:1', '2001:db8::1'],
  ])('of the address %s are itself', async (text, address) => {
    const { resolver } = await twoZones();
    expect(await resolver.addresses(text, signal)).toEqual({ kind: 'addresses', addresses: [address], chain: [] });
  });
});
