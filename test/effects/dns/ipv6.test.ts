/** DNS over IPv6: a server at ::1 over UDP and TCP, one found through its AAAA, and the other family where one has no route. */
import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { namespaceFault } from '../../servers/namespace.ts';
import { describeUnless } from '../../servers/programs.ts';
import { authority, inShort, resolverOf, server, signal } from './dns-world.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some((one) => one.address === '::1'));

describeUnless(hasIpv6 ? null : 'this machine has no ::1', 'DNS over IPv6', () => {
  it('asks a server at ::1, over UDP, and over TCP what is too long for that', async () => {
    const dns = await authority({ host: '::1' });
    dns.zones.setRecords(
      'long.example.com',
      'TXT',
      Array.from({ length: 20 }, (_, index) => `"${index}${'x'.repeat(200)}"`),
    );
    const resolver = resolverOf({ authorities: { 'example.com': [dns.address] } });
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(inShort(lookup)).toEqual(['"one"']);
    expect(lookup.servers[0]?.address).toBe(`[::1]:${dns.port}`);
    const long = await resolver.lookup('long.example.com', 'TXT', signal);
    expect(long.servers[0]?.outcome).toMatchObject({ kind: 'answer', set: { rdata: { length: 20 } } });
    expect(new Set(dns.queries.map((query) => query.transport))).toEqual(new Set(['udp', 'tcp']));
  });

  it('asks the same zone at both families, each a view of its own', async () => {
    const [four, six] = [await authority(), await authority({ host: '::1' })];
    six.zones.setRecords('a.example.com', 'TXT', ['"two"']);
    const resolver = resolverOf({ authorities: { 'example.com': [four.address, six.address] } });
    expect(inShort(await resolver.lookup('a.example.com', 'TXT', signal))).toEqual(['"one"', '"two"']);
  });

  it('finds a name server by its AAAA, through a resolver at ::1', async () => {
    const dns = await authority({ host: '::1' });
    const internet = await server({ host: '::1', isResolver: true });
    internet.zones.addZone('example.com', ['ns1.example.com']);
    internet.zones.setRecords('ns1.example.com', 'AAAA', ['::1']);
    const resolver = resolverOf({ resolvers: [internet.address] }, { authorityPort: dns.port });
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(inShort(lookup)).toEqual(['"one"']);
    expect(lookup.isAuthoritative).toBe(true);
  });

  it('says of a port that nobody listens on that it is unreachable', async () => {
    const resolver = resolverOf({ resolvers: ['[::1]:1'], authorities: { 'example.com': ['[::1]:1'] } });
    const { servers } = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(servers.map(({ outcome }) => outcome.kind === 'failed' && outcome.code)).toEqual([
      'DNS_UNREACHABLE',
      'DNS_UNREACHABLE',
    ]);
  });
});

describeUnless(namespaceFault(), 'a family without a route', () => {
  it('is a failure at once, and the name server of the other family is heard', () => {
    const look = join(import.meta.dirname, 'no-route', 'look.ts');
    const flags = process.getuid?.() === 0 ? '-n' : '-rn';
    const script = `ip link set lo up && exec '${process.execPath}' '${look}'`;
    const { stdout, stderr } = spawnSync('unshare', [flags, 'sh', '-c', script], { encoding: 'utf8', timeout: 20_000 });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      servers: ['answer', 'DNS_UNREACHABLE'],
      set: ['"one"'],
      isAuthoritative: true,
      fetches: ['HTTPS_NO_ROUTE'],
    });
  });
});
