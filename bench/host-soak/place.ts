/** Where the policy host of a soak lives: the fake of Cloudflare with a name server, a repository, and a CA whose certificates last for minutes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bodyHash } from '../../src/core/id.ts';
import { type HostName, parseHostName } from '../../src/core/names.ts';
import { formatPolicy } from '../../src/core/policy.ts';
import { testRepository } from '../../test/effects/git-repository.ts';
import { type CloudflareFake, startCloudflare } from '../../test/fakes/cloudflare.ts';
import { serveDns } from '../../test/fakes/serve-dns.ts';
import { type Pebble, startPebble } from '../../test/servers/pebble.ts';
import { type PebbleGate, startPebbleGate } from '../../test/servers/pebble-gate.ts';
import { freePort, INTERVAL_SECONDS, notePublished } from '../soak/place.ts';

/** Stsync waits a minute after a fault of a CA, as it should: of a shorter life too little would be left. Renewed at half. */
export const LIFE_SECONDS = 240;
const MX = 'mx1.example.net';

export class HostPlace {
  readonly folder: string;
  readonly fake: CloudflareFake;
  readonly pebble: Pebble;
  readonly gate: PebbleGate;
  readonly daemonPort: number;
  readonly hostPort: number;
  /** Those in the YAML so far. */
  readonly domains: string[] = [];
  /** Every id that a name server ever showed, of each domain, in order. */
  readonly published = new Map<string, string[]>();
  /** Every body that was ever wanted, by its hash, in order; no two are the same. */
  readonly wanted = new Map<string, string[]>();
  readonly #repository: ReturnType<typeof testRepository>;
  readonly #all: readonly string[];
  readonly #mx = new Map<string, string>();
  #nextMx = 2;

  private constructor(
    folder: string,
    most: number,
    fake: CloudflareFake,
    ca: readonly [Pebble, PebbleGate],
    ports: readonly [number, number],
  ) {
    this.folder = folder;
    this.fake = fake;
    [this.pebble, this.gate] = ca;
    [this.daemonPort, this.hostPort] = ports;
    this.#repository = testRepository(folder);
    this.#all = Array.from({ length: most }, (_, at) => `d${at.toString().padStart(3, '0')}.test`);
  }

  /** Everything that the daemon finds when it starts. `most`: domains that there can be. */
  static async open(folder: string, most: number): Promise<HostPlace> {
    const pebble = await startPebble({ lifeSeconds: LIFE_SECONDS });
    const gate = await startPebbleGate(pebble);
    const ports = [await freePort(), await freePort()] as const;
    const place = new HostPlace(folder, most, await startCloudflare(), [pebble, gate], ports);
    const { fake } = place;
    const dns = await serveDns(fake.model);
    fake.addZone('example.net', [
      { name: host('policies.example.net'), type: 'A', ttlSeconds: 300, rdata: ['127.0.0.1'] },
    ]);
    for (const domain of place.#all)
      fake.addZone(domain, [{ name: host(domain), type: 'MX', ttlSeconds: 300, rdata: [`10 ${MX}.`] }]);
    notePublished(fake, place.published);
    writeFileSync(join(folder, 'root.pem'), pebble.root);
    place.#writeLocal(dns.address);
    return place;
  }

  /** With the next push there are so many more, as long as there can be. */
  grow(count: number): readonly string[] {
    const fresh = this.#all.slice(this.domains.length, this.domains.length + count);
    this.domains.push(...fresh);
    return fresh;
  }

  /** A commit by which each of these wants MX hosts that nobody wanted before. */
  push(domains: readonly string[]): void {
    for (const domain of domains) {
      const mx = `mx${this.#nextMx++}.example.net`;
      this.#mx.set(domain, mx);
      const body = formatPolicy({ mode: 'testing', maxAgeSeconds: 86_400, mx: [host(MX), host(mx)] });
      this.wanted.set(domain, [...(this.wanted.get(domain) ?? []), bodyHash(body)]);
    }
    this.#commit('');
  }

  /** A commit that no daemon can take. It changes every domain, so that one that takes half of it is seen. */
  pushBroken(): void {
    this.#commit('broken.test: { mx: ["*.*"] }', 'mx1.broken.example');
  }

  /** Every domain shows the id of the body that it wants now. */
  isDone(): boolean {
    return this.domains.every(
      (domain) => this.published.get(domain)?.at(-1)?.slice(14) === this.wanted.get(domain)?.at(-1),
    );
  }

  #commit(more: string, otherMx?: string): void {
    const lines = Array.from(this.#mx, ([domain, mx]) => `  ${domain}: { mx: [${MX}, ${otherMx ?? mx}] }\n`);
    this.#repository.commit({ 'domains.yaml': `domains:\n${lines.join('')}${more === '' ? '' : `  ${more}\n`}` });
  }

  #writeLocal(dns: string): void {
    const authorities = this.#all.map((domain) => `${domain}: ["${dns}"]`).join(', ');
    const { httpPort } = this.pebble;
    const connectTo = this.#all.flatMap((domain) => [
      `"mta-sts.${domain}:443": "127.0.0.1:${this.hostPort}"`,
      `"mta-sts.${domain}:80": "127.0.0.1:${httpPort}"`,
    ]);
    writeFileSync(
      join(this.folder, 'domains.yaml'),
      `version: 1
source: { git: ${this.#repository.path}, interval: 5s }
providers: { main: { type: cloudflare, apiToken: "\${env:SOAK_TOKEN}", baseUrl: "${this.fake.baseUrl}" } }
publisher:
  type: server
  hostname: policies.example.net
  listen: 127.0.0.1:${this.hostPort}
  http: 127.0.0.1:${httpPort}
  acme: { directory: "${this.gate.directoryUrl}", caFile: ${this.gate.caFile}, orders: { count: 10000, per: 1h } }
world:
  resolvers: ["${dns}"]
  authorities: { ${authorities} }
  connectTo: { ${connectTo.join(', ')} }
  caFile: ./root.pem
  smtpProbe: off
schedule: "*/${INTERVAL_SECONDS} * * * * *"
daemon: { listen: "127.0.0.1:${this.daemonPort}", domainMetrics: true }
limits: { changedDomains: 1000, changedPercent: 100 }
defaults: { provider: main, mode: testing, ttl: 5m, tlsReports: ["mailto:tls@example.net"] }
`,
    );
  }
}

function host(name: string): HostName {
  const parsed = parseHostName(name);
  if (!parsed.ok) throw new Error(`${name} is no name`);
  return parsed.value;
}
