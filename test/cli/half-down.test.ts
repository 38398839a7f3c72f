/** Half of the servers are down: a name server of two, all of them, the server behind one provider of two. BIND answers, nothing else does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startBind } from '../servers/bind.ts';
import { keyText, type NameServer, tsigKey } from '../servers/name-server.ts';
import { describeWith } from '../servers/programs.ts';
import { zoneLines } from '../servers/updatable.ts';
import { type Ran, runCli } from '../support/built-cli.ts';

/** A port that nobody listens on. */
const DEAD = '127.0.0.1:1';
const [A, B] = ['a.example', 'b.example'];

interface Servers {
  /** Where the name servers of both zones are. */
  readonly authorities: readonly string[];
  /** Where the provider of a.example is. */
  readonly provider: string;
}

describeWith(['named'], 'sync while servers are down', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stsync-half-'));
  let bind: NameServer;

  beforeAll(async () => {
    const key = tsigKey('stsync');
    writeFileSync(join(folder, 'key'), keyText(key));
    mkdirSync(join(folder, 'www'));
    bind = await startBind({
      keys: [key],
      zones: [A, B].map((name) => ({
        name,
        text: zoneLines(name, ['@ MX 10 mx.example.net.']),
        updatePolicy: ['grant stsync zonesub ANY'],
      })),
      statements: 'check-integrity no;',
    });
  });
  afterAll(async () => {
    await bind.stop();
    rmSync(folder, { recursive: true });
  });

  function sync(maxAge: string, servers: Partial<Servers>, ...args: readonly string[]): Promise<Ran> {
    const { authorities, provider }: Servers = { authorities: [bind.address], provider: bind.address, ...servers };
    const listed = JSON.stringify(authorities);
    writeFileSync(
      join(folder, 'domains.yaml'),
      `version: 1
providers:
  one: { type: rfc2136, server: "${provider}", keyFile: ./key }
  two: { type: rfc2136, server: "${bind.address}", keyFile: ./key }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
world: { resolvers: ["${DEAD}"], authorities: { ${A}: ${listed}, ${B}: ${listed} } }
defaults: { maxAge: ${maxAge}, mx: [mx.example.net], tlsReports: ["mailto:tls@example.net"] }
domains:
  ${A}: { provider: one }
  ${B}: { provider: two }
`,
    );
    return runCli(['sync', ...args], { cwd: folder, env: { HOME: folder } });
  }

  it('goes on with the name server that answers: it writes, sees the id everywhere, and has nothing left to do', async () => {
    const servers = { authorities: [bind.address, DEAD] };
    expect(await sync('1d', servers, '--dry-run')).toMatchObject({ code: 2 });
    const { stdout, code } = await sync('1d', servers);
    expect(stdout).toContain('2 domains: 2 changed');
    expect(code).toBe(0);
    expect((await sync('1d', servers)).stdout).toBe('2 domains: 2 in sync\n');
  });

  it('fails the domains of the provider that is down, and serves the others', async () => {
    const { stdout, code } = await sync('2d', { provider: DEAD });
    expect(stdout).toMatch(/^a\.example {2}failed/m);
    expect(stdout).toContain('PROVIDER_UNREACHABLE');
    expect(stdout).toMatch(/^b\.example {2}changed/m);
    expect(code).toBe(3);
  });

  it('asks no provider where nothing differs, so one that is down is not missed (rule 12)', async () => {
    await sync('2d', {});
    const ran = await sync('2d', { provider: DEAD });
    expect(ran).toMatchObject({ code: 0, stdout: '2 domains: 2 in sync\n' });
  });

  it('fails what it cannot see where no name server answers, asks the providers, and is whole again afterwards', async () => {
    await sync('2d', {});
    const down = { authorities: [DEAD] };
    const ran = await sync('2d', down);
    expect(ran.stdout).toContain('2 domains: 2 failed');
    expect(ran.stdout).toMatch(/DNS_\w+: a\.example MX/);
    expect(ran.code).toBe(1);
    // The providers know the records, so what rests on no MX could go on.
    const dry = await sync('3d', down, '--dry-run');
    expect(dry.stdout).toMatch(/± _mta-sts\.a\.example TXT {2}v=STSv1; id=\w+; -> v=STSv1; id=\w+;/);
    expect((await sync('2d', {})).stdout).toBe('2 domains: 2 in sync\n');
  });
});
