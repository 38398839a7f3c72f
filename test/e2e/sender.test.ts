/**
 * A sender that nobody here wrote, asked at every stage in the life of a domain: Debian's postfix-mta-sts-resolver, once through the primary
 * name server and once through a secondary that lags. Beside it a poller looks at both servers and at the policy all the time, for what no
 * sender may ever see (fetches.ts). The command is the built one, with its defaults; where time has to pass, the clock is handed in.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { namespaceFault } from '../servers/namespace.ts';
import { describeUnless, findProgram } from '../servers/programs.ts';
import type { RunningServer } from '../servers/run.ts';
import { main } from '../support/built-cli.ts';
import { announcedIds, type Look, wrongFetches } from './fetches.ts';
import { D, DOMAINS, Internet, MX, type Outcome, PRIMARY, SECOND, SECONDARY } from './internet.ts';
import { type Sender, startSender, type Zone } from './sender.ts';

const CLOCK = join(import.meta.dirname, '..', 'docs', 'frozen-clock.mjs');
const [MX1, MX2] = [`mx1.${D}`, `mx2.${D}`];
const ID = `_mta-sts.${D}`;
const DAY_SECONDS = 86_400;
const programs = ['named', 'dig', 'nsupdate', 'openssl', 'mta-sts-daemon'];
const missing = programs.find((program) => findProgram(program) === null);
const reason = missing === undefined ? namespaceFault() : `${missing} is not installed`;

describeUnless(reason, 'two domains, as postfix-mta-sts-resolver sees them', () => {
  const senders: Sender[] = [];
  let net: Internet;
  let config: string;
  let poller: RunningServer;

  beforeAll(async () => {
    net = new Internet();
    config = join(net.dir, 'domains.yaml');
    await net.start();
    senders.push(
      ...(await Promise.all([startSender(net, 'sender1', PRIMARY), startSender(net, 'sender2', SECONDARY)])),
    );
    const script = join(import.meta.dirname, 'poller.ts');
    const servers = `${PRIMARY},${SECONDARY}`;
    poller = await net.serve('poller', [process.execPath, script, net.ca.file, servers, ...DOMAINS]);
  });

  // A stage that failed leaves no lag to the next one.
  afterEach(() => net.catchUp());

  afterAll(() => net.stop());

  it('knows no policy before stsync ran', async () => {
    for (const domain of DOMAINS) expect(await seen('strict', domain)).toEqual([null, null]);
  });

  it('sees testing after the first run, and does not enforce it', async () => {
    write({ first: `mx: [${MX1}]`, second: `mx: [mx1.${SECOND}]` });
    await sync(0, '2 domains: 2 changed');
    for (const domain of DOMAINS) {
      expect(await seen('default', domain)).toEqual([null, null]);
      expect(await seen('strict', domain)).toEqual([[`mx1.${domain}`], [`mx1.${domain}`]]);
    }
    await sync(0, '2 domains: 2 in sync');
  });

  it('enforces for the domain whose MX offers STARTTLS, and for the other when it does', async () => {
    write({ first: `mx: [${MX1}], mode: enforce`, second: `mx: [mx1.${SECOND}], mode: enforce` });
    await sync(3, `enforce would refuse mx1.${SECOND}, which offers no STARTTLS`, '2 domains: 1 held, 1 changed');
    expect(await seen('default', D)).toEqual([[MX1], [MX1]]);
    expect(await seen('default', SECOND)).toEqual([null, null]);

    await moveSecondMx(MX.bare, MX.expired);
    await sync(3, 'not valid: expired on', '2 domains: 1 held, 1 in sync');
    expect(await seen('default', SECOND)).toEqual([null, null]);

    await moveSecondMx(MX.expired, MX.good);
    await sync(0, '2 domains: 1 changed, 1 in sync');
    expect(await seen('default', SECOND)).toEqual([[`mx1.${SECOND}`], [`mx1.${SECOND}`]]);
  });

  it('is content with either name server while a wider policy spreads', async () => {
    const both = `mx: [${MX1}, ${MX2}], mode: enforce`;
    expect((await when('--add-mx', MX2)).output).toContain(`the policy served now refuses ${MX2}`);
    net.lag();
    write({ first: both });
    await sync(0, 'not every name server shows it yet', '2 domains: 1 waiting, 1 in sync', { patienceMs: 100 });
    expect(await net.dig(PRIMARY, ID, 'TXT')).not.toBe(await net.dig(SECONDARY, ID, 'TXT'));
    expect(await seen('default', D)).toEqual([[MX1, MX2], [MX1]]);
    await sync(0, 'not every name server shows it yet', '2 domains: 1 waiting, 1 in sync');
    expect((await when('--add-mx', MX2)).output).toContain('has not been replaced at every name server yet');

    await catchUp();
    await sync(0, '2 domains: 2 in sync');
    expect(await seen('default', D)).toEqual([
      [MX1, MX2],
      [MX1, MX2],
    ]);
  });

  it('refuses no new MX that is added when `stsync when` says so', async () => {
    const answer = await when('--add-mx', MX2, '--format', 'json');
    expect(answer.code).toBe(2);
    const safe = dateIn(answer.output, 'allSenders');
    expect(safe.getTime()).toBeGreaterThan(Date.now() + (DAY_SECONDS - 60) * 1000);
    expect((await when('--add-mx', MX2, { at: new Date(safe.getTime() - 1000) })).code).toBe(2);
    expect(await when('--add-mx', MX2, { at: safe })).toMatchObject({ code: 0 });
    const watching = dateIn(answer.output, 'idWatchingSenders');
    expect(await when('--add-mx', MX2, '--id-watching', { at: watching })).toMatchObject({ code: 0 });

    await net.change(D, `add ${D}. 1 MX 20 ${MX2}.`);
    await catchUp();
    await sync(0, '2 domains: 2 in sync');
  });

  it('holds mail to the MX that is left, once resolvers have forgotten the other', async () => {
    write({ first: `mx: [${MX2}], mode: enforce` });
    await sync(3, `${MX1} stays: ${MX1} is in MX`, '2 domains: 1 drift, 1 in sync');
    expect(await seen('default', D)).toEqual([
      [MX1, MX2],
      [MX1, MX2],
    ]);

    await net.change(D, `delete ${D}. MX 10 ${MX1}.`);
    await catchUp();
    await sync(0, `${MX1} stays until resolvers forget the MX it covers`, '2 domains: 1 waiting, 1 in sync');
    // The TTL of the MX is a second.
    await syncUntil('2 domains: 1 changed, 1 in sync');
    expect(await seen('default', D)).toEqual([[MX2], [MX2]]);
  });

  it('finds the policy at the new policy host, and the old one serves whoever still goes there', async () => {
    const id = await net.dig(PRIMARY, ID, 'TXT');
    net.lag();
    write({ first: `mx: [${MX2}], mode: enforce`, host: 'policies2' });
    await sync(0, `± mta-sts.${D} CNAME`, { patienceMs: 100 });
    expect(await net.dig(PRIMARY, `mta-sts.${D}`, 'CNAME')).toBe(`policies2.${D}.`);
    expect(await net.dig(SECONDARY, `mta-sts.${D}`, 'CNAME')).toBe(`policies.${D}.`);
    // A policy that changes now is served at the new host alone, and who asks the secondary goes to the old one. No id may tell of it, also
    // not when the TTL has passed that the old record has at the primary: a second.
    write({ first: `mx: [${MX2}], mode: enforce, maxAge: 2d`, host: 'policies2' });
    for (const until = Date.now() + 2000; Date.now() < until;) {
      const { output } = await run({ patienceMs: 100 });
      expect(output).toContain('2 domains: 1 waiting, 1 in sync');
      expect(await net.dig(PRIMARY, ID, 'TXT')).toBe(id);
    }

    await catchUp();
    await syncUntil('2 domains: 1 changed, 1 in sync');
    expect(await net.dig(PRIMARY, ID, 'TXT')).not.toBe(id);
    rmSync(join(net.dir, 'www', `mta-sts.${D}`), { recursive: true });
    expect(await seen('default', D)).toEqual([[MX2], [MX2]]);
    const newcomer = await startSender(net, 'sender3', SECONDARY);
    expect(await newcomer.ask('default', D)).toEqual([MX2]);
  });

  it('lets go when the domain shall be absent, and the records stay for who has not looked', async () => {
    write({ first: 'absent: true', host: 'policies2' });
    await sync(0, '2 domains: 1 waiting, 1 in sync');
    expect(await seen('strict', D)).toEqual([null, null]);
    for (const server of [PRIMARY, SECONDARY]) {
      for (const name of [ID, `_smtp._tls.${D}`]) expect(await net.dig(server, name, 'TXT')).toContain('v=');
      expect(await net.dig(server, `mta-sts.${D}`, 'CNAME')).toBe(`policies2.${D}.`);
    }
  });

  it('has nothing left of it when the last copy has run out', async () => {
    const end = dateIn((await when('--remove-policy', '--format', 'json')).output, 'allSenders');
    const laterSeconds = (end.getTime() - Date.now()) / 1000;
    expect(laterSeconds).toBeGreaterThan(2 * DAY_SECONDS - 60);
    await sync(0, '2 domains: 1 waiting, 1 in sync', { laterSeconds: laterSeconds - 60 });
    expect(await net.dig(PRIMARY, ID, 'TXT')).toContain('v=STSv1');

    await sync(0, `- ${ID} TXT`, '2 domains: 1 changed, 1 in sync', { laterSeconds });
    await catchUp();
    for (const server of [PRIMARY, SECONDARY]) {
      for (const name of [ID, `_smtp._tls.${D}`]) expect(await net.dig(server, name, 'TXT')).toBe('');
      expect(await net.dig(server, `mta-sts.${D}`, 'CNAME')).toBe('');
    }
    expect(existsSync(join(net.dir, 'www2', `mta-sts.${D}`, '.well-known', 'mta-sts.txt'))).toBe(false);
    await sync(0, '2 domains: 2 in sync');
    expect(await seen('strict', D)).toEqual([null, null]);
    expect(await seen('default', SECOND)).toEqual([[`mx1.${SECOND}`], [`mx1.${SECOND}`]]);
  });

  it('could at no moment have fetched an older body under a newer id', async () => {
    await poller.stop();
    // The last line may be half a line.
    const looks = poller
      .log()
      .split('\n')
      .slice(0, -1)
      .map((line): Look => JSON.parse(line));
    // testing, enforce, a host more, a host less, max_age, none; testing, enforce.
    const ids = { [D]: 6, [SECOND]: 2 };
    for (const domain of DOMAINS) {
      const mine = looks.filter((look) => look.domain === domain);
      expect(wrongFetches(mine)).toEqual([]);
      const announced = announcedIds(mine);
      expect(announced).toHaveLength(ids[domain]);
      const hashes = new Set(mine.flatMap(({ fetched }) => fetched.map(({ hash }) => hash)));
      expect(announced.filter((id) => !hashes.has(id.slice(14)))).toEqual([]);
    }
    expect(looks.filter(isLagging).length).toBeGreaterThan(10);
    expect(looks.filter(({ fetched }) => fetched.length === 2).length).toBeGreaterThan(10);
  });

  /** What both senders say. */
  function seen(zone: Zone, domain: string): Promise<readonly (readonly string[] | null)[]> {
    return Promise.all(senders.map((sender) => sender.ask(zone, domain)));
  }

  interface Wanted {
    readonly first: string;
    readonly second?: string;
    readonly host?: 'policies' | 'policies2';
  }

  function write({ first, second = `mx: [mx1.${SECOND}], mode: enforce`, host = 'policies' }: Wanted): void {
    writeFileSync(
      config,
      `version: 1
providers:
  main: { type: rfc2136, server: "${PRIMARY}:53", keyFile: ./stsync.key }
world: { caFile: ${net.ca.file}, allowPrivateAddresses: true }
defaults: { ttl: 1, tlsReports: ["mailto:tls@${D}"] }
domains:
  ${D}: { ${first}, ${publisher(host === 'policies' ? 'www' : 'www2', `${host}.${D}`)} }
  ${SECOND}: { ${second}, ${publisher('www', `policies.${SECOND}`)} }
`,
    );
  }

  interface Handed {
    /** So far ahead is the clock. */
    readonly laterSeconds?: number;
    /** How long a run waits for a change to spread, not half a minute. */
    readonly patienceMs?: number;
  }

  /** The built command; with a clock or patience of its own, its services. */
  function run(handed: Handed = {}): Promise<Outcome> {
    const { laterSeconds = 0, patienceMs = 30_000 } = handed;
    const script = [join(import.meta.dirname, 'sync-at.ts'), config, `${laterSeconds}`, `${patienceMs}`];
    const command = Object.keys(handed).length === 0 ? [main, 'sync', '--config', config] : script;
    return net.run([process.execPath, ...command]);
  }

  async function sync(code: number, ...rest: readonly (string | Handed)[]): Promise<void> {
    const outcome = await run(Object.assign({}, ...rest.filter((one) => typeof one !== 'string')));
    for (const line of rest) if (typeof line === 'string') expect(outcome.output).toContain(line);
    expect(outcome).toMatchObject({ code });
  }

  /** Again and again, as the schedule does. */
  async function syncUntil(line: string): Promise<void> {
    await expect.poll(async () => (await run()).output, { timeout: 15_000 }).toContain(line);
  }

  function when(...rest: readonly (string | { readonly at: Date })[]): Promise<Outcome> {
    const args = rest.filter((one) => typeof one === 'string');
    const [clock] = rest.filter((one) => typeof one !== 'string');
    const preload = clock === undefined ? [] : ['--import', CLOCK];
    const env = clock === undefined ? {} : { STSYNC_TEST_NOW: clock.at.toISOString() };
    return net.run([process.execPath, ...preload, main, 'when', D, ...args, '--config', config], { env });
  }

  async function moveSecondMx(from: string, to: string): Promise<void> {
    await net.change(SECOND, `delete mx1.${SECOND}. A ${from}`, `add mx1.${SECOND}. 1 A ${to}`);
    await catchUp();
  }

  async function catchUp(): Promise<void> {
    net.catchUp();
    await expect.poll(() => net.isCaughtUp(), { timeout: 10_000 }).toBe(true);
  }
});

/** In this look one name server was behind. */
function isLagging({ before: [first, second] }: Look): boolean {
  return first !== second;
}

/** Each domain has a name of its own for its host: the name servers are the resolvers here, and BIND follows a CNAME only within its zone. */
function publisher(folder: string, hostname: string): string {
  return `publisher: { type: directory, directory: ./${folder}, hostname: ${hostname} }`;
}

/** A date of `stsync when --format json`. */
function dateIn(json: string, name: 'allSenders' | 'idWatchingSenders'): Date {
  const answer: Record<typeof name, string | null> = JSON.parse(json);
  const text = answer[name];
  if (text === null) throw new Error(`no ${name} in ${json}`);
  return new Date(text);
}
