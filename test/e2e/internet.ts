/**
 * A small internet in a network namespace: two mail domains at a BIND primary and a secondary that lags when told to, MX hosts good and bad, two
 * policy hosts that are plain web servers, all at the ports that senders use. stsync runs in it with its defaults.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Namespace, openNamespace } from '../servers/namespace.ts';
import { keyText, tsigKey, type TsigKey, writeKeyFile } from '../servers/name-server.ts';
import { removeDirectory, type RunningServer, serverDirectory, spawnServer } from '../servers/run.ts';
import { type Ca, makeCa } from '../support/ca.ts';

export const DOMAINS = ['example.test', 'second.test'] as const;
export const [D, SECOND] = DOMAINS;
export const [PRIMARY, SECONDARY] = ['127.0.0.1', '127.0.0.6'] as const;
/** STARTTLS as smtp-hosts.ts has it there. */
export const MX = { good: '127.0.0.2', bare: '127.0.0.3', expired: '127.0.0.4' } as const;
/** The policy hosts by the folder that each serves: `www` is `policies.example.test`, `www2` is `policies2.example.test`. */
export const HOSTS = { www: '127.0.0.1', www2: '127.0.0.8' } as const;

export interface Outcome {
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
}

/** The small internet while it runs. */
export class Internet {
  readonly dir = serverDirectory();
  readonly ca: Ca = makeCa();
  readonly #running: { stop(): Promise<void> }[] = [];
  #namespace: Namespace | null = null;
  #notifier: RunningServer | null = null;
  #admin: TsigKey = tsigKey('admin');
  readonly #moreNames: readonly string[];

  /** `moreNames`: what the policy hosts have certificates for beside the two domains. */
  constructor(moreNames: readonly string[] = []) {
    this.#moreNames = moreNames;
  }

  async start(): Promise<void> {
    this.#namespace = await openNamespace(this.dir);
    this.#running.push(this.#namespace);
    await this.addAddress(SECONDARY);
    await this.#startPrimary();
    await this.#startSecondary();
    const script = join(import.meta.dirname, 'keep-notifying.ts');
    this.#notifier = await this.serve('notifier', [process.execPath, script, SECONDARY, ...DOMAINS]);
    await this.#startPolicyHosts();
    await this.#startMxHosts();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((one) => one.stop()));
    await this.ca[Symbol.asyncDispose]();
    removeDirectory(this.dir);
  }

