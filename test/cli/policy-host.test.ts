/** `publisher: { type: server }` from the YAML to the policy that a sender fetches: the built daemon, its own policy host, certificates of the operator. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, get as getPlain } from 'node:http';
import { createServer, get } from 'node:https';
import type { RequestOptions } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { describeWith } from '../servers/programs.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { closedPort, listening } from '../support/tcp-server.ts';
import { type Daemon, Folder } from './daemon-rig.ts';

const HOST = 'mta-sts.example.com';
const ca = sharedCa();

interface Yaml {
  readonly mx?: string;
  readonly publisher?: string;
  /** Where senders, and so the proof, find the host. */
  readonly at?: number;
  readonly domain?: string;
}

class Host {
  readonly folder = new Folder();
  readonly port: number;
  readonly #dns: DnsServer;

  constructor(port: number, dns: DnsServer) {
    this.port = port;
    this.#dns = dns;
    mkdirSync(join(this.folder.path, 'certs', HOST), { recursive: true });
    const { cert, key } = ca.issue({ names: [HOST] });
    writeFileSync(join(this.folder.path, 'certs', HOST, 'fullchain.pem'), cert);
    writeFileSync(join(this.folder.path, 'certs', HOST, 'privkey.pem'), key);
    this.yaml();
  }

  yaml({ mx = 'mx1.example.net', publisher, at, domain = 'example.com' }: Yaml = {}, name = 'domains.yaml'): void {
    const own = `listen: 127.0.0.1:${this.port}, certificates: { directory: ./certs }`;
    this.folder.write(
      name,
      `version: 1
providers: { local: { type: zonefile, directory: ./zones } }
publisher: { type: server, hostname: policies.example.net, ${publisher ?? own} }
world:
  resolvers: ["${this.#dns.address}"]
  connectTo: { "${HOST}:443": "127.0.0.1:${at ?? this.port}" }
  caFile: ${ca.file}
daemon: { listen: off }
defaults: { provider: local, observe: provider }
domains:
  ${domain}: { mx: [${mx}] }
`,
    );
  }

  start(): Daemon {
    return this.folder.start();
  }

  /** As a sender fetches it. */
  fetch(): Promise<string> {
    return textOf(get, { port: this.port, servername: HOST, ca: readFileSync(ca.file) });
  }
}

function textOf(ask: typeof getPlain, options: RequestOptions & { servername?: string; ca?: Buffer }): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = ask(
      { host: '127.0.0.1', path: '/.well-known/mta-sts.txt', headers: { host: HOST }, agent: false, ...options },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(response.statusCode === 200 ? text : String(response.statusCode)));
      },
    );
    request.on('error', reject);
  });
}

describeWith(['openssl'], 'a publisher of type server', () => {
  let host: Host;

  beforeEach(async () => {
    const dns = await startDnsServer({ isResolver: true });
    onTestFinished(() => dns.stop());
    for (const name of ['example.com', 'example.net']) dns.zones.addZone(name);
    for (const name of [HOST, 'policies.example.net']) dns.zones.setRecords(name, 'A', ['127.0.0.1']);
    host = new Host(await closedPort(createTcpServer()), dns);
  });

  test('publishes, serves, proves and announces in one run of the daemon; and a dry run beside it finds all in sync', async () => {
    const daemon = host.start();
    expect(await daemon.run(1)).toMatchObject({ changed: 1 });
    expect(await host.fetch()).toContain('mx: mx1.example.net\r\n');
    expect(host.folder.id()).toMatch(/^\d{14}[\da-f]{16}$/);
    expect(await host.folder.cli('sync', '--dry-run')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('in sync'),
    });
    expect((await daemon.stop()).code).toBe(0);
    expect(daemon.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  test('serves what a sync of another process publishes, which that sync proves through the daemon', async () => {
    const daemon = host.start();
    await daemon.run(1);
    const before = host.folder.id();
    host.yaml({ mx: 'mx1.example.net, mx2.example.net' }, 'other.yaml');
    const ran = await host.folder.cli('sync', '--config', 'other.yaml');
    expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining('NOT_PROVED')]);
    expect(await host.fetch()).toContain('mx: mx2.example.net\r\n');
    expect(host.folder.id()).not.toBe(before);
    await daemon.stop();
  });

  test('goes on serving under a config with faults, and what left the YAML, also after a restart', async () => {
    const daemon = host.start();
    await daemon.run(1);
    host.folder.write('domains.yaml', 'version: 1\ndomains: [');
    await daemon.line('config refused');
    expect(await host.fetch()).toContain('mx1.example.net');
    host.yaml({ domain: 'example.org' });
    await daemon.run(2);
    expect(await host.fetch()).toContain('mx1.example.net');
    await daemon.stop();
    const next = host.start();
    await next.line('policy host');
    await vi.waitFor(async () => expect(await host.fetch()).toContain('mx1.example.net'), { timeout: 25_000 });
    await next.stop();
  });

  test('opens what a later config names, in time for the proof of the same run', async () => {
    const [first, then] = [host.port, await closedPort(createTcpServer())];
    const daemon = host.start();
    await daemon.run(1);
    const own = `certificates: { directory: ./certs }, listen: ["127.0.0.1:${then}", "127.0.0.1:${first}"]`;
    host.yaml({ publisher: own, at: then, mx: 'mx1.example.net, mx2.example.net' });
    expect(await daemon.run(2)).toMatchObject({ changed: 1 });
    expect(await host.fetch()).toContain('mx2.example.net');
    await daemon.stop();
  });

  test('stands behind a proxy that ends TLS, and tells one that asks which hosts are ours', async () => {
    const proxy = createServer(ca.issue({ names: [HOST] }), (request, response) => {
      getPlain({ host: '127.0.0.1', port: host.port, path: request.url, headers: { host: HOST } }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      }).on('error', () => response.destroy());
    });
    const { port: at } = await listening(proxy);
    host.yaml({ publisher: `tls: behind-proxy, spread: 0, listen: 127.0.0.1:${host.port}`, at });
    const daemon = host.start();
    expect(await daemon.run(1)).toMatchObject({ changed: 1 });
    const ask = (domain: string): Promise<string> =>
      textOf(getPlain, { port: host.port, path: `/ask?domain=${domain}`, headers: {} });
    expect(await Promise.all([ask(HOST), ask('mta-sts.example.org')])).toEqual(['', '404']);
    await daemon.stop();
  });

  test('says that its address is taken, works on, and serves as soon as it is free', async () => {
    const other = createHttpServer();
    await new Promise<void>((resolve) => void other.listen(host.port, '127.0.0.1', resolve));
    const daemon = host.start();
    const line = await daemon.line('LISTEN_FAILED the policy host cannot open');
    expect(line).toMatchObject({ level: 'warn', hint: expect.stringContaining('publisher.listen') });
    other.close();
    expect(await daemon.run(1)).toMatchObject({ changed: 1 });
    expect(await host.fetch()).toContain('mx1.example.net');
    await daemon.stop();
  });
});
