/**
 * The built command against real servers: BIND as the zone's primary, changed through rfc2136 with exactly the rights it needs; a plain HTTPS
 * server over the published directory; MX hosts with and without STARTTLS. Nothing here is a fake but the names.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBind } from '../servers/bind.ts';
import type { NameServer } from '../servers/name-server.ts';
import { describeWith } from '../servers/programs.ts';
import { type Ran, runCli } from '../support/built-cli.ts';
import { type Ca, makeCa } from '../support/ca.ts';

const D = 'example.com';
const SECRET = Buffer.from('a secret of thirty-two bytes, ok').toString('base64');
const ZONE = `$ORIGIN ${D}.
$TTL 60
@ SOA ns1 host 1 3600 600 86400 60
  NS ns1
  MX 10 mx1
ns1 A 127.0.0.1
mx1 A 127.0.0.1
policies A 127.0.0.1
`;

describeWith(['named', 'openssl'], 'sync over a network', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stsync-e2e-'));
  const closing: (() => Promise<unknown>)[] = [];
  let bind: NameServer;
  let ca: Ca;
  let httpsPort = 0;
  /** What the web server puts in place of the published file. */
  let wrongBody: string | null = null;

  beforeAll(async () => {
    mkdirSync(join(folder, 'www'));
    ca = makeCa();
    closing.push(async () => ca[Symbol.asyncDispose]());
    const rights = [`_mta-sts.${D}. TXT`, `_smtp._tls.${D}. TXT`, `mta-sts.${D}. CNAME`];
    bind = await startBind({
      zones: [{ name: D, text: ZONE, updatePolicy: rights.map((right) => `grant stsync name ${right}`) }],
      keys: [{ name: 'stsync', algorithm: 'hmac-sha256', secret: SECRET }],
    });
    closing.push(() => bind.stop());
    writeFileSync(join(folder, 'key'), `key "stsync" { algorithm hmac-sha256; secret "${SECRET}"; };\n`);
    httpsPort = await serveHttps();
  });

  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
    rmSync(folder, { recursive: true });
  });

  it('publishes, proves and announces, and has nothing left to do', async () => {
    expect(await run(0, 'testing', 'sync', '--dry-run')).toMatchObject({ code: 2 });
    const first = await run(0, 'testing', 'sync');
    expect(first.stdout).toContain('1 domain: 1 changed');
    expect(first.code).toBe(0);
    expect((await run(0, 'testing', 'sync', '--dry-run')).stdout).toBe(
      '1 domain: 1 in sync (dry run: nothing was written)\n',
    );
    expect((await run(0, 'testing', 'log')).stdout).toContain('proof: https, at every address');
  });

  it('holds enforce while an MX offers no STARTTLS, and goes on when it does', async () => {
    const bare = await serveSmtp({ disabledCommands: ['STARTTLS', 'AUTH'] });
    const held = await run(bare, 'enforce', 'sync');
    expect(held.stdout).toContain('mx-offers-starttls: enforce would refuse mx1.example.com, which offers no STARTTLS');
    expect(held.code).toBe(3);
    const expired = await serveSmtp(ca.issue({ names: [`mx1.${D}`], fromDays: -30, toDays: -1 }));
    expect((await run(expired, 'enforce', 'sync', '--dry-run')).stdout).toContain('expired');
    const good = await serveSmtp(ca.issue({ names: [`mx1.${D}`] }));
    const freed = await run(good, 'enforce', 'sync');
    expect(freed.stdout).toContain('testing -> enforce');
    expect(freed.code).toBe(0);
  });

  it('sees a wrong body at the host, and rotates once when it is right again', async () => {
    const good = await serveSmtp(ca.issue({ names: [`mx1.${D}`] }));
    wrongBody = `version: STSv1\r\nmode: enforce\r\nmx: evil.example\r\nmax_age: 86400\r\n`;
    const wrong = await run(good, 'enforce', 'sync', '--dry-run');
    expect(wrong.code).toBe(2);
    await run(good, 'enforce', 'sync');
    wrongBody = null;
    const mended = await run(good, 'enforce', 'sync');
    expect(mended.stdout).toMatch(/± _mta-sts\.example\.com TXT {2}v=STSv1; id=\d{14}\w{16}; -> v=STSv1; id=/);
    expect((await run(good, 'enforce', 'sync')).stdout).toBe('1 domain: 1 in sync\n');
  });

  it('shows no secret in any output', async () => {
    const all = [
      await run(0, 'testing', 'sync', '--verbose', '--format', 'json'),
      await run(0, 'testing', 'log', '--format', 'json'),
    ];
    expect(all.map((one) => one.stdout + one.stderr).join()).not.toContain(SECRET);
  });

  /** `mxPort` 0: a port that nobody listens on. */
  function run(mxPort: number, mode: string, ...args: readonly string[]): Promise<Ran> {
    writeFileSync(
      join(folder, 'domains.yaml'),
      `version: 1
providers:
  main: { type: rfc2136, server: "${bind.address}", keyFile: ./key }
publisher: { type: directory, directory: ./www, hostname: policies.${D} }
world:
  resolvers: ["${bind.address}"]
  authorities: { "${D}": ["${bind.address}"] }
  connectTo: { "mta-sts.${D}:443": "127.0.0.1:${httpsPort}", "mx1.${D}:25": "127.0.0.1:${mxPort === 0 ? 1 : mxPort}" }
  caFile: ${ca.file}
domains:
  ${D}: { mx: [mx1.${D}], mode: ${mode}, tlsReports: ["mailto:tls@${D}"] }
`,
    );
    return runCli(args, { cwd: folder, env: { HOME: folder } });
  }

  async function serveHttps(): Promise<number> {
    const server = createServer(ca.issue({ names: [`mta-sts.${D}`] }), (request, response) => {
      const file = join(folder, 'www', request.headers.host?.split(':')[0] ?? '', request.url ?? '');
      void readFile(file, 'utf8')
        .then((body) => response.setHeader('content-type', 'text/plain').end(wrongBody ?? body))
        .catch(() => response.writeHead(404).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return portOf(server);
  }

  async function serveSmtp(options: ConstructorParameters<typeof SMTPServer>[0]): Promise<number> {
    const server = new SMTPServer({ authOptional: true, disabledCommands: ['AUTH'], logger: false, ...options });
    const listening = server.listen(0, '127.0.0.1');
    await new Promise((resolve) => listening.once('listening', resolve));
    closing.push(() => new Promise<void>((resolve) => server.close(resolve)));
    return portOf(listening);
  }
});

function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}
