/** TLS reports into the running daemon: the built command, its policy host over TLS and its LMTP, killed where it hurts. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';

import { createTransport } from 'nodemailer';
import { expect, test, vi } from 'vitest';

import { reportWith } from '../../core/tls-report/report-builder.ts';
import { describeWith } from '../../servers/programs.ts';
import { type DnsServer, startDnsServer } from '../../support/dns-server.ts';
import { type Keys, newKeys, reportMail } from '../../support/report-mail.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { closedPort } from '../../support/tcp-server.ts';
import { Folder } from '../daemon-rig.ts';

const HOST = 'mta-sts.example.com';
const PATIENCE = { timeout: 25_000, interval: 50 };
const ca = sharedCa();
const today = new Date().toISOString().slice(0, 10);

function reportOf(id: string): string {
  const range = { 'start-datetime': `${today}T00:00:00Z`, 'end-datetime': `${today}T00:00:01Z` };
  return reportWith({ 'date-range': range, 'report-id': id });
}

/** A folder whose daemon takes reports by both ways. */
class Intake {
  readonly folder = new Folder();
  readonly keys: Keys = newKeys();
  readonly #https: number;
  readonly #lmtp: number;

  private constructor([https, lmtp]: readonly [number, number], dns: DnsServer) {
    [this.#https, this.#lmtp] = [https, lmtp];
    mkdirSync(join(this.folder.path, 'certs'));
    const { cert, key } = ca.issue({ names: [HOST] });
    writeFileSync(join(this.folder.path, 'certs', `${HOST}.pem`), cert);
    writeFileSync(join(this.folder.path, 'certs', `${HOST}.key`), key);
    this.folder.write(
      'domains.yaml',
      `version: 1
providers: { local: { type: zonefile, directory: ./zones } }
publisher: { type: server, hostname: policies.example.net, listen: "127.0.0.1:${https}", certificates: { directory: ./certs } }
world: { resolvers: ["${dns.address}"], authorities: { sender.example: ["${dns.address}"] }, connectTo: { "${HOST}:443": "127.0.0.1:${https}" }, caFile: ${ca.file} }
daemon: { listen: off }
reports: { https: {}, lmtp: { listen: "127.0.0.1:${lmtp}" } }
defaults: { provider: local, observe: provider, tlsReports: ["mailto:tls@example.com", "https://${HOST}/tls-reports"] }
domains: { example.com: { mx: [mx1.example.net] } }
`,
    );
  }

  static async open(dns: DnsServer): Promise<Intake> {
    const intake = new Intake([await closedPort(createServer()), await closedPort(createServer())], dns);
    dns.zones.addZone('sender.example', []);
    for (const name of ['example.com', 'example.net']) dns.zones.addZone(name);
    for (const name of [HOST, 'policies.example.net']) dns.zones.setRecords(name, 'A', ['127.0.0.1']);
    const found = await intake.keys.lookUpKey('s1._domainkey.sender.example');
    const texts = found.kind === 'records' ? (found.records[0] ?? []) : [];
    dns.zones.setRecords('s1._domainkey.sender.example', 'TXT', [texts.map((text) => `"${text}"`).join(' ')]);
    return intake;
  }

  /** The status. */
  post(json: string): Promise<number | undefined> {
    const headers = { 'content-type': 'application/tlsrpt+gzip', host: HOST };
    const options = { host: '127.0.0.1', port: this.#https, servername: HOST, path: '/tls-reports', headers };
    return new Promise((resolve, reject) => {
      request({ ...options, method: 'POST', ca: readFileSync(ca.file), agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      })
        .on('error', reject)
        .end(gzipSync(json));
    });
  }

  async mail(json: string): Promise<string> {
    const transport = createTransport({
      host: '127.0.0.1',
      port: this.#lmtp,
      lmtp: true,
      secure: false,
      ignoreTLS: true,
    });
    const envelope = { from: 'tls@sender.example', to: ['TLS@example.com'] };
    const { response } = await transport.sendMail({ envelope, raw: await this.keys.sign(reportMail(json)) });
    transport.close();
    return response;
  }

  /** A line each; a reporter in brackets is not proved. */
  async counted(): Promise<string> {
    return (await this.folder.cli('reports', 'show')).stdout;
  }

  spooled(): readonly string[] {
    return readdirSync(join(this.folder.path, 'stsync.db.reports'));
  }

  /** Nobody else writes the state until the function that comes back is called. */
  lock(): () => void {
    const db = new DatabaseSync(join(this.folder.path, 'stsync.db'));
    db.exec('BEGIN IMMEDIATE');
    return () => db.close();
  }
}

describeWith(['openssl'], 'TLS reports into the daemon', () => {
  test(
    'are not lost by HTTPS once they are answered, and count once beside their signed copies',
    { timeout: 90_000 },
    async () => {
      await using dns = await startDnsServer({ isResolver: true });
      const intake = await Intake.open(dns);
      const first = intake.folder.start();
      await first.line('stsync daemon starts');
      await first.run(1);
      const unlock = intake.lock();
      expect(await intake.post(reportOf('r-1'))).toBe(201);
      await first.line('TLS reports by HTTPS wait in the spool');
      expect(intake.spooled()).toHaveLength(1);
      first.kill('SIGKILL');
      await first.ended;
      unlock();
      expect(await intake.counted()).not.toContain('sender.example');

      const second = intake.folder.start();
      await second.line('TLS report by HTTPS taken in');
      expect(intake.spooled()).toEqual([]);
      expect(await intake.counted()).toContain('(sender.example)');
      expect((await intake.folder.cli('reports', 'show', '1')).stdout).not.toContain('DKIM signature');

      expect(await intake.mail(reportOf('r-1'))).toContain('250 ');
      expect(await intake.mail(reportOf('r-2'))).toContain('250 ');
      expect(await intake.post(reportOf('r-2'))).toBe(201);
      await second.line('TLS report by HTTPS taken in', 2);
      await vi.waitFor(() => expect(intake.spooled()).toEqual([]), PATIENCE);
      const { stdout } = await intake.folder.cli(
        'reports',
        'summary',
        'example.com',
        '--format',
        'csv',
        '--by',
        'reporter',
      );
      expect(stdout).toContain('reporter,sender.example,sts,10,4\r\n');
      expect(stdout.match(/reporter,/g)).toHaveLength(1);
      expect((await second.stop()).code).toBe(0);
      const log = JSON.stringify([...first.lines, ...second.lines]);
      expect(log).not.toMatch(/certificate-expired|mx1\.example\.com|Sender/);
    },
  );

  test('are asked for again by LMTP while the state is locked', { timeout: 60_000 }, async () => {
    await using dns = await startDnsServer({ isResolver: true });
    const intake = await Intake.open(dns);
    const daemon = intake.folder.start();
    await daemon.run(1);
    const unlock = intake.lock();
    expect(await intake.mail(reportOf('r-1'))).toContain('451 ');
    unlock();
    expect(await intake.mail(reportOf('r-1'))).toContain('250 ');
    expect(await intake.counted()).toContain('sender.example');
    await daemon.stop();
  });
});