  /** Runs a command inside to its end. */
  run(
    command: readonly string[],
    options: { readonly input?: string; readonly env?: Record<string, string> } = {},
  ): Promise<Outcome> {
    const [program = '', ...args] = this.#inside(command);
    const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...options.env } });
    // A command that ends before it has read all says why in its output.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, output }));
    });
  }

  /** Starts a server inside; it goes with this internet. `ready`: it has printed something, unless said. */
  async serve(name: string, command: readonly string[], ready?: () => Promise<boolean>): Promise<RunningServer> {
    const [program = '', ...args] = this.#inside(command);
    const hasPrinted = (): Promise<boolean> =>
      Promise.resolve(readFileSync(join(this.dir, `${name}.log`), 'utf8') !== '');
    const server = await spawnServer({ command: program, args, dir: this.dir, name, ready: ready ?? hasPrinted });
    this.#running.push(server);
    return server;
  }

  /** For who asks the interfaces for their addresses, as named does. */
  async addAddress(address: string): Promise<void> {
    const { code, output } = await this.run(['ip', 'addr', 'add', `${address}/8`, 'dev', 'lo']);
    if (code !== 0) throw new Error(output);
  }

  /** The data of a record set as one server shows it, one a line. */
  async dig(server: string, name: string, type: string): Promise<string> {
    const { output } = await this.run(['dig', '+short', '+tries=1', '+time=2', `@${server}`, name, type]);
    return output.trim();
  }

  /** Changes a zone at the primary, as its owner does: `add example.test. 1 MX 10 mx2.example.test.` */
  async change(zone: string, ...updates: readonly string[]): Promise<void> {
    const lines = [`server ${PRIMARY}`, `zone ${zone}.`, ...updates.map((one) => `update ${one}`), 'send'];
    const key = join(this.dir, `${this.#admin.name}.key`);
    const { code, output } = await this.run(['nsupdate', '-v', '-k', key], { input: `${lines.join('\n')}\n` });
    if (code !== 0) throw new Error(output);
  }

  /** From now on the secondary keeps what it has. */
  lag(): void {
    this.#notifier?.signal('SIGSTOP');
  }

  catchUp(): void {
    this.#notifier?.signal('SIGCONT');
  }

  /** The zones are the same at both. */
  async isCaughtUp(): Promise<boolean> {
    const serials = await Promise.all(
      DOMAINS.flatMap((zone) => [PRIMARY, SECONDARY].map((server) => this.dig(server, zone, 'SOA'))),
    );
    return serials[0] === serials[1] && serials[2] === serials[3];
  }

  #inside(command: readonly string[]): readonly string[] {
    if (this.#namespace === null) throw new Error('the namespace is not open');
    return this.#namespace.command(command);
  }

  async #startPrimary(): Promise<void> {
    const key = tsigKey('stsync');
    for (const one of [key, this.#admin]) writeKeyFile(this.dir, one);
    const zones = DOMAINS.map((zone) => {
      writeFileSync(join(this.dir, `${zone}.db`), zoneFile(zone));
      const rights = [`_mta-sts.${zone}. TXT`, `_smtp._tls.${zone}. TXT`, `mta-sts.${zone}. CNAME`];
      const grants = rights.map((right) => `grant stsync name ${right};`).join(' ');
      return `zone "${zone}" { type primary; file "${zone}.db"; update-policy { ${grants} grant admin zonesub ANY; }; };`;
    });
    await this.#startNamed('primary', this.dir, PRIMARY, [keyText(key), keyText(this.#admin), ...zones]);
  }

  async #startSecondary(): Promise<void> {
    const dir = join(this.dir, 'secondary');
    mkdirSync(dir);
    const zones = DOMAINS.map(
      (zone) =>
        `zone "${zone}" { type secondary; file "${zone}.db"; primaries { ${PRIMARY}; }; allow-notify { 127.0.0.0/8; }; };`,
    );
    await this.#startNamed('secondary', dir, SECONDARY, zones);
  }

  async #startNamed(name: string, dir: string, address: string, rest: readonly string[]): Promise<void> {
    const file = join(dir, 'named.conf');
    const options = `controls { };
options { directory "${dir}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "${dir}";
  listen-on port 53 { ${address}; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; notify no; allow-transfer { any; }; };`;
    writeFileSync(file, `${[options, ...rest].join('\n')}\n`);
    const last = DOMAINS.at(-1) ?? '';
    await this.serve(name, ['/usr/sbin/named', '-g', '-n', '1', '-c', file], async () =>
      (await this.dig(address, last, 'SOA')).startsWith(`ns1.${last}.`),
    );
  }

  async #startPolicyHosts(): Promise<void> {
    const script = join(import.meta.dirname, 'https-files.mjs');
    for (const [folder, address] of Object.entries(HOSTS)) {
      mkdirSync(join(this.dir, folder));
      // Each has a key and a certificate of its own.
      const names = [...DOMAINS.map((domain) => `mta-sts.${domain}`), ...this.#moreNames];
      const { key, cert } = this.ca.issue({ names, commonName: folder });
      const [keyFile, certFile] = [join(this.dir, `${folder}.key`), join(this.dir, `${folder}.pem`)];
      writeFileSync(keyFile, key);
      writeFileSync(certFile, cert);
      const command = [process.execPath, script, join(this.dir, folder), keyFile, certFile, '443', address];
      const curl = `require('net').connect(443,'${address}').on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))`;
      await this.serve(folder, command, async () => (await this.run([process.execPath, '-e', curl])).code === 0);
    }
  }

  async #startMxHosts(): Promise<void> {
    const names = [`mx1.${D}`, `mx2.${D}`, `mx1.${SECOND}`];
    const files = Object.entries({
      good: this.ca.issue({ names }),
      expired: this.ca.issue({ names, fromDays: -30, toDays: -1 }),
    }).map(([name, { key, cert }]) => {
      const file = join(this.dir, `${name}-mx.pem`);
      writeFileSync(file, `${key}${cert}`);
      return file;
    });
    await this.serve('smtp', [process.execPath, join(import.meta.dirname, 'smtp-hosts.ts'), ...files]);
  }
}

/** Every TTL is a second, so that no test waits longer for one. The second domain's MX offers no STARTTLS. */
function zoneFile(zone: string): string {
  const mx1 = zone === D ? MX.good : MX.bare;
  return `$ORIGIN ${zone}.
$TTL 1
@ SOA ns1 host 1 3600 600 86400 1
  NS ns1
  NS ns2
  MX 10 mx1
ns1 A ${PRIMARY}
ns2 A ${SECONDARY}
mx1 A ${mx1}
mx2 A ${MX.good}
policies A ${HOSTS.www}
policies2 A ${HOSTS.www2}
`;
}
