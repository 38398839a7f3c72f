/**
 * A folder in which daemons with a policy host are killed: domains in zone files, certificates from pebble. Every order that the CA made, every id that a
 * name server would have loaded, and every body that was ever wanted is noted.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import { bodyHash } from '../../src/core/id.ts';
import { openCertificateStore } from '../../src/effects/store-sqlite-certificates.ts';
import { Daemon } from '../cli/daemon-rig.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import type { Pebble } from '../servers/pebble.ts';
import type { PebbleGate } from '../servers/pebble-gate.ts';
import { type Ran, runCli } from '../support/built-cli.ts';
import type { DnsServer } from '../support/dns-server.ts';

const MX = 'mx1.example.net';
/** A zone without an id is none to complain of. */
const NOTE = 'grep -o "id=[0-9a-f]*" "$STSYNC_FILE" >> "ids-$STSYNC_ZONE" || true';

/** A kill in the midst of a validation fails it, and the next attempt comes five to six minutes later. */
const DONE_MS = 420_000;

export interface HostKillWorld {
  readonly pebble: Pebble;
  readonly gate: PebbleGate;
  readonly dns: DnsServer;
  /** Where the daemon serves policies. */
  readonly port: number;
}

export class HostKillRig {
  readonly folder = tempDirectory();
  /** The MX host that each domain wants beside the first; no two bodies are the same. */
  readonly #mx = new Map<string, string>();
  /** All that each domain ever wanted, by the hash of the body, in order. */
  readonly #wanted = new Map<string, string[]>();
  readonly #world: HostKillWorld;
  #bodies = 1;
  #added = 0;

  constructor(world: HostKillWorld) {
    this.#world = world;
    mkdirSync(join(this.folder, 'zones'));
    writeFileSync(join(this.folder, 'root.pem'), world.pebble.root);
    world.dns.zones.addZone('example.net');
    world.dns.zones.setRecords('policies.example.net', 'A', ['127.0.0.1']);
  }

