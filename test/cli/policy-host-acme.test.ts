/** `publisher: { type: server }` without certificates of one's own: the built daemon gets them from a real CA (Debian's pebble), and a domain goes on. */
import { readFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Pebble, PEBBLE_PROGRAMS, startPebble } from '../servers/pebble.ts';
import { describeWith } from '../servers/programs.ts';
import { type DnsServer } from '../support/dns-server.ts';
import { closedPort } from '../support/tcp-server.ts';
import { AcmeHost, DOMAINS, startNames } from './acme-host.ts';

const MOST_RUNS = 20;

describeWith(PEBBLE_PROGRAMS, 'a policy host that gets its certificates by ACME', () => {
  let pebble: Pebble;
  let dns: DnsServer;
  let host: AcmeHost;

  beforeAll(async () => {
    pebble = await startPebble();
  });
  afterAll(() => pebble.stop());
  beforeEach(async () => {
    dns = await startNames();
    host = new AcmeHost(pebble, dns, await closedPort(createTcpServer()));
  });

  test('waits with policy and id for the certificate, and goes on by itself when it has come; a restart orders nothing', async () => {
    host.yaml();
    const { code, stdout } = await host.folder.cli('sync', '--dry-run');
    expect([code, stdout]).toEqual([2, expect.stringContaining('… certificate of mta-sts.example.com')]);
    const daemon = host.folder.start();
    expect(await daemon.run(1)).toMatchObject({ waiting: 1 });
    expect(host.folder.id()).toBeNull();
    await daemon.line('certificate');
    expect(await daemon.run(2)).toMatchObject({ changed: 1, reasons: ['certificate'] });
    expect(host.folder.id()).toMatch(/^\d{14}[\da-f]{16}$/);
    expect(await host.fetch('mta-sts.example.com')).toContain('mx: mx1.example.net\r\n');
    expect((await daemon.stop()).code).toBe(0);
    expect(daemon.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);

    const next = host.folder.start();
    expect(await next.run(1)).toMatchObject({ 'in sync': 1 });
    expect(await host.fetch('mta-sts.example.com')).toContain('mx: mx1.example.net\r\n');
    await next.stop();
    expect(next.lines.filter(({ msg }) => msg === 'certificate')).toEqual([]);
  });

  test('orders for a domain that a later config brings', async () => {
    host.yaml();
    const daemon = host.folder.start();
    await daemon.run(2);
    host.yaml(DOMAINS);
    for (let runs = 3; runs < MOST_RUNS; runs++) {
      const ended = await daemon.run(runs);
      if (ended['changed'] === 1) break;
    }
    expect(await host.fetch('mta-sts.example.org')).toContain('mx: mx1.example.net\r\n');
    await daemon.stop();
  });

  test('is failed with the reason where nobody can look at the host, and its cure', async () => {
    const closed = await closedPort(createTcpServer());
    host.yaml();
    const yaml = readFileSync(join(host.folder.path, 'domains.yaml'), 'utf8');
    host.folder.write(
      'domains.yaml',
      yaml.replace(/mta-sts.example.com:80": "127.0.0.1:\d+/, `mta-sts.example.com:80": "127.0.0.1:${closed}`),
    );
    const daemon = host.folder.start();
    await daemon.run(1);
    await vi.waitFor(
      async () => {
        const { code, stdout } = await host.folder.cli('sync');
        expect([code, stdout]).toEqual([
          1,
          expect.stringMatching(/no certificate for mta-sts.example.com: .*refuses the connection/),
        ]);
      },
      { timeout: 20_000, interval: 500 },
    );
    expect(host.folder.id()).toBeNull();
    await daemon.stop();
  });

  test('proves the host by TLS-ALPN-01 at the listener that serves the policies', async () => {
    const alpn = new AcmeHost(pebble, dns, pebble.tlsPort);
    alpn.yaml(['example.com'], 'tls-alpn-01');
    const daemon = alpn.folder.start();
    expect(await daemon.run(2)).toMatchObject({ changed: 1 });
    expect(await alpn.fetch('mta-sts.example.com')).toContain('mx: mx1.example.net\r\n');
    await daemon.stop();
  });
});
