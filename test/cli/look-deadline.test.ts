/** `world.deadline` in the built command: name servers that never answer end the look, not the run, and the process goes at once. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listing, tempDirectory } from '../effects/temp-directory.ts';
import { type Ran, runCli } from '../support/built-cli.ts';
import { startDnsServer } from '../support/dns-server.ts';

/** Each silent name costs 2 tries of 2 s at its server, then 2 of 4 s at each of three resolvers: 28 s without a deadline, and that more than once. */
const DEADLINE_SECONDS = 3;
/** The start of the process and its end on a busy machine, still far from that. */
const A_LITTLE_MS = 15_000;
const dead = Array.from({ length: 30 }, (_, at) => `dead${at}.example`);

/** A DNS server that takes every question and never answers. */
async function startBlackHole(): Promise<{ readonly address: string; readonly questions: () => number }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  let questions = 0;
  socket.on('message', () => questions++);
  return { address: `127.0.0.1:${socket.address().port}`, questions: () => questions };
}

/** `zoned.example` is looked at and written in zone files, `shown.example` is looked at in DNS, the others in the black hole. */
async function makeFolder(): Promise<{ readonly folder: string; readonly questions: () => number }> {
  const folder = tempDirectory();
  const { address, questions } = await startBlackHole();
  const resolvers = [await startBlackHole(), await startBlackHole(), await startBlackHole()].map((one) => one.address);
  const dns = await startDnsServer();
  onTestFinished(() => dns.stop());
  dns.zones.addZone('shown.example');
  dns.zones.setRecords('shown.example', 'MX', ['10 mx1.example.net.']);
  for (const part of ['zones', 'www']) mkdirSync(join(folder, part));
  for (const domain of [...dead, 'zoned.example', 'shown.example']) {
    const zone =
      '@ 3600 IN SOA ns1 hostmaster 1 14400 3600 1209600 300\n  IN NS ns1\n  IN MX 10 mx1.example.net.\nns1 IN A 192.0.2.1\n';
    writeFileSync(join(folder, 'zones', `${domain}.zone`), zone);
  }
  writeFileSync(
    join(folder, 'domains.yaml'),
    `version: 1
providers:
  local: { type: zonefile, directory: ./zones }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
world:
  deadline: ${DEADLINE_SECONDS}s
  resolvers: ${JSON.stringify(resolvers)}
  authorities:
    shown.example: ["${dns.address}"]
${dead.map((domain) => `    ${domain}: ["${address}"]\n`).join('')}defaults: { mx: [mx1.example.net] }
domains:
${dead.map((domain) => `  ${domain}:\n`).join('')}  shown.example:
  zoned.example: { observe: provider }
`,
  );
  return { folder, questions };
}

async function timed(folder: string, ...args: readonly string[]): Promise<{ readonly ran: Ran; readonly ms: number }> {
  const start = performance.now();
  const ran = await runCli([...args, '--format', 'json'], { cwd: folder });
  return { ran, ms: performance.now() - start };
}

interface Result {
  readonly domain: string;
  readonly status: string;
  readonly findings: readonly { readonly code: string; readonly severity: string; readonly hint: string | null }[];
}

function resultsOf({ stdout }: Ran): ReadonlyMap<string, Result> {
  const { domains }: { domains: readonly Result[] } = JSON.parse(stdout);
  return new Map(domains.map((one) => [one.domain, one]));
}

function expectLate(results: ReadonlyMap<string, Result>): void {
  for (const domain of dead) {
    const { status, findings = [] } = results.get(domain) ?? {};
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect([domain, status, errors.map(({ code }) => code)]).toEqual([domain, 'failed', ['LOOK_DEADLINE']]);
    expect(errors[0]?.hint).toContain('world.deadline');
  }
}

test(
  'a dry run over a black hole ends in time, shows the others, and writes nothing',
  { timeout: 60_000 },
  async () => {
    const { folder, questions } = await makeFolder();
    const before = listing(folder);
    const { ran, ms } = await timed(folder, 'sync', '--dry-run');
    expect(ran).toMatchObject({ code: 2, stderr: '' });
    expect(ms).toBeGreaterThan(DEADLINE_SECONDS * 1000);
    expect(ms).toBeLessThan(DEADLINE_SECONDS * 1000 + A_LITTLE_MS);
    expect(questions()).toBeGreaterThan(0);
    const results = resultsOf(ran);
    expectLate(results);
    expect(results.get('shown.example')?.status).toBe('drift');
    expect(results.get('zoned.example')?.status).toBe('drift');
    expect(listing(folder)).toEqual(before);
  },
);

test('a run over a black hole ends in time and does the others', { timeout: 60_000 }, async () => {
  const { folder } = await makeFolder();
  const names = [...dead, 'zoned.example'];
  const { ran, ms } = await timed(folder, 'sync', ...names);
  expect(ran).toMatchObject({ code: 3, stderr: '' });
  expect(ms).toBeLessThan(DEADLINE_SECONDS * 1000 + A_LITTLE_MS);
  const results = resultsOf(ran);
  expect(results.size).toBe(names.length);
  expectLate(results);
  expect(results.get('zoned.example')?.status).toBe('changed');
  // Nothing is late now, and a timer that was left behind would keep the process for an hour.
  const config = join(folder, 'domains.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace(/deadline: \w+/, 'deadline: 1h'));
  const again = await timed(folder, 'sync', 'zoned.example');
  expect(again.ran.code).toBe(0);
  expect(again.ms).toBeLessThan(A_LITTLE_MS);
});
