/**
 * A delegated domain against real servers: one BIND has the customer's zones, which stsync may not write, another has ours. The customer sets its
 * CNAMEs one by one, a neighbour leads its own to them, and in the end the customer moves out (RFC 8461 §8.2).
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../servers/ask.ts';
import { startBind } from '../servers/bind.ts';
import { type NameServer, tsigKey, writeKeyFile, zoneText } from '../servers/name-server.ts';
import { describeWith } from '../servers/programs.ts';
import { type Ran, runCli } from '../support/built-cli.ts';
import { type Ca, makeCa } from '../support/ca.ts';

const D = 'example.com';
const D2 = 'example.org';
const ZONE = 'sts.example.net';
const LABELS = ['_mta-sts', 'mta-sts', '_smtp._tls'] as const;
const [customer, ours] = [tsigKey('customer'), tsigKey('stsync')];

describeWith(['named', 'nsupdate', 'openssl'], 'a delegated domain over a network', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stsync-delegation-'));
  const closing: (() => Promise<unknown>)[] = [];
  let [theirBind, ourBind]: NameServer[] = [];
  let ca: Ca;
  let httpsPort = 0;

  beforeAll(async () => {
    mkdirSync(join(folder, 'www'));
    ca = makeCa();
    closing.push(async () => ca[Symbol.asyncDispose]());
    const updatePolicy = ['grant customer zonesub ANY'];
    theirBind = await startBind({
      keys: [customer],
      statements: 'check-integrity no;',
      zones: [D, D2].map((name) => ({ name, text: zoneText(name, ['@ MX 10 mx1']), updatePolicy })),
    });
    closing.push(() => theirBind?.stop() ?? Promise.resolve());
    ourBind = await startBind({
      keys: [ours],
      zones: [
        {
          name: ZONE,
          text: zoneText(ZONE, ['policies A 127.0.0.1']),
          updatePolicy: [`grant stsync subdomain ${ZONE}. TXT CNAME`],
        },
      ],
    });
    closing.push(() => ourBind?.stop() ?? Promise.resolve());
    writeKeyFile(folder, ours);
    httpsPort = await serveHttps();
  });

  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
    rmSync(folder, { recursive: true });
  });

  it('is on when the last of its CNAMEs is there, and the lines to set are those that show prints', async () => {
    const shown = (await run(`${D}:`, 'show', D)).stdout;
    const lines = shown.split('\n').filter((line) => line.includes(' IN CNAME _') || line.includes('; not set'));
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const before = await run(`${D}:`, 'sync');
      expect(before.stdout).toContain('1 domain: 1 waiting');
      expect(before.code).toBe(0);
      expect(await idRecords(D)).toEqual([]);
      await update(D, `add ${line.split(';')[0]?.trim() ?? ''}`);
    }
    expect((await run(`${D}:`, 'sync')).stdout).toContain('1 domain: 1 changed');
    expect(await idRecords(D)).toHaveLength(1);
    expect((await run(`${D}:`, 'sync')).stdout).toBe('1 domain: 1 in sync\n');
    const json: unknown = JSON.parse((await run(`${D}:`, 'show', D, '--format', 'json')).stdout);
    expect(json).toMatchObject({
      delegation: LABELS.map((label) => ({ name: `${label}.${D}`, target: `${label}.${D}.${ZONE}`, state: 'here' })),
    });
    expect((await run(`${D}:`, 'show', D, '--format', 'markdown')).stdout).toContain(
      `| \`mta-sts.${D}\` | \`mta-sts.${D}.${ZONE}\` | set |`,
    );
  });

  it('is not disturbed by a neighbour who leads its names to it', async () => {
    const before = await idRecords(D);
    for (const label of LABELS) await update(D2, `add ${label}.${D2}. 60 CNAME ${label}.${D}.${ZONE}.`);
    const ran = await run(`${D}:\n  ${D2}:`, 'sync');
    expect(ran.stdout).toContain('1 waiting, 1 in sync');
    expect(ran.stdout).toContain(`leads to _mta-sts.${D}.${ZONE}, which is the name of another domain`);
    expect(await idRecords(D)).toEqual(before);
    expect(await idRecords(D2)).toEqual([]);
  });

  it('stays as it is where the customer takes a CNAME away, and says so', async () => {
    const before = await idRecords(D);
    await update(D, `delete _mta-sts.${D}. CNAME`);
    const ran = await run(`${D}: { maxAge: 2w }`, 'sync');
    expect(ran.stdout).toContain('DELEGATION_MISSING: _mta-sts.example.com has no record: senders see no change');
    expect(await idRecords(D)).toEqual(before);
    await update(D, `add _mta-sts.${D}. 1 CNAME _mta-sts.${D}.${ZONE}.`);
  });

  it('moves out: what is ours goes when no CNAME leads here and the TTL is over', async () => {
    const released = `${D}: { released: true }`;
    // So short a TTL that the test can wait for it.
    for (const label of LABELS) {
      const name = `${label}.${D}.`;
      await update(D, `delete ${name} CNAME\nadd ${name} 1 CNAME ${name}${ZONE}.`);
    }
    expect((await run(released, 'sync')).stdout).toContain(`_mta-sts.${D} still leads here`);
    for (const label of LABELS) await update(D, `delete ${label}.${D}. CNAME`);
    expect((await run(released, 'sync')).stdout).toContain('removal-waits-for-caches');
    expect(await idRecords(D)).toHaveLength(1);
    await expect
      .poll(async () => (await run(released, 'sync')).stdout, { timeout: 20_000, interval: 1000 })
      .toContain('1 changed');
    expect(await idRecords(D)).toEqual([]);
    expect((await run(released, 'sync')).stdout).toContain('1 domain: 1 in sync');
  });

  async function idRecords(domain: string): Promise<readonly unknown[]> {
    return (await ask(ourBind?.port ?? 0, `_mta-sts.${domain}.${ZONE}`, 'TXT')).answers ?? [];
  }

  async function update(zone: string, commands: string): Promise<void> {
    const file = join(folder, 'commands');
    writeFileSync(file, `server 127.0.0.1 ${theirBind?.port}\nzone ${zone}\n${commands}\nsend\n`);
    await promisify(execFile)('nsupdate', ['-k', writeKeyFile(folder, customer), file]);
  }

  /** `domains`: the lines under `domains:`. */
  function run(domains: string, ...args: readonly string[]): Promise<Ran> {
    const [theirs, own] = [theirBind?.address, ourBind?.address];
    writeFileSync(
      join(folder, 'domains.yaml'),
      `version: 1
providers:
  main: { type: rfc2136, server: "${own}", keyFile: ./stsync.key }
publisher: { type: directory, directory: ./www, hostname: policies.${ZONE} }
world:
  resolvers: ["${own}"]
  authorities: { "${D}": ["${theirs}"], "${D2}": ["${theirs}"], "${ZONE}": ["${own}"] }
  connectTo: { "mta-sts.${D}:443": "127.0.0.1:${httpsPort}", "mta-sts.${D2}:443": "127.0.0.1:${httpsPort}" }
  caFile: ${ca.file}
  smtpProbe: off
defaults:
  mx: live
  tlsReports: ["mailto:tls@example.net"]
  delegation: { zone: ${ZONE}, provider: main }
domains:
  ${domains}
`,
    );
    return runCli(args, { cwd: folder, env: { HOME: folder } });
  }

  async function serveHttps(): Promise<number> {
    const server = createServer(ca.issue({ names: [`mta-sts.${D}`, `mta-sts.${D2}`] }), (request, response) => {
      const file = join(folder, 'www', request.headers.host?.split(':')[0] ?? '', request.url ?? '');
      void readFile(file, 'utf8')
        .then((body) => response.setHeader('content-type', 'text/plain').end(body))
        .catch(() => response.writeHead(404).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
    return address.port;
  }
});
