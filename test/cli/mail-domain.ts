/** A whole mail domain on loopback: DNS, policy host, MX hosts. `flags` lead a command to it, as the world would. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { makeCa } from '../support/ca.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';

/** What one MX host does at port 25. */
export type MxKind = 'good' | 'no-starttls' | 'expired' | 'other-name';

export interface MailDomain extends AsyncDisposable {
  readonly dns: DnsServer;
  readonly flags: readonly string[];
  /** The policy host answers with this. */
  answer: { status: number; headers: Record<string, string>; body: string };
}

export interface MailDomainOptions {
  readonly domain: string;
  readonly mx: Readonly<Record<string, MxKind>>;
  readonly body: string;
  /** Of the policy host's certificate. */
  readonly names?: readonly string[];
}

export async function startMailDomain({ domain, mx, body, names }: MailDomainOptions): Promise<MailDomain> {
  const ca = makeCa();
  const dns = await startDnsServer();
  const stops: (() => Promise<void>)[] = [() => dns.stop(), async () => ca[Symbol.asyncDispose]()];
  const host = `mta-sts.${domain}`;
  const https = createServer(ca.issue({ names: names ?? [host] }));
  const world: MailDomain = {
    dns,
    flags: [],
    answer: { status: 200, headers: { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache' }, body },
    [Symbol.asyncDispose]: async () => void (await Promise.all(stops.map((stop) => stop()))),
  };
  https.on('request', (_request, response) => {
    response.writeHead(world.answer.status, world.answer.headers).end(world.answer.body);
  });
  const port = await listening(https);
  stops.push(() => new Promise((resolve) => https.close(() => resolve())));
  const connectTo = [`${host}:443:127.0.0.1:${port}`];

  dns.zones.addZone(domain, [`ns1.${domain}`]);
  dns.zones.setRecords(
    domain,
    'MX',
    Object.keys(mx).map((name, index) => `${10 * (index + 1)} ${name}.`),
    3600,
  );
  for (const [name, kind] of Object.entries(mx)) {
    dns.zones.setRecords(name, 'A', ['127.0.0.1']);
    const certificate = ca.issue({
      names: [kind === 'other-name' ? 'other.example.net' : name],
      ...(kind === 'expired' ? { fromDays: -10, toDays: -1 } : {}),
    });
    const smtp = new SMTPServer({ ...certificate, authOptional: true, hideSTARTTLS: kind === 'no-starttls' });
    smtp.on('error', () => undefined);
    const smtpPort = await listening(smtp.server, () => smtp.listen(0, '127.0.0.1'));
    stops.push(() => new Promise((resolve) => smtp.close(() => resolve())));
    connectTo.push(`${name}:25:127.0.0.1:${smtpPort}`);
  }
  const flags = [
    '--resolver',
    dns.address,
    '--authority',
    `${domain}=${dns.address}`,
    '--ca-file',
    ca.file,
    ...connectTo.flatMap((one) => ['--connect-to', one]),
  ];
  return Object.assign(world, { flags });
}

interface Listener {
  once(event: 'listening', listener: () => void): unknown;
  listen(port: number, host: string): unknown;
  address(): AddressInfo | string | null;
}

async function listening(server: Listener, listen = (): unknown => server.listen(0, '127.0.0.1')): Promise<number> {
  await new Promise<void>((resolve) => {
    server.once('listening', resolve);
    listen();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
