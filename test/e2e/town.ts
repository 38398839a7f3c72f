/**
 * A team that runs `stsync daemon`, in the small internet: one zone at its BIND, one at Cloudflare (cloud.ts), the YAML in a bare Git
 * repository, a resolver in the middle as everybody has one, and people who want to be told (office.ts).
 */
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { LogLine } from '../cli/daemon-rig.ts';
import { type TestRepository, testRepository } from '../effects/git-repository.ts';
import { FAKE_TOKEN } from '../fakes/cloudflare.ts';
import type { RunningServer } from '../servers/run.ts';
import { main } from '../support/built-cli.ts';
import type { CloudState } from './cloud.ts';
import { D, HOSTS, Internet, PRIMARY } from './internet.ts';
import type { Told } from './office.ts';

/** The domain whose zone is at Cloudflare; that of BIND is `D`. */
export const C = 'cloud.test';
export const CLOUD = '127.0.0.9';
export const RESOLVER = '127.0.0.10';
const PORTS = { daemon: 9780, webhook: 8080, smtp: 2525 } as const;
const HOOK_SECRET = 'a-hook-secret-of-the-tests';
const script = (name: string): string => join(import.meta.dirname, name);

/** What the repository says; null: nothing of this domain. */
export interface Wanted {
  readonly [D]: readonly string[];
  readonly [C]: readonly string[] | null;
}

/** `/api/v1/status`, as far as tests look. */
export interface TownStatus {
  readonly role: string;
  readonly config: { readonly commit: string; readonly loadedAt: string };
  readonly refused: { readonly commit: string; readonly faults: readonly string[] } | null;
  readonly isRunning: boolean;
  readonly lastRun: { readonly startedAt: string; readonly endedAt: string; readonly reason: string } | null;
  readonly orphans: readonly string[];
}

