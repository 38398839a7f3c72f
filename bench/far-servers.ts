/**
 * 200 zones at a name server whose every answer comes 50 ms late, each with a domain in sync: a run without drift takes less than 2 s, and
 * 200 id rotations through rfc2136 less than 4 s, the whole of the built command.
 *
 * `npm run build && npm run bench:far` (ROUNDS=3, SERVER=Knot for one alone). BIND, Knot and PowerDNS one after the other in a network of
 * their own; the same server is resolver, authority and primary, behind bench/network/late.ts; zones and their servers are found by NS.
 * The policies are fetched, the HTTPS host is near; SMTP probe off. Medians; exits with 1 when a limit is passed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeKeyFile } from '../test/servers/name-server.ts';
import { type Flavour, flavours } from '../test/servers/updatable.ts';
import { makeCa } from '../test/support/ca.ts';
import { recordsAt, writeFleet, ZONE } from './network/fleet.ts';
import { answerLate } from './network/late.ts';
import { line, measure, medianOf, type Measured } from './network/measure.ts';
import { enterOwnNetwork } from './network/namespace.ts';
import { startHttpsHost } from './network/servers.ts';

const ZONES = 200;
const DELAY_MS = 50;
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const DNS_PORT = 53;
const MAX_SECONDS = { 'no drift': 2, 'all ids rotate': 4 };

enterOwnNetwork();
const main = join(import.meta.dirname, '..', 'dist', 'bin', 'main.js');
const domains = Array.from({ length: ZONES }, (_, index) => `z${index}.test`);
/** The same in every zone; what is asked for is `ns.example.net`, and the hosts of the fleet. */
const lines = [...recordsAt('@'), ...['ns', 'mx1', 'policies'].map((host) => `${host} A 127.0.0.1`)];
await using ca = makeCa();
const host = await startHttpsHost(ca);

async function benchServer(flavour: Flavour): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stsync-far-'));
  await using server = await flavour.start([...domains, ZONE, 'example.net'], lines);
  const late = await answerLate(DNS_PORT, server.port, DELAY_MS);
  const address = `127.0.0.1:${DNS_PORT}`;
  writeFleet(folder, {
    domains,
    proof: 'https',
    provider: `{ type: rfc2136, server: "${address}", keyFile: ${writeKeyFile(server.dir, server.admin)} }`,
    world: [`resolvers: ["${address}"]`, `caFile: ${ca.file}`, 'allowPrivateAddresses: true', 'smtpProbe: off'],
  });
  const cases = { 'no drift': [], 'all ids rotate': [...domains, '--rotate'] };
  const runs = new Map<string, Measured[]>(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, more] of Object.entries(cases)) {
      const measured = await measure([main, 'sync', '--quiet', ...more], folder);
      if (round > 0) runs.get(name)?.push(measured);
    }
  }
  await late[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
  console.log(`${ZONES} zones, ${flavour.name}, each answer ${DELAY_MS} ms late; medians of ${ROUNDS} rounds`);
  for (const [name, limit] of Object.entries(MAX_SECONDS)) {
    const figures = medianOf(runs.get(name) ?? []);
    console.log(line(name, figures, `at most ${limit} s`));
    if (figures.seconds > limit) process.exitCode = 1;
  }
}

for (const flavour of flavours) {
  if ((process.env['SERVER'] ?? flavour.name) === flavour.name) await benchServer(flavour);
}
host.kill();
