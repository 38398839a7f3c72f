/**
 * The whole service in a small internet: the daemon follows a Git repository with three domains, writes to BIND, gets a certificate for each from pebble,
 * by each of the three challenges, and is the policy host, at the ports that senders and CAs use. Debian's postfix-mta-sts-resolver is the sender. The daemon is killed in between, and is
 * there again; all the time a poller looks for what no sender may ever see.
 */
import { existsSync, readFileSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { LogLine } from '../cli/daemon-rig.ts';
import { testRepository, type TestRepository } from '../effects/git-repository.ts';
import { namespaceFault } from '../servers/namespace.ts';
import { PEBBLE_PROGRAMS } from '../servers/pebble.ts';
import { describeUnless, findProgram } from '../servers/programs.ts';
import type { RunningServer } from '../servers/run.ts';
import { main } from '../support/built-cli.ts';
import { announcedIds, type Look, wrongFetches } from './fetches.ts';
import { D, Internet, PRIMARY, SECOND, SECONDARY } from './internet.ts';
import { type Sender, startSender } from './sender.ts';

const SUB = `sub.${D}`;
const ALL = [D, SECOND, SUB] as const;
const HOST = '127.0.0.11';
const CA = { directory: 'https://localhost:14000/dir', management: 'https://localhost:15000/roots/0' } as const;
const programs = ['named', 'dig', 'nsupdate', 'openssl', 'git', 'mta-sts-daemon', ...PEBBLE_PROGRAMS];
const missing = programs.find((program) => findProgram(program) === null);
const reason = missing === undefined ? namespaceFault() : `${missing} is not installed`;
const POLL = { timeout: 30_000, interval: 100 } as const;
/** From the start of the process to the first policy. */
const BACK_MS = 2_000;

describeUnless(reason, 'a policy host with certificates by ACME, for three domains of a repository', () => {
  const starts: RunningServer[] = [];
  let net: Internet;
  let repository: TestRepository;
  let sender: Sender;
  let poller: RunningServer;

  beforeAll(async () => {
    net = new Internet();
    await net.start();
    for (const zone of [D, SECOND]) await net.change(zone, `add policies3.${zone}. 1 A ${HOST}`);
    await net.change(D, `add ${SUB}. 1 MX 10 mx2.${D}.`);
    await vi.waitUntil(() => net.isCaughtUp(), POLL);
    await startCa();
    sender = await startSender(net, 'sender', PRIMARY);
    const script = join(import.meta.dirname, 'poller.ts');
    poller = await net.serve('poller', [process.execPath, script, net.ca.file, `${PRIMARY},${SECONDARY}`, ...ALL]);
    repository = testRepository(net.dir);
    push({ [D]: [`mx1.${D}`] });
    writeFileSync(
      join(net.dir, 'domains.yaml'),
      `version: 1
source: { git: ${repository.path}, interval: 5s }
providers:
  bind: { type: rfc2136, server: "${PRIMARY}:53", keyFile: ./stsync.key }
  whole: { type: rfc2136, server: "${PRIMARY}:53", keyFile: ./admin.key }
world: { resolvers: ["${PRIMARY}:53"], caFile: ${net.ca.file}, allowPrivateAddresses: true, smtpProbe: off }
daemon: { listen: off }
defaults: { mode: enforce, ttl: 1, provider: bind }
`,
    );
  });

  afterAll(() => net.stop());

  it('gets a certificate for each domain, and announces none before its policy is served', async () => {
    await startDaemon();
    for (const [domain, mx] of Object.entries({ [D]: `mx1.${D}`, [SECOND]: `mx1.${SECOND}`, [SUB]: `mx2.${D}` }))
      await expect.poll(() => sender.ask('default', domain), POLL).toEqual([mx]);
    expect(lines().filter(({ msg }) => msg === 'certificate')).toHaveLength(ALL.length);
    expect(lines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('lets a commit change the MX of one domain: the sender sees it, the others keep their id', async () => {
    const before = await ids();
    push({ [D]: [`mx1.${D}`, `mx2.${D}`] });
    await expect.poll(() => sender.ask('default', D), POLL).toEqual([`mx1.${D}`, `mx2.${D}`]);
    const [first, ...others] = await ids();
    expect(first).not.toBe(before[0]);
    expect(others).toEqual(before.slice(1));
  });

  it('serves again within two seconds of a start after kill -9, from the state alone', async () => {
    await stopPoller();
    const before = await ids();
    starts.at(-1)?.signal('SIGKILL');
    await expect.poll(() => fetchStatus(), POLL).toBe('refused');
    const startedAt = performance.now();
    const starting = startDaemon();
    await expect.poll(() => fetchStatus(), { timeout: 10_000, interval: 20 }).toBe('200');
    expect(performance.now() - startedAt).toBeLessThan(BACK_MS + PROBE_MS);
    await starting;
    expect(await ids()).toEqual(before);
    expect(lines().filter(({ msg }) => msg === 'certificate')).toHaveLength(ALL.length);
    await starts.at(-1)?.stop();
  });

  it('could at no moment have fetched an older body under a newer id', async () => {
    const text = poller.log();
    const looks = text
      .split('\n')
      .slice(0, -1)
      .map((line): Look => JSON.parse(line));
    for (const [domain, rotations] of Object.entries({ [D]: 2, [SECOND]: 1, [SUB]: 1 })) {
      const own = looks.filter((look) => look.domain === domain);
      expect(wrongFetches(own)).toEqual([]);
      expect(announcedIds(own)).toHaveLength(rotations);
      expect(own.filter(({ fetched }) => fetched.some(({ hash }) => hash !== null)).length).toBeGreaterThan(5);
    }
  });

  /** pebble at the ports of a real CA; whom it issues from is believed by all who look here from now on. */
  async function startCa(): Promise<void> {
    const { key, cert } = net.ca.issue({ names: ['localhost'] });
    writeFileSync(join(net.dir, 'api.key'), key);
    writeFileSync(join(net.dir, 'api.pem'), cert);
    const settings = {
      listenAddress: '127.0.0.1:14000',
      managementListenAddress: '127.0.0.1:15000',
      certificate: join(net.dir, 'api.pem'),
      privateKey: join(net.dir, 'api.key'),
      httpPort: 80,
      tlsPort: 443,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
    };
    const file = join(net.dir, 'pebble.json');
    writeFileSync(file, JSON.stringify({ pebble: settings }));
    const env = ['PEBBLE_VA_NOSLEEP=1', 'PEBBLE_WFE_NONCEREJECT=5', 'PEBBLE_AUTHZREUSE=0'];
    const command = ['env', ...env, 'pebble', '-strict=false', '-config', file, '-dnsserver', `${PRIMARY}:53`];
    await net.serve('pebble', command, async () => (await get(CA.directory)).includes('newNonce'));
    const root = await get(CA.management);
    expect(root).toContain('BEGIN CERTIFICATE');
    appendFileSync(net.ca.file, root);
  }

  async function get(url: string): Promise<string> {
    const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).then((t) => process.stdout.write(t)).catch(() => 0)`;
    const env = { NODE_EXTRA_CA_CERTS: net.ca.file };
    return (await net.run([process.execPath, '-e', script], { env })).output;
  }

  /** As a sender that has the address: the status, or `refused`. */
  async function fetchStatus(): Promise<string> {
    const options = {
      host: HOST,
      servername: `mta-sts.${D}`,
      headers: { host: `mta-sts.${D}` },
      path: '/.well-known/mta-sts.txt',
    };
    const script = `require('https').get(${JSON.stringify(options)}, (r) => { console.log(r.statusCode); process.exit(); }).on('error', () => console.log('refused'))`;
    const env = { NODE_EXTRA_CA_CERTS: net.ca.file };
    return (await net.run([process.execPath, '-e', script], { env })).output.trim();
  }

  /** The certificate of `zone` comes by this challenge. */
  function publisher(zone: string, challenge: string): string {
    const http = challenge === 'http-01' ? `http: "${HOST}:80", ` : '';
    const acme = `acme: { directory: "${CA.directory}", caFile: ${net.ca.file}, challenge: ${challenge} }`;
    return `publisher: { type: server, hostname: policies3.${zone}, listen: "${HOST}:443", ${http}${acme} }`;
  }

  function push(mx: { readonly [D]: readonly string[] }): void {
    const allow = 'allow: [testing-before-enforce]';
    repository.commit({
      'domains.yaml': `domains:
  ${D}: { mx: ${JSON.stringify(mx[D])}, ${allow}, ${publisher(D, 'http-01')} }
  ${SECOND}: { mx: [mx1.${SECOND}], ${allow}, ${publisher(SECOND, 'tls-alpn-01')} }
  ${SUB}: { mx: [mx2.${D}], ${allow}, ${publisher(D, 'dns-01')}, provider: whole }
`,
    });
  }

  async function startDaemon(): Promise<void> {
    const name = `daemon${starts.length}`;
    const hasRun = (): Promise<boolean> => Promise.resolve(linesOf(name).some(({ msg }) => msg === 'the run ended'));
    const command = [process.execPath, main, 'daemon', '--config', join(net.dir, 'domains.yaml')];
    starts.push(await net.serve(name, command, hasRun));
  }

  /** Of every daemon so far. */
  function lines(): readonly LogLine[] {
    return starts.flatMap((_server, index) => linesOf(`daemon${index}`));
  }

  function linesOf(name: string): readonly LogLine[] {
    const file = join(net.dir, `${name}.log`);
    const whole = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    return whole.map((line) => JSON.parse(line));
  }

  async function ids(): Promise<readonly string[]> {
    return Promise.all(ALL.map((domain) => net.dig(PRIMARY, `_mta-sts.${domain}`, 'TXT')));
  }

  async function stopPoller(): Promise<void> {
    await poller.stop();
  }
});

/** What a look from the namespace takes by itself: a process is started for each. */
const PROBE_MS = 1_000;
