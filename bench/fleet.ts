/**
 * How long a run takes over 10,000 domains that are in sync, with name servers and policy hosts: the built command beside a bare loop that
 * sends the same queries and fetches with no logic (bench/network/bare-loop.ts), at most 1.5 times as long, in less than 300 MB.
 *
 * `npm run build && npm run bench:fleet` (DOMAINS=1000, ROUNDS=5). Knot serves one zone with all domains at port 53, one HTTPS host serves
 * all policies at port 443 with a certificate for each name, both in a network namespace of their own. Mode enforce, one shared MX host,
 * `smtpProbe: off`. Medians of interleaved rounds after one that warms up; exits with 1 when a limit is passed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startKnot } from '../test/servers/knot.ts';
import { makeCa } from '../test/support/ca.ts';
import { domainAt, fleetZone, writeFleet, ZONE } from './network/fleet.ts';
import { line, measure, medianOf, type Measured } from './network/measure.ts';
import { enterOwnNetwork, sentDatagrams } from './network/namespace.ts';
import { startHttpsHost } from './network/servers.ts';

const DOMAINS = Number(process.env['DOMAINS'] ?? 10_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const MAX_RATIO = 1.5;
const MAX_MEGABYTES = 300;

enterOwnNetwork();
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'stsync-fleet-'));
await using ca = makeCa();
await using knot = await startKnot({ port: 53, zones: [{ name: ZONE, text: fleetZone(DOMAINS) }] });
const host = await startHttpsHost(ca);
writeFleet(folder, {
  domains: Array.from({ length: DOMAINS }, (_, index) => domainAt(index)),
  proof: 'https',
  provider: '{ type: memory }',
  world: ['resolvers: ["127.0.0.1"]', `caFile: ${ca.file}`, 'allowPrivateAddresses: true', 'smtpProbe: off'],
});

const cases = {
  'bare loop': [join(root, 'bench', 'network', 'bare-loop.ts'), String(DOMAINS), ca.file],
  'stsync sync': [join(root, 'dist', 'bin', 'main.js'), 'sync', '--quiet'],
};
const runs = new Map<string, Measured[]>(Object.keys(cases).map((name) => [name, []]));
const datagrams = new Map<string, number>();
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, args] of Object.entries(cases)) {
    const before = sentDatagrams();
    const measured = await measure(args, folder);
    datagrams.set(name, sentDatagrams() - before);
    console.error(line(`${name}, round ${round}`, measured));
    if (round > 0) runs.get(name)?.push(measured);
  }
}
host.kill();
rmSync(folder, { recursive: true });

console.log(
  `${DOMAINS} domains in sync at Knot (${knot.address}), with fetches; SMTP probe off; medians of ${ROUNDS} rounds`,
);
const medians = new Map([...runs].map(([name, all]) => [name, medianOf(all)]));
for (const [name, figures] of medians) {
  console.log(line(name, figures, `${Math.round((datagrams.get(name) ?? 0) / 2)} queries`));
}
const [bare, ours] = [medians.get('bare loop'), medians.get('stsync sync')];
if (bare === undefined || ours === undefined) throw new Error('nothing was measured');
const ratio = ours.seconds / bare.seconds;
console.log(`  stsync : bare loop = ${ratio.toFixed(2)} (at most ${MAX_RATIO}); at most ${MAX_MEGABYTES} MB`);
if (ratio > MAX_RATIO || ours.megabytes > MAX_MEGABYTES) process.exitCode = 1;
