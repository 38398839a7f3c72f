/**
 * Our policy host beside nginx: new TLS 1.3 handshakes and requests on kept connections, by the same client in interleaved rounds; the built daemon has
 * 10,000 certificates in its state. `npm run build && npm run bench:policy-host` (ROUNDS=5, SECONDS=4, STORED=10000).
 *
 * nginx has one worker, one certificate, one static file, the same ciphers, and as we do 100 requests for a connection. Both sides run on the first
 * CPU, the clients on the second: `wrk` for one name (`Connection: close` makes every request a whole handshake: it resumes none), `curl` for all names one
 * after the other, none of them in memory. Needs nginx, wrk, curl and util-linux of Debian. Ratios are medians over the rounds. Exits with 1 when we have less
 * than half of nginx, or less than 0.85 with 10,000 certificates of what we have with one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from './soak/place.ts';
import { median } from './network/measure.ts';
import { askMany, askOne, type Measured } from './policy-host/clients.ts';
import { openCa, residentMegabytes, type Side, startNginx, startOurs } from './policy-host/place.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const SECONDS = Number(process.env['SECONDS'] ?? 4);
const STORED = Number(process.env['STORED'] ?? 10_000);
/** As many as the host keeps in memory. */
const CACHED = 2_000;
const LEAST_OF_NGINX = 0.5;
const LEAST_OF_ONE = 0.85;

const folder = mkdtempSync(join(tmpdir(), 'stsync-policy-host-'));
await using ca = openCa();
const nginx = await startNginx(join(folder, 'nginx'), ca, await freePort());
const one = await startOurs(join(folder, 'one'), 'stsync, 1 certificate', 0, ca, await freePort());
const ours = await startOurs(join(folder, 'ours'), `stsync, ${STORED} stored`, STORED, ca, await freePort());
const sides = [nginx, one, ours];

/** Everything once, which is not measured. */
for (const side of sides) for (const isKept of [true, false]) askOne(side, 2, isKept);
const before = residentMegabytes(ours);
askMany(ours, 0, CACHED);
const full = residentMegabytes(ours);

const kept = new Map<Side, Measured[]>(sides.map((side) => [side, []]));
const fresh = new Map<Side, Measured[]>(sides.map((side) => [side, []]));
const spread = new Map<Side, Measured[]>([nginx, ours].map((side) => [side, []]));
for (let round = 0; round < ROUNDS; round++) {
  // Not those that were asked last.
  const first = ((round + 1) * CACHED) % STORED;
  for (const side of sides) kept.get(side)?.push(askOne(side, SECONDS, true));
  for (const side of sides) fresh.get(side)?.push(askOne(side, SECONDS, false));
  for (const [side, all] of spread) all.push(askMany(side, first, CACHED));
}
const end = residentMegabytes(ours);
for (const side of sides) side.process.kill();
rmSync(folder, { recursive: true });

console.log(
  `medians of ${ROUNDS} rounds; load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
show('requests on kept connections', kept);
show('handshakes, one name', fresh);
show('handshakes, all names', spread);
const eachKilobytes = ((full - before) * 1024) / CACHED;
console.log(
  `memory: ${before.toFixed(0)} MB; with ${CACHED} contexts ${full.toFixed(0)} MB, ${eachKilobytes.toFixed(0)} KB each; after all names ${end.toFixed(0)} MB`,
);
const targets = [
  ['kept connections beside nginx', ratio(kept, ours, nginx), LEAST_OF_NGINX],
  ['handshakes beside nginx', ratio(fresh, ours, nginx), LEAST_OF_NGINX],
  ['handshakes of all names beside nginx', ratio(spread, ours, nginx), LEAST_OF_NGINX],
  ['handshakes beside one certificate', ratio(fresh, ours, one), LEAST_OF_ONE],
  ['kept connections beside one certificate', ratio(kept, ours, one), LEAST_OF_ONE],
] as const;
for (const [what, found, least] of targets) {
  console.log(`  ${what.padEnd(42)} ${found.toFixed(2)} (at least ${least})${found < least ? '  MISSED' : ''}`);
  if (found < least) process.exitCode = 1;
}

/** Of what each round had: the load of the machine is the same for both then. */
function ratio(all: ReadonlyMap<Side, readonly Measured[]>, side: Side, beside: Side): number {
  const other = all.get(beside) ?? [];
  return median((all.get(side) ?? []).map(({ perSecond }, round) => perSecond / (other[round]?.perSecond ?? 0)));
}

function show(what: string, all: ReadonlyMap<Side, readonly Measured[]>): void {
  console.log(what);
  for (const [{ name }, rounds] of all) {
    const of = (figure: keyof Measured): number => median(rounds.map((round) => round[figure]));
    console.log(
      `  ${name.padEnd(24)} ${of('perSecond').toFixed(0).padStart(7)} a second  ${of('cpuMicroseconds').toFixed(0).padStart(6)} us CPU each`,
    );
  }
}
