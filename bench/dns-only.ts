/**
 * How many DNS queries a second a run makes, and whether its cost is linear: 1,000, 10,000 and 100,000 domains in sync with `proof: file`,
 * which fetches nothing. Beside it in each round the bare loop (no logic, same codec) and dnsperf (C) with the same queries.
 *
 * `npm run build && npm run bench:dns` (SIZES=1000,10000 ROUNDS=3). Knot, one zone with all domains, in a network namespace of its own.
 * Exits with 1 when a domain of the largest fleet costs more than 1.5 times what one of the middle fleet costs, start-up apart.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startKnot } from '../test/servers/knot.ts';
import { domainAt, fleetZone, writeFleet, ZONE } from './network/fleet.ts';
import { line, measure, median, medianOf, type Measured } from './network/measure.ts';
import { enterOwnNetwork, sentDatagrams } from './network/namespace.ts';
import { queriesOf } from './network/queries.ts';

const SIZES = (process.env['SIZES'] ?? '1000,10000,100000').split(',').map(Number);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const MAX_GROWTH = 1.5;

enterOwnNetwork();
const root = join(import.meta.dirname, '..');

/** Queries a second as dnsperf says them. */
function dnsperf(file: string): number {
  const args = ['-s', '127.0.0.1', '-d', file, '-q', '128', '-n', '1'];
  const { stdout } = spawnSync('dnsperf', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  return Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1]);
}

/** Gives the seconds of stsync. */
async function benchSize(size: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'stsync-dns-'));
  await using knot = await startKnot({ port: 53, zones: [{ name: ZONE, text: fleetZone(size) }] });
  const domains = Array.from({ length: size }, (_, index) => domainAt(index));
  writeFleet(folder, {
    domains,
    proof: 'file',
    provider: '{ type: memory }',
    world: ['resolvers: ["127.0.0.1"]', 'allowPrivateAddresses: true', 'smtpProbe: off'],
  });
  const queries = domains.flatMap((domain) => queriesOf(domain, false).map(([name, type]) => `${name} ${type}\n`));
  writeFileSync(join(folder, 'queries'), queries.join(''));
  const [bare, ours, perf]: [Measured[], Measured[], number[]] = [[], [], []];
  let sent = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const one = await measure([join(root, 'bench', 'network', 'bare-loop.ts'), String(size), '-'], folder);
    const before = sentDatagrams();
    const two = await measure([join(root, 'dist', 'bin', 'main.js'), 'sync', '--quiet'], folder);
    sent = (sentDatagrams() - before) / 2;
    const three = dnsperf(join(folder, 'queries'));
    if (round === 0) continue;
    bare.push(one);
    ours.push(two);
    perf.push(three);
  }
  rmSync(folder, { recursive: true });
  const [loop, run] = [medianOf(bare), medianOf(ours)];
  const perSecond = (seconds: number): string => `${(queries.length / seconds).toFixed(0)} queries/s`;
  const ofPerf = (seconds: number): string => (queries.length / seconds / median(perf)).toFixed(3);
  console.log(`${size} domains in sync at Knot (${knot.address}), DNS alone; medians of ${ROUNDS} rounds`);
  console.log(`  dnsperf                  ${median(perf).toFixed(0)} queries/s`);
  console.log(line('bare loop', loop, `${perSecond(loop.seconds)}, of dnsperf ${ofPerf(loop.seconds)}`));
  console.log(
    line('stsync sync', run, `${perSecond(run.seconds)}, of dnsperf ${ofPerf(run.seconds)}; sent ${sent.toFixed(0)}`),
  );
  console.log(`  stsync : bare loop = ${(run.seconds / loop.seconds).toFixed(2)}`);
  return run.seconds;
}

const seconds: number[] = [];
for (const size of SIZES) seconds.push(await benchSize(size));
const costs = SIZES.slice(1).map((size, at) => {
  const [more, before] = [seconds[at + 1] ?? Number.NaN, seconds[at] ?? Number.NaN];
  return ((more - before) / (size - (SIZES[at] ?? 0))) * 1e6;
});
console.log(`each further domain: ${costs.map((cost) => `${cost.toFixed(0)} us`).join(', then ')}`);
const [middle = Number.NaN, last = Number.NaN] = costs.slice(-2);
if (last / middle > MAX_GROWTH) process.exitCode = 1;
