/** A folder for a daemon whose policy host gets its certificates from pebble, and the names that lead to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Pebble } from '../servers/pebble.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { Folder } from './daemon-rig.ts';

export const DOMAINS = ['example.com', 'example.org'] as const;

/** A resolver for which the policy hosts lead here. It ends with the test. */
export async function startNames(): Promise<DnsServer> {
  const dns = await startDnsServer({ isResolver: true });
  onTestFinished(() => dns.stop());
  for (const name of [...DOMAINS, 'example.net']) dns.zones.addZone(name);
  for (const name of [...DOMAINS.map((domain) => `mta-sts.${domain}`), 'policies.example.net'])
    dns.zones.setRecords(name, 'A', ['127.0.0.1']);
  return dns;
}

export class AcmeHost {
  readonly folder = new Folder();
  readonly #pebble: Pebble;
  readonly #dns: DnsServer;
  readonly port: number;

  constructor(pebble: Pebble, dns: DnsServer, port: number) {
    this.#pebble = pebble;
    this.#dns = dns;
    this.port = port;
    writeFileSync(join(this.folder.path, 'root.pem'), pebble.root);
    const zone = readFileSync(join(this.folder.path, 'zones', 'example.com.zone'), 'utf8');
    this.folder.write('zones/example.org.zone', zone);
  }

  yaml(domains: readonly string[] = ['example.com'], challenge: 'http-01' | 'tls-alpn-01' = 'http-01'): void {
    const { directoryUrl, caFile, httpPort: http } = this.#pebble;
    const connectTo = DOMAINS.flatMap((domain) => [
      `"mta-sts.${domain}:443": "127.0.0.1:${this.port}"`,
      `"mta-sts.${domain}:80": "127.0.0.1:${http}"`,
    ]);
    this.folder.write(
      'domains.yaml',
      `version: 1
providers: { local: { type: zonefile, directory: ./zones } }
publisher:
  type: server
  hostname: policies.example.net
  listen: 127.0.0.1:${this.port}
  ${challenge === 'http-01' ? `http: 127.0.0.1:${http}` : ''}
  acme: { directory: "${directoryUrl}", caFile: ${caFile}, challenge: ${challenge} }
world:
  resolvers: ["${this.#dns.address}"]
  connectTo: { ${connectTo.join(', ')} }
  caFile: ./root.pem
daemon: { listen: off }
defaults: { provider: local, observe: provider }
domains:
${domains.map((domain) => `  ${domain}: { mx: [mx1.example.net] }`).join('\n')}
`,
    );
  }

  /** As a sender fetches it: whole verification, with the root of the CA. */
  fetch(host: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, servername: host, headers: { host }, agent: false };
      get({ ...options, path: '/.well-known/mta-sts.txt', ca: this.#pebble.root }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
  }
}
