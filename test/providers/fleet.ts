/**
 * Many domains at one vendor as a user has them: a folder with YAML, the built command, the vendor's fake as API and as name server. When it
 * is put away, nothing that was printed or written may hold the vendor's fake credentials.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RecordSet } from '../../src/core/record-set.ts';
import { Daemon } from '../cli/daemon-rig.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import type { FakeServer } from '../fakes/fake-server.ts';
import { serveDns } from '../fakes/serve-dns.ts';
import type { ModelZone, ZoneModel } from '../fakes/zone-model.ts';
import { runCli, runShell, type Ran } from '../support/built-cli.ts';
import type { DnsServer } from '../support/dns-server.ts';

/** What every vendor's fake has. */
export interface ApiFake extends FakeServer {
  readonly model: ZoneModel;
  addZone(apex: string, records?: readonly RecordSet[]): ModelZone;
}

/** How the YAML and the environment lead to the fake. A test may change all of it. */
export interface Account<F extends ApiFake> {
  readonly fake: F;
  /** As under `providers:`, in braces. */
  yaml: string;
  env: Readonly<Record<string, string>>;
  /** What no output and no file may hold. */
  readonly secret: string;
}

export interface FleetOptions {
  readonly count?: number;
  readonly maxAge?: string;
  /** Under a domain: `adopt: true`. */
  readonly more?: string;
}

/** A part of a credential so long is as bad as all of it. */
const SECRET_PART = 24;

/** What a domain has before stsync comes. */
function mailRecords(domain: string): readonly RecordSet[] {
  return [
    { name: domain, type: 'MX', ttlSeconds: 300, rdata: [`10 mx1.${domain}.`] },
    { name: `mx1.${domain}`, type: 'A', ttlSeconds: 300, rdata: ['192.0.2.25'] },
  ];
}

export class Fleet<F extends ApiFake> implements AsyncDisposable {
  readonly folder = tempDirectory();
  readonly account: Account<F>;
  readonly dns: DnsServer;
  readonly #count: number;
  /** Everything that was ever printed. */
  #printed = '';

  private constructor(account: Account<F>, dns: DnsServer, count: number) {
    this.account = account;
    this.dns = dns;
    this.#count = count;
  }

  /** Zones with MX, and YAML for them. `d000.test` and so on. */
  static async start<F extends ApiFake>(account: Account<F>, options: FleetOptions = {}): Promise<Fleet<F>> {
    const fleet = new Fleet(account, await serveDns(account.fake.model), options.count ?? 1);
    for (const domain of fleet.domains) account.fake.addZone(domain, mailRecords(domain));
    mkdirSync(join(fleet.folder, 'www'));
    fleet.write(options);
    return fleet;
  }

  get fake(): F {
    return this.account.fake;
  }

  get domains(): readonly string[] {
    return Array.from({ length: this.#count }, (_, at) => `d${at.toString().padStart(3, '0')}.test`);
  }

  write({ maxAge = '1d', more = '' }: FleetOptions = {}): void {
    const { domains } = this;
    writeFileSync(
      join(this.folder, 'domains.yaml'),
      `version: 1
providers: { main: ${this.account.yaml} }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
state: ./stsync.db
daemon: { listen: off }
world:
  resolvers: ["${this.dns.address}"]
  authorities: { ${domains.map((domain) => `${domain}: ["${this.dns.address}"]`).join(', ')} }
  smtpProbe: off
limits: { changedDomains: 1000, changedPercent: 100 }
defaults: { provider: main, mode: testing, maxAge: ${maxAge}, ttl: 5m, tlsReports: ["mailto:tls@example.net"] }
domains:
${domains.map((domain) => `  ${domain}: { mx: [mx1.${domain}]${more} }`).join('\n')}
`,
    );
  }

  async run(...args: readonly string[]): Promise<Ran> {
    return this.#keep(await runCli(args, { cwd: this.folder, env: { HOME: this.folder, ...this.account.env } }));
  }

  /** The daemon until its first run has ended; gives all that it logged. */
  async firstDaemonRun(): Promise<Ran> {
    const daemon = new Daemon(this.folder, { HOME: this.folder, ...this.account.env });
    await daemon.run(1);
    return this.#keep(await daemon.stop());
  }

  /** `sync` by the same code, which waits but a moment for name servers to show a change. */
  async syncImpatiently(): Promise<Ran> {
    const script = join(import.meta.dirname, '..', 'e2e', 'sync-at.ts');
    const command = `'${process.execPath}' '${script}' '${join(this.folder, 'domains.yaml')}' 0 100`;
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.folder, ...this.account.env };
    return this.#keep(await runShell(command, { cwd: this.folder, env }));
  }

  /** Runs it, and gives the number of requests that it made. */
  async counted(...args: readonly string[]): Promise<{ readonly ran: Ran; readonly requests: number }> {
    this.fake.forgetRequests();
    const ran = await this.run(...args);
    return { ran, requests: this.fake.requests.length };
  }

  /** The id that name servers show. */
  servedId(domain: string): string | null {
    const { answers } = this.dns.zones.say(`_mta-sts.${domain}`, 'TXT', false);
    const strings = answers.flatMap((one) => ('data' in one ? [one.data] : [])).flat();
    const text = strings.map((one) => (Buffer.isBuffer(one) ? one.toString('latin1') : '')).join('');
    return /id=(\w+)/.exec(text)?.[1] ?? null;
  }

  /** Throws where the credentials (or other `parts`) stand in the output of any run, or in any file: state, plan, policy. */
  refuseSecrets(parts: readonly string[] = this.#secretParts): void {
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const texts = [
      ['the output', this.#printed] as const,
      ...files.map((file) => [file.name, readFileSync(join(file.parentPath, file.name), 'latin1')] as const),
    ];
    for (const [place, text] of texts)
      if (parts.some((part) => text.includes(part))) throw new Error(`the credentials stand in ${place}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dns.stop();
    await this.fake.stop();
    this.refuseSecrets();
  }

  get #secretParts(): readonly string[] {
    const { secret } = this.account;
    return [secret.slice(0, SECRET_PART), secret.slice(-SECRET_PART)];
  }

  #keep(ran: Ran): Ran {
    this.#printed += ran.stdout + ran.stderr;
    return ran;
  }
}