  get domains(): readonly string[] {
    return [...this.#mx.keys()];
  }

  /** One more domain, with the next `change`. Its host leads here already, as with a wildcard. */
  add(): string {
    const domain = `d${this.#added++}.test`;
    const { dns } = this.#world;
    dns.zones.addZone(domain);
    dns.zones.setRecords(`mta-sts.${domain}`, 'A', ['127.0.0.1']);
    const zone = `$TTL 1h\n@ IN SOA ns1 hostmaster ( 2026010101 4h 1h 2w 5m )\n  IN NS ns1\n  IN MX 10 ${MX}.\nns1 IN A 192.0.2.1\n`;
    writeFileSync(join(this.folder, 'zones', `${domain}.zone`), zone);
    return domain;
  }

  /** The YAML from now on wants bodies that nobody wanted before, of these. */
  change(domains: readonly string[]): void {
    for (const domain of domains) {
      const mx = `mx${++this.#bodies}.example.net`;
      this.#mx.set(domain, mx);
      const mxLines = [MX, mx].toSorted().map((host) => `mx: ${host}\r\n`);
      const body = `version: STSv1\r\nmode: testing\r\n${mxLines.join('')}max_age: 86400\r\n`;
      this.#wanted.set(domain, [...(this.#wanted.get(domain) ?? []), bodyHash(body)]);
    }
    this.#write();
  }

  start(): Daemon {
    return new Daemon(this.folder);
  }

  dryRun(): Promise<Ran> {
    return runCli(['sync', '--dry-run', '--format', 'json'], { cwd: this.folder });
  }

  /** Which of the wanted bodies is served: from 0; null: the host does not answer. Whoever serves another one fails the test. */
  async served(domain: string): Promise<number | null> {
    const body = await fetchPolicy(this.#world, `mta-sts.${domain}`);
    if (body === null) return null;
    const index = this.#wanted.get(domain)?.indexOf(bodyHash(body)) ?? -1;
    if (index === -1) throw new Error(`${domain} serves what nobody wanted: ${body}`);
    return index;
  }

  /** Which of the wanted bodies has the id in the zone; -1: there is none yet. */
  announced(domain: string): number {
    const zone = readFileSync(join(this.folder, 'zones', `${domain}.zone`), 'utf8');
    const id = /id=(\w+)/.exec(zone)?.[1];
    return id === undefined ? -1 : (this.#wanted.get(domain)?.indexOf(id.slice(14)) ?? -1);
  }

  /** Until everything that is wanted is announced. */
  async untilDone(): Promise<void> {
    await vi.waitFor(
      () => {
        const late = this.domains.filter((one) => !this.#isDone(one));
        if (late.length > 0) throw new Error(`not announced: ${late.map((one) => this.#stateOf(one)).join('; ')}`);
      },
      { timeout: DONE_MS, interval: 50 },
    );
  }

  /** For whoever asks why. */
  #stateOf(domain: string): string {
    const store = openCertificateStore(join(this.folder, 'stsync.db'), () => undefined);
    try {
      const { certificate, order, nextAttemptAt, lastFailure, failures } = store.read(`mta-sts.${domain}`) ?? {};
      return JSON.stringify({
        domain,
        has: certificate != null,
        order: order?.url,
        failures,
        nextAttemptAt,
        lastFailure,
      });
    } finally {
      store.close();
    }
  }

  #isDone(domain: string): boolean {
    return this.announced(domain) === (this.#wanted.get(domain)?.length ?? 0) - 1;
  }

  /** Ids of a domain in the order in which they were loaded; one that comes back is there twice. */
  loadedIds(domain: string): readonly string[] {
    const file = join(this.folder, `ids-${domain}`);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => line.slice('id='.length)).filter((id, at, all) => id !== all[at - 1]);
  }

  /** Hosts that have a certificate, and those with an order that lives, as the state has them. */
  kept(): { readonly certified: readonly string[]; readonly ordered: readonly string[] } {
    const store = openCertificateStore(join(this.folder, 'stsync.db'), (error) => {
      throw error;
    });
    try {
      const all = store.list();
      return {
        certified: all.filter(({ certificate }) => certificate !== null).map(({ host }) => host),
        ordered: all.filter(({ order }) => order !== null).map(({ host }) => host),
      };
    } finally {
      store.close();
    }
  }

  #write(): void {
    const { gate, pebble, port } = this.#world;
    const connectTo = this.domains.flatMap((domain) => [
      `"mta-sts.${domain}:443": "127.0.0.1:${port}"`,
      `"mta-sts.${domain}:80": "127.0.0.1:${pebble.httpPort}"`,
    ]);
    writeFileSync(
      join(this.folder, 'domains.yaml'),
      `version: 1
providers: { local: { type: zonefile, directory: ./zones, reload: '${NOTE}' } }
publisher:
  type: server
  hostname: policies.example.net
  listen: 127.0.0.1:${port}
  http: 127.0.0.1:${pebble.httpPort}
  acme: { directory: "${gate.directoryUrl}", caFile: ${gate.caFile} }
world: { resolvers: ["${this.#world.dns.address}"], connectTo: { ${connectTo.join(', ')} }, caFile: ./root.pem }
daemon: { listen: off }
limits: { changedDomains: 1000, changedPercent: 100 }
defaults: { provider: local, observe: provider }
domains:
${Array.from(this.#mx, ([domain, mx]) => `  ${domain}: { mx: [${MX}, ${mx}] }\n`).join('')}`,
    );
  }
}

/** As a sender does: whole verification. Null where nobody answers; throws where the answer is not a policy. */
async function fetchPolicy({ port, pebble }: HostKillWorld, host: string): Promise<string | null> {
  const options = { host: '127.0.0.1', port, servername: host, headers: { host }, agent: false, ca: pebble.root };
  return new Promise((resolve, reject) => {
    get({ ...options, path: '/.well-known/mta-sts.txt' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${host}: status ${response.statusCode}`));
      });
      response.on('error', () => resolve(null));
    }).on('error', (error: Error & { readonly code?: string }) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') resolve(null);
      else reject(error);
    });
  });
}

/** Asks on and on until somebody answers; gives when that was, in milliseconds from now. */
export async function untilAnswered(rig: HostKillRig, domains: readonly string[], mostMs: number): Promise<number> {
  const from = performance.now();
  const waiting = new Set(domains);
  while (waiting.size > 0 && performance.now() - from < mostMs) {
    const [next = ''] = waiting;
    const served = await rig.served(next);
    if (served === null) await sleep(10);
    else waiting.delete(next);
  }
  return performance.now() - from;
}
