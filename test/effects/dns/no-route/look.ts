/** Run inside a network namespace that has a loopback and no route: what a name server and a policy host in IPv6 come to there. Prints JSON. */
import { parseHostName } from '../../../../src/core/names.ts';
import { agreedSet } from '../../../../src/effects/dns/agree.ts';
import { openResolver } from '../../../../src/effects/dns/resolver.ts';
import { policyFetcher } from '../../../../src/effects/fetch-policy.ts';
import { startDnsServer } from '../../../support/dns-server.ts';

const { signal } = new AbortController();
const zone = parseHostName('example.com');
if (!zone.ok) throw new Error('no zone');

await using server = await startDnsServer();
server.zones.addZone('example.com', ['ns1.example.com']);
server.zones.setRecords('a.example.com', 'TXT', ['"one"']);
const authorities = new Map([[zone.value, [server.address, '[2001:db8::1]:53']]]);
const resolver = openResolver({ resolvers: ['127.0.0.1:1'], authorities, concurrency: 8 });
const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
const agreed = agreedSet(lookup);
await resolver.close();

const world = { connectTo: new Map(), caFile: null, allowPrivateAddresses: true, concurrency: 8 };
// 2606:4700:: is nobody's private address, and nothing leads there.
const fetches = await policyFetcher(world).fetch('mta-sts.example.com', ['2606:4700::1111'], signal);

process.stdout.write(
  JSON.stringify({
    servers: lookup.servers.map(({ outcome }) => (outcome.kind === 'failed' ? outcome.code : 'answer')),
    set: agreed.kind === 'set' ? agreed.set?.rdata : agreed.kind,
    isAuthoritative: lookup.isAuthoritative,
    fetches: fetches.map(({ outcome }) => (outcome.kind === 'failed' ? outcome.code : 'body')),
  }),
);