/** A step of the journal, as far as tests look. */
export interface TownEntry {
  readonly domain: string;
  readonly kind: string;
  readonly name: string;
  readonly outcome: string;
  readonly commit: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class Town {
  readonly net = new Internet([`mta-sts.${C}`]);
  readonly repository: TestRepository = testRepository(this.net.dir);
  readonly config = join(this.net.dir, 'domains.yaml');
  #office: RunningServer | null = null;
  #daemon: RunningServer | null = null;
  #apiUrl = '';

  async start(): Promise<void> {
    const { net } = this;
    await net.start();
    const office = [this.#socket('office'), ...Object.values(PORTS).map(String)];
    const cloud = [this.#socket('cloud'), CLOUD, C, JSON.stringify(cloudRecords)];
    const [, server] = await Promise.all([
      this.#startResolver(),
      net.serve('cloud', [process.execPath, script('cloud.ts'), ...cloud]),
      net.serve('office', [process.execPath, script('office.ts'), ...office]).then((one) => (this.#office = one)),
    ]);
    this.#apiUrl = server.log().trim();
    writeFileSync(join(net.dir, 'cloudflare.token'), FAKE_TOKEN);
    writeFileSync(join(net.dir, 'hook.secret'), HOOK_SECRET);
  }

  /** Ready when it has made its first run. */
  async startDaemon(): Promise<void> {
    const hasRun = (): Promise<boolean> => Promise.resolve(this.lines().some(({ msg }) => msg === 'the run ended'));
    const command = [process.execPath, main, 'daemon', '--config', this.config];
    this.#daemon = await this.net.serve('daemon', command, hasRun);
  }

  async stop(): Promise<void> {
    await this.stopDaemon();
    await this.net.stop();
  }

  async stopDaemon(): Promise<void> {
    await this.#daemon?.stop();
  }

  /** The file beside the daemon: everything but the domains. */
  writeLocal({ interval }: { readonly interval: string }): void {
    writeFileSync(
      this.config,
      `version: 1
source: { git: ${this.repository.path}, interval: ${interval} }
providers:
  bind: { type: rfc2136, server: "${PRIMARY}:53", keyFile: ./stsync.key }
  cloud: { type: cloudflare, apiToken: "\${file:./cloudflare.token}", baseUrl: "${this.#apiUrl}" }
world: { resolvers: ["${RESOLVER}:53"], caFile: ${this.net.ca.file}, allowPrivateAddresses: true }
daemon: { hooks: { secret: "\${file:./hook.secret}" } }
notifications:
  - { type: webhook, url: "http://127.0.0.1:${PORTS.webhook}/" }
  - { type: mail, to: [ops@${D}], from: stsync@${D}, server: "127.0.0.1:${PORTS.smtp}" }
defaults: { mode: enforce, ttl: 1m, tlsReports: ["mailto:tls@${D}"] }
`,
    );
  }

  /** Gives the commit. */
  push(wanted: Wanted): string {
    const of = (domain: string, provider: string, mx: readonly string[] | null): string =>
      mx === null
        ? ''
        : `  ${domain}:
    provider: ${provider}
    mx: ${JSON.stringify(mx)}
    allow: [testing-before-enforce]
    publisher: { type: directory, directory: ${join(this.net.dir, 'www')}, hostname: policies.${domain} }
`;
    return this.repository.commit({
      'domains.yaml': `domains:\n${of(D, 'bind', wanted[D])}${of(C, 'cloud', wanted[C])}`,
    });
  }

  /** The log of the daemon so far. */
  lines(): readonly LogLine[] {
    const whole = this.#daemonLog().split('\n').slice(0, -1);
    return whole.map((line) => JSON.parse(line));
  }

  ask(
    path: string,
    post?: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  ): Promise<Answer> {
    const headers = { host: `127.0.0.1:${PORTS.daemon}`, ...post?.headers };
    return askSocket(
      this.#socket('office'),
      { path, headers, method: post === undefined ? 'GET' : 'POST' },
      post?.body,
    );
  }

  async status(): Promise<TownStatus> {
    return JSON.parse((await this.ask('/api/v1/status')).text);
  }

  async journal(): Promise<readonly TownEntry[]> {
    const { entries }: { entries: readonly TownEntry[] } = JSON.parse(
      (await this.ask('/api/v1/journal?limit=1000')).text,
    );
    return entries;
  }

  /** `name{labels}` to its value. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const { text } = await this.ask('/metrics');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }

  /** As GitHub does after a push. */
  async hook(secret = HOOK_SECRET): Promise<number> {
    const body = '{"ref":"refs/heads/main"}';
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    return (await this.ask('/hooks/git', { headers: { 'x-hub-signature-256': signature }, body })).status;
  }

  /** Waits until a run with this commit has ended. */
  async synced(commit: string): Promise<TownStatus> {
    return this.#until(
      ({ config, lastRun }) => config.commit === commit && (lastRun?.startedAt ?? '') >= config.loadedAt,
    );
  }

  async refused(commit: string): Promise<TownStatus> {
    return this.#until(({ refused }) => refused?.commit === commit);
  }

  /** One run more, as SIGHUP makes it. */
  async again(): Promise<void> {
    const { lastRun: before } = await this.status();
    this.#daemon?.signal('SIGHUP');
    await this.#until(({ lastRun }) => lastRun?.startedAt !== before?.startedAt);
  }

  #until(isSo: (status: TownStatus) => boolean): Promise<TownStatus> {
    const look = async (): Promise<TownStatus> => {
      const status = await this.status();
      if (status.isRunning || !isSo(status)) throw new Error(`${JSON.stringify(status)}\n${this.#daemonLog()}`);
      return status;
    };
    return vi.waitFor(look, { timeout: 20_000, interval: 50 });
  }

  /** What people were told so far. */
  told(): readonly Told[] {
    const lines = (this.#office?.log() ?? '').split('\n').slice(1, -1);
    return lines.map((line) => JSON.parse(line));
  }

  async cloud(act: '' | 'break' | 'mend' = ''): Promise<CloudState> {
    const { text } = await askSocket(this.#socket('cloud'), { path: `/${act}`, method: 'POST' });
    return JSON.parse(text);
  }

  /** The id at the name server of the zone itself. */
  async id(domain: string): Promise<string | null> {
    const text = await this.net.dig(domain === C ? CLOUD : PRIMARY, `_mta-sts.${domain}`, 'TXT');
    return /id=(\w+)/.exec(text)?.[1] ?? null;
  }

  #daemonLog(): string {
    const file = join(this.net.dir, 'daemon.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  #socket(name: string): string {
    return join(this.net.dir, `${name}.sock`);
  }

  /** A recursive BIND before both; it forgets at once, so that no test waits for a TTL of Cloudflare's. */
  async #startResolver(): Promise<void> {
    const { net } = this;
    await net.addAddress(RESOLVER);
    const file = join(net.dir, 'resolver.conf');
    const zones = Object.entries({ [D]: PRIMARY, [C]: CLOUD });
    writeFileSync(
      file,
      `controls { };
options { directory "${net.dir}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "${net.dir}";
  listen-on port 53 { ${RESOLVER}; }; listen-on-v6 { none; }; recursion yes; allow-recursion { any; }; dnssec-validation no;
  max-cache-ttl 1; max-ncache-ttl 1; qname-minimization off; empty-zones-enable no; };
${zones.map(([zone, address]) => `zone "${zone}" { type static-stub; server-addresses { ${address}; }; };`).join('\n')}
`,
    );
    const isUp = async (): Promise<boolean> => (await net.dig(RESOLVER, D, 'SOA')).startsWith(`ns1.${D}.`);
    await net.serve('resolver', ['/usr/sbin/named', '-g', '-n', '1', '-c', file], isUp);
  }
}

const cloudRecords = [
  { name: C, type: 'NS', ttlSeconds: 300, rdata: [`ns.${C}.`] },
  { name: C, type: 'MX', ttlSeconds: 300, rdata: [`10 mx1.${D}.`] },
  { name: `ns.${C}`, type: 'A', ttlSeconds: 300, rdata: [CLOUD] },
  { name: `policies.${C}`, type: 'A', ttlSeconds: 300, rdata: [HOSTS.www] },
];

function askSocket(
  socketPath: string,
  options: { readonly path: string; readonly method: string; readonly headers?: Readonly<Record<string, string>> },
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, agent: false, timeout: 5000, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer at ${options.path}`)));
    asked.on('error', reject).end(body);
  });
}
