/** The DNS client against BIND and Knot: what nobody here wrote says the same as our scripted server. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startBind } from '../../servers/bind.ts';
import { startKnot } from '../../servers/knot.ts';
import { zoneText, type NameServer } from '../../servers/name-server.ts';
import { describeWith } from '../../servers/programs.ts';
import { inShort, resolverOf, signal } from './dns-world.ts';

const DIGEST = 'A'.repeat(64);
const LINES = [
  '@ 600 MX 10 Mx1.Example.COM.',
  '@ 600 MX 20 mx2.example.com.',
  'null MX 0 .',
  `_mta-sts TXT "v=STSv1; id=20261124000000;"`,
  'torture TXT "a \\"quote\\" \\\\ \\000\\255" "" "second"',
  `big TXT ${Array.from({ length: 20 }, (_, index) => `"${String(index).padStart(200, 'x')}"`).join(' ')}`,
  'host A 192.0.2.1',
  'host AAAA 2001:db8:0::0:1',
  'alias CNAME b.alias',
  'b.alias CNAME host',
  'away CNAME host.elsewhere.test.',
  '@ CAA 0 issue "ca.example.net"',
  `_443._tcp.host TLSA 3 1 1 ${DIGEST}`,
  `sub NS ns.sub`,
  `sub DS 12345 13 2 ${DIGEST}`,
  'ns.sub A 127.0.0.1',
  '*.wild TXT "star"',
];

/** What is looked up and what comes; names are below example.com, `@` is itself. */
const TABLE = [
  ['@', 'MX', '10 mx1.example.com. | 20 mx2.example.com.'],
  ['null', 'MX', '0 .'],
  ['_mta-sts', 'TXT', '"v=STSv1; id=20261124000000;"'],
  ['torture', 'TXT', '"a \\"quote\\" \\\\ \\000\\255" "" "second"'],
  ['host', 'A', '192.0.2.1'],
  ['host', 'AAAA', '2001:db8::1'],
  ['alias', 'A', '192.0.2.1'],
  ['alias', 'CNAME', 'b.alias.example.com.'],
  ['@', 'NS', 'ns1.example.com.'],
  ['@', 'SOA', 'ns1.example.com. hostmaster.example.com. 1 3600 600 604800 60'],
  ['@', 'CAA', '0 issue "ca.example.net"'],
  ['_443._tcp.host', 'TLSA', `3 1 1 ${DIGEST}`],
  ['sub', 'DS', `12345 13 2 ${DIGEST}`],
  ['x.wild', 'TXT', '"star"'],
  ['host', 'TXT', 'no data'],
  ['_tcp.host', 'TXT', 'no data'],
  ['gone', 'TXT', 'NXDOMAIN'],
] as const;

const zones = [{ name: 'example.com', text: zoneText('example.com', LINES) }];

function suite(start: () => Promise<NameServer>): void {
  let server: NameServer | undefined;
  const address = (): string => server?.address ?? '';
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  it.each(TABLE)('shows %s %s as %s', async (label, type, said) => {
    const name = label === '@' ? 'example.com' : `${label}.example.com`;
    const resolver = resolverOf({ authorities: { 'example.com': [address()] } }, { timeoutMs: 2000 });
    expect(inShort(await resolver.lookup(name, type, signal))).toEqual([said]);
  });

  it('sends what is too long for UDP over TCP', async () => {
    const resolver = resolverOf({ authorities: { 'example.com': [address()] } }, { timeoutMs: 2000 });
    const lookup = await resolver.lookup('big.example.com', 'TXT', signal);
    expect(inShort(lookup)[0]?.length).toBe(20 * 203 - 1);
  });

  it('gives the chain and TTLs of CNAMEs', async () => {
    const resolver = resolverOf({ authorities: { 'example.com': [address()] } }, { timeoutMs: 2000 });
    const lookup = await resolver.lookup('alias.example.com', 'AAAA', signal);
    const [answer] = lookup.servers;
    const chain = answer?.outcome.kind === 'answer' ? answer.outcome.chain : [];
    expect(chain.map(({ name, ttlSeconds }) => `${name} ${ttlSeconds}`)).toEqual([
      'alias.example.com 300',
      'b.alias.example.com 300',
    ]);
    expect(await resolver.addresses('alias.example.com', signal)).toMatchObject({
      addresses: ['192.0.2.1', '2001:db8::1'],
      chain: ['b.alias.example.com', 'host.example.com'],
    });
  });

  it('has no authority for a zone given away, and none for one it has not', async () => {
    const authorities = { 'example.com': [address()], 'elsewhere.test': [address()] };
    const resolver = resolverOf({ authorities }, { timeoutMs: 2000 });
    expect(inShort(await resolver.lookup('a.sub.example.com', 'TXT', signal))[0]).toBe('DNS_LAME');
    expect(inShort(await resolver.lookup('a.elsewhere.test', 'TXT', signal))[0]).toBe('DNS_REFUSED');
    expect(inShort(await resolver.lookup('away.example.com', 'A', signal))[0]).toBe('DNS_REFUSED');
  });

  it('that plays dead times out', async () => {
    server?.signal('SIGSTOP');
    const resolver = resolverOf({ authorities: { 'example.com': [address()] } });
    expect(inShort(await resolver.lookup('host.example.com', 'A', signal))[0]).toBe('DNS_TIMEOUT');
    server?.signal('SIGCONT');
  });
}

describeWith(['named'], 'BIND', () => suite(() => startBind({ zones })));
describeWith(['knotd'], 'Knot', () => suite(() => startKnot({ zones })));
