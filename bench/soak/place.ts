/** Where the daemon of the soak lives: its folder, a bare Git repository, the fake of Cloudflare with a name server, somebody who is told. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { bodyHash } from '../../src/core/id.ts';
import { parseHostName } from '../../src/core/names.ts';
import { formatPolicy } from '../../src/core/policy.ts';
import { testRepository } from '../../test/effects/git-repository.ts';
import { type CloudflareFake, FAKE_TOKEN, startCloudflare } from '../../test/fakes/cloudflare.ts';
import { serveDns } from '../../test/fakes/serve-dns.ts';

export const INTERVAL_SECONDS = 5;
const MX = 'mx1.example.net';

export class Place {
  readonly folder: string;
  readonly fake: CloudflareFake;
  readonly domains: readonly string[];
  /** Every id that a name server ever showed, of each domain, in order. */
  readonly published = new Map<string, string[]>();
  /** Every body that was ever wanted, by its hash. No two are the same, so each has to get one id. */
  readonly wanted = new Map<string, string[]>();
  /** Messages that the web hook got. */
  told = 0;
  readonly daemonPort: number;
  readonly #repository: ReturnType<typeof testRepository>;
  readonly #maxAges = new Map<string, number>();
  #nextMaxAge = 86_400;

  private constructor(folder: string, fake: CloudflareFake, count: number, daemonPort: number) {
    this.folder = folder;
    this.fake = fake;
    this.daemonPort = daemonPort;
    this.#repository = testRepository(folder);
    this.domains = Array.from({ length: count }, (_, at) => `d${at.toString().padStart(3, '0')}.test`);
  }

  /** Everything that the daemon finds when it starts; the repository has its first commit. */
  static async open(folder: string, count: number): Promise<Place> {
    const [fake, daemonPort] = [await startCloudflare(), await freePort()];
    const place = new Place(folder, fake, count, daemonPort);
    const dns = await serveDns(fake.model);
    for (const domain of place.domains)
      fake.addZone(domain, [{ name: domain, type: 'MX', ttlSeconds: 300, rdata: [`10 ${MX}.`] }]);
    notePublished(fake, place.published);
    mkdirSync(join(folder, 'www'));
    place.#writeLocal(dns.address, await place.#receive());
    place.push(place.domains);
    return place;
  }

  /** A commit by which each of these wants a body that nobody wanted before. */
  push(domains: readonly string[]): void {
    for (const domain of domains) {
      const maxAgeSeconds = this.#nextMaxAge++;
      this.#maxAges.set(domain, maxAgeSeconds);
      const mx = parseHostName(MX);
      const body = formatPolicy({ mode: 'testing', maxAgeSeconds, mx: mx.ok ? [mx.value] : [] });
      this.wanted.set(domain, [...(this.wanted.get(domain) ?? []), bodyHash(body)]);
    }
    this.#commit('');
  }

  /** A commit that no daemon can take. It changes every domain, so that one that takes half of it is seen. */
  pushBroken(): void {
    this.#commit('broken.test: { mx: ["*.*"] }', 7);
  }

  /** Every domain shows the id of the body that it wants now. */
  isDone(): boolean {
    return this.domains.every(
      (domain) => this.published.get(domain)?.at(-1)?.slice(14) === this.wanted.get(domain)?.at(-1),
    );
  }

  #commit(more: string, later = 0): void {
    const lines = Array.from(
      this.#maxAges,
      ([domain, age]) => `  ${domain}: { mx: [${MX}], maxAge: ${age + later}s }\n`,
    );
    this.#repository.commit({ 'domains.yaml': `domains:\n${lines.join('')}${more === '' ? '' : `  ${more}\n`}` });
  }

  #writeLocal(dns: string, webhook: string): void {
    const authorities = this.domains.map((domain) => `${domain}: ["${dns}"]`).join(', ');
    writeFileSync(
      join(this.folder, 'domains.yaml'),
      `version: 1
source: { git: ${this.#repository.path}, interval: 5s }
providers: { main: { type: cloudflare, apiToken: "\${env:SOAK_TOKEN}", baseUrl: "${this.fake.baseUrl}" } }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
world: { resolvers: ["${dns}"], authorities: { ${authorities} }, smtpProbe: off }
schedule: "*/${INTERVAL_SECONDS} * * * * *"
daemon: { listen: "127.0.0.1:${this.daemonPort}", domainMetrics: true }
notifications: [ { type: webhook, url: "${webhook}" } ]
limits: { changedDomains: 1000, changedPercent: 100 }
defaults: { provider: main, mode: testing, ttl: 5m, tlsReports: ["mailto:tls@example.net"] }
`,
    );
  }

  async #receive(): Promise<string> {
    const port = await freePort();
    createServer((request, response) => {
      this.told++;
      request.resume();
      response.writeHead(204).end();
    }).listen(port, '127.0.0.1');
    return `http://127.0.0.1:${port}/`;
  }
}

/** Keeps every id that a name server shows from now on, of each domain, in order. */
export function notePublished({ model }: CloudflareFake, published: Map<string, string[]>): void {
  model.onPublished((zone, records) => {
    const text = records.find(({ name, type }) => type === 'TXT' && name === `_mta-sts.${zone.apex}`)?.rdata;
    const id = /id=(\w+)/.exec(text ?? '')?.[1];
    const ids = published.get(zone.apex) ?? [];
    if (id !== undefined && ids.at(-1) !== id) published.set(zone.apex, [...ids, id]);
  });
}

/** For the daemon. */
export const ENVIRONMENT: Readonly<Record<string, string>> = { SOAK_TOKEN: FAKE_TOKEN };

/** One that nobody had a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
