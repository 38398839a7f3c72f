/**
 * Certificates from pebble: orders, http-01 challenges answered here, requests with a key each, chains. `npm run bench:certificates`; COUNT=200
 * (1,000 unless said), AT_ONCE=16 orders at a time. Needs pebble (Debian). Validations do not sleep, 5 of 100 nonces are rejected.
 *
 * Seen on 2026-11-25 on two cores (load 1), COUNT=200: 16 at a time 6.8 s (29 a second), 64 at a time 2.5 s (81 a second); 7 ms CPU of stsync for each,
 * 144 to 151 MB at most. Twice a quarter of a second of each is the wait before the CA is asked again.
 */
import { createServer } from 'node:http';

import { type Acme, makeCsr, makeKey, openAcme } from '../src/effects/acme/client.ts';
import { systemClock } from '../src/effects/clock.ts';
import { limiter } from '../src/effects/net/limiter.ts';
import { loadTrust } from '../src/effects/trust.ts';
import { startPebble } from '../test/servers/pebble.ts';
import { median } from './network/measure.ts';

const COUNT = Number(process.env['COUNT'] ?? 1000);
const AT_ONCE = Number(process.env['AT_ONCE'] ?? 16);

const tokens = new Map<string, string>();

async function issue(acme: Acme, host: string): Promise<void> {
  const order = await acme.newOrder(host);
  for (const challenge of await acme.challenges(order)) {
    if (challenge.type !== 'http-01') continue;
    const path = `/.well-known/acme-challenge/${challenge.token}`;
    tokens.set(path, challenge.keyAuthorization);
    await acme.answer(challenge);
    tokens.delete(path);
  }
  const csr = await makeCsr(host, makeKey());
  const pem = await acme.certificate(await acme.finalize(await acme.readOrder(order.url), csr));
  if (!pem.includes('BEGIN CERTIFICATE')) throw new Error(`no certificate for ${host}`);
}

await using pebble = await startPebble();
const server = createServer((request, response) => void response.end(tokens.get(request.url ?? '') ?? ''));
server.listen(pebble.httpPort, '127.0.0.1');
const acme = openAcme({
  directoryUrl: pebble.directoryUrl,
  ca: loadTrust(pebble.caFile),
  accountKeyPem: makeKey(),
  contact: [],
  externalAccount: null,
  clock: systemClock,
  signal: new AbortController().signal,
});
// The account, the library and the first connections are not what is measured.
await issue(acme, 'mta-sts.warm-up.test');

const limited = limiter(AT_ONCE);
const cpu = process.cpuUsage();
const start = performance.now();
const each = await Promise.all(
  Array.from({ length: COUNT }, (_, index) =>
    limited(async () => {
      const from = performance.now();
      await issue(acme, `mta-sts.d${index}.test`);
      return performance.now() - from;
    }),
  ),
);
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
server.closeAllConnections();
server.close();
const ownMs = (user + system) / 1000 / COUNT;
console.log(
  `${COUNT} certificates, ${AT_ONCE} at a time: ${seconds.toFixed(1)} s, ${(COUNT / seconds).toFixed(0)} a second`,
);
console.log(`one takes ${median(each).toFixed(0)} ms (median) of which ${ownMs.toFixed(1)} ms are CPU of stsync`);
console.log(`most memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
