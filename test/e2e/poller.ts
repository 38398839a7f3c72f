/**
 * A program of its own in the namespace of the tests: looks at each domain again and again, as a sender would at the worst moment, and prints
 * each {@link Look} as one line of JSON. `node poller.ts CA_FILE SERVER,SERVER DOMAIN...`
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../servers/ask.ts';
import type { Fetched, Look } from './fetches.ts';

const PAUSE_MS = 20;
const [caFile = '', serverList = '', ...domains] = process.argv.slice(2);
const ca = readFileSync(caFile);
const servers = serverList.split(',');

for (;;) {
  for (const domain of domains) console.log(JSON.stringify(await lookAt(domain)));
  await sleep(PAUSE_MS);
}

async function lookAt(domain: string): Promise<Look> {
  const before = await Promise.all(servers.map((server) => idAt(server, domain)));
  const addresses = (await Promise.all(servers.map((server) => addressesAt(server, domain)))).flat();
  const fetched = await Promise.all([...new Set(addresses)].map((address) => fetchAt(address, domain)));
  const after = await Promise.all(servers.map((server) => idAt(server, domain)));
  return { domain, before, fetched, after };
}

/** RFC 8461 §3.1: anything but exactly one record is none. */
async function idAt(server: string, domain: string): Promise<string | null> {
  const { answers = [] } = await ask(53, `_mta-sts.${domain}`, 'TXT', { server, timeoutMs: 5000 });
  const texts = answers.flatMap((one) => (one.type === 'TXT' ? [String(one.data)] : []));
  const ids = texts.flatMap((text) => /^v=STSv1; *id=(\w{1,32});?$/.exec(text)?.[1] ?? []);
  return ids.length === 1 ? (ids[0] ?? null) : null;
}

async function addressesAt(server: string, domain: string): Promise<readonly string[]> {
  const { answers = [] } = await ask(53, `mta-sts.${domain}`, 'A', { server, timeoutMs: 5000 });
  return answers.flatMap((one) => (one.type === 'A' ? [one.data] : []));
}

/** A connection of its own each time; RFC 8461 §3.3: the certificate is that of the policy host, and only 200 is an answer. */
function fetchAt(address: string, domain: string): Promise<Fetched> {
  const host = `mta-sts.${domain}`;
  return new Promise((resolve) => {
    const fail = (why: string): void => resolve({ address, hash: null, why });
    const options = { host: address, servername: host, headers: { host }, path: '/.well-known/mta-sts.txt', ca };
    request({ ...options, agent: false, timeout: 5000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
        const hash = createHash('sha256').update(Buffer.concat(chunks)).digest('hex').slice(0, 16);
        return resolve({ address, hash });
      });
    })
      .on('timeout', () => fail('no answer in time'))
      .on('error', (error) => fail(error.message))
      .end();
  });
}
