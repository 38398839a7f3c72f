/**
 * One daemon from its start to its end, as a team lives with it: pushes good and broken, a provider that fails, a domain that leaves. After
 * each, what the sender sees (Debian's postfix-mta-sts-resolver), what the journal, health and metrics say, and what people were told. All
 * the time pollers look for what no sender may ever see. The command is the built one.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { namespaceFault } from '../servers/namespace.ts';
import { describeUnless, findProgram } from '../servers/programs.ts';
import type { RunningServer } from '../servers/run.ts';
import { main } from '../support/built-cli.ts';
import { announcedIds, type Look, wrongFetches } from './fetches.ts';
import { D, PRIMARY, SECONDARY } from './internet.ts';
import type { Told } from './office.ts';
import { type Sender, startSender } from './sender.ts';
import { C, CLOUD, RESOLVER, Town, type Wanted } from './town.ts';

const [MX1, MX2, MX3] = [`mx1.${D}`, `mx2.${D}`, `mx3.${D}`];
const programs = ['named', 'dig', 'nsupdate', 'openssl', 'git', 'mta-sts-daemon'];
const missing = programs.find((program) => findProgram(program) === null);
const reason = missing === undefined ? namespaceFault() : `${missing} is not installed`;

describeUnless(reason, 'a team with a repository and a daemon', () => {
  const pollers = new Map<string, RunningServer>();
  const commits: string[] = [];
  let town: Town;
  let sender: Sender;
  let wanted: Wanted = { [D]: [MX1], [C]: [MX1] };
  /** Of each domain as last seen. */
  let ids: Readonly<Record<string, string | null>> = {};

  beforeAll(async () => {
    town = new Town();
    await town.start();
    sender = await startSender(town.net, 'sender', RESOLVER);
    for (const [domain, servers] of Object.entries({ [D]: `${PRIMARY},${SECONDARY}`, [C]: CLOUD })) {
      const command = [process.execPath, join(import.meta.dirname, 'poller.ts'), town.net.ca.file, servers, domain];
      pollers.set(domain, await town.net.serve(`poller-${domain}`, command));
    }
    town.writeLocal({ interval: '5s' });
    push({});
    await town.startDaemon();
  });

  // A stage that failed leaves no outage to the next one.
  afterEach(() => town.cloud('mend'));

  afterAll(() => town.stop());

  it('has both domains published by the first run, each step under the commit', async () => {
    const { role, config } = await town.synced(newest());
    expect([role, config.commit]).toEqual(['leader', newest()]);
    await expectSeen(D, [MX1]);
    await expectSeen(C, [MX1]);
    await expectRotated(D, C);
    await expectMetrics({ 'stsync_domains{status="changed"}': 2, stsync_leader: 1, stsync_orphans: 0 });
    expect(
      (await town.metrics()).get('stsync_provider_calls_total{provider="cloud",operation="apply",outcome="ok"}'),
    ).toBe(3);
    await expectHealth();
    await town.again();
    await expectMetrics({ 'stsync_domains{status="in sync"}': 2, 'stsync_domains{status="changed"}': 0 });
    await expectRotated();
    await expectTold([]);
  });

  it('announces an MX that a commit adds, under one new id', async () => {
    push({ [D]: [MX1, MX2] });
    expect((await town.synced(newest())).lastRun?.reason).toBe('git');
    await expectSeen(D, [MX1, MX2]);
    await expectRotated(D);
    const steps = (await town.journal()).filter(({ commit }) => commit === newest());
    expect(new Set(steps.map(({ domain }) => domain))).toEqual(new Set([D]));
    expect(steps.filter(({ name, kind }) => name === `_mta-sts.${D}` && kind === 'upsert')).toMatchObject([
      { outcome: 'done' },
    ]);
    await expectHealth();
    await expectTold([]);
  });

  it('refuses a broken commit whole, goes on with the last good one, and says so once', async () => {
    const good = newest();
    // The change of the other domain is good, and waits with it.
    push({ [D]: [MX1, MX2, '*.*'], [C]: [MX1, MX2] });
    const { config, refused } = await town.refused(newest());
    expect(config.commit).toBe(good);
    expect(refused?.faults).toEqual([expect.stringMatching(/domains\.yaml:\d+:\d+: BAD_PATTERN /)]);
    await expectMetrics({ stsync_config_refused: 1, 'stsync_domains{status="failed"}': 0 });
    await expectHealth();
    await town.again();
    await expectRotated();
    await expectSeen(D, [MX1, MX2]);
    await expectSeen(C, [MX1]);
    expect((await town.journal()).filter(({ commit }) => commit === newest())).toEqual([]);
    await expectTold(['config refused']);
    expect(JSON.parse(town.told().find(({ by }) => by === 'webhook')?.text ?? '')).toMatchObject({
      commit: good,
      config: { event: 'refused', commit: newest(), message: expect.stringContaining('BAD_PATTERN') },
    });
  });

  it('takes the commit that mends it', async () => {
    push({ [D]: [MX1, MX2, MX3], [C]: [MX1] });
    expect((await town.synced(newest())).refused).toBe(null);
    await expectSeen(D, [MX1, MX2, MX3]);
    await expectRotated(D);
    await expectMetrics({ stsync_config_refused: 0 });
    await expectTold(['config refused', 'config accepted']);
  });

  it('looks at the repository at once for a signed hook, however long the interval is', async () => {
    const { loadedAt } = (await town.status()).config;
    town.writeLocal({ interval: '1d' });
    await expect.poll(async () => (await town.status()).config.loadedAt, POLL).not.toBe(loadedAt);
    push({ [C]: [MX1, MX2] });
    expect(await town.hook('another secret')).toBe(401);
    expect(await town.hook()).toBe(202);
    expect((await town.synced(newest())).lastRun?.reason).toBe('hook');
    await expectSeen(C, [MX1, MX2]);
    await expectRotated(C);
    await expectHealth();
  });

  it('tells once of a provider that fails and once that it is well, and loses no step', async () => {
    await town.cloud('break');
    push({ [C]: [MX1, MX2, MX3], [D]: [MX1, MX2] });
    expect(await town.hook()).toBe(202);
    await town.synced(newest());
    await expectMetrics({ 'stsync_domains{status="failed"}': 1 });
    // The other domain is none the worse for it: it drops a pattern.
    await expectSeen(D, [MX1, MX2]);
    await expectSeen(C, [MX1, MX2]);
    await expectRotated(D);
    await expectHealth();
    await town.again();
    await expectTold(['config refused', 'config accepted', `${C} failed`]);

    await town.cloud('mend');
    await town.again();
    await expectMetrics({ 'stsync_domains{status="failed"}': 0 });
    await expectSeen(C, [MX1, MX2, MX3]);
    await expectRotated(C);
    await expectTold(['config refused', 'config accepted', `${C} failed`, `${C} recovered`]);
  });

  it('goes on serving a domain that leaves the repository, and finds it as it was when it comes back', async () => {
    const { records, writes } = await town.cloud();
    push({ [C]: null });
    expect(await town.hook()).toBe(202);
    expect((await town.synced(newest())).orphans).toEqual([C]);
    await expectMetrics({ stsync_orphans: 1 });
    await town.again();
    await expectSeen(C, [MX1, MX2, MX3]);
    expect(existsSync(join(town.net.dir, 'www', `mta-sts.${C}`, '.well-known', 'mta-sts.txt'))).toBe(true);
    push({ [C]: [MX1, MX2, MX3] });
    expect(await town.hook()).toBe(202);
    expect((await town.synced(newest())).orphans).toEqual([]);
    expect(await town.cloud()).toMatchObject({ records, writes });
    await expectRotated();
    await expectMetrics({ stsync_orphans: 0, 'stsync_domains{status="in sync"}': 2 });
    await expectTold(['config refused', 'config accepted', `${C} failed`, `${C} recovered`]);
  });

  it('has every step in its log with the commit it came from, and ends in order', async () => {
    const { output } = await town.net.run([process.execPath, main, 'log', '--config', town.config]);
    const named = commits.filter((commit) => output.includes(`from commit ${commit.slice(0, 12)}`));
    const [first, second, , mend, hooked, faulty] = commits;
    expect(named).toEqual([first, second, mend, hooked, faulty]);
    await town.stopDaemon();
    expect(town.lines().at(-1)).toMatchObject({ msg: 'stsync daemon stopped' });
    expect((await town.cloud()).violations).toEqual([]);
  });

  it('could at no moment have fetched an older body under a newer id', async () => {
    for (const [domain, rotations] of Object.entries({ [D]: 4, [C]: 3 })) {
      await pollers.get(domain)?.stop();
      // The last line may be half a line.
      const lines = (pollers.get(domain)?.log() ?? '').split('\n').slice(0, -1);
      const looks = lines.map((line): Look => JSON.parse(line));
      expect(wrongFetches(looks)).toEqual([]);
      expect(announcedIds(looks)).toHaveLength(rotations);
      expect(looks.length).toBeGreaterThan(50);
    }
  });

  function push(change: Partial<Wanted>): void {
    wanted = { ...wanted, ...change };
    commits.push(town.push(wanted));
  }

  function newest(): string {
    return commits.at(-1) ?? '';
  }

  /** The resolver may remember for a second. */
  async function expectSeen(domain: string, mx: readonly (string | undefined)[]): Promise<void> {
    await expect.poll(() => sender.ask('default', domain), POLL).toEqual(mx);
  }

  /** These have another id than when this was last asked, the others have the same. */
  async function expectRotated(...domains: readonly string[]): Promise<void> {
    const before = ids;
    ids = { [D]: await town.id(D), [C]: await town.id(C) };
    expect(Object.values(ids)).not.toContain(null);
    expect(Object.keys(ids).filter((domain) => ids[domain] !== before[domain])).toEqual(domains);
  }

  async function expectMetrics(series: Readonly<Record<string, number>>): Promise<void> {
    const found = await town.metrics();
    expect(Object.fromEntries(Object.keys(series).map((name) => [name, found.get(name)]))).toEqual(series);
  }

  /** Neither a broken commit nor a provider is a reason to restart the daemon. */
  async function expectHealth(): Promise<void> {
    expect([(await town.ask('/healthz')).status, (await town.ask('/readyz')).status]).toEqual([200, 200]);
  }

  /** This and no more, to the web hook and by mail alike. */
  async function expectTold(summaries: readonly string[]): Promise<void> {
    await expect.poll(() => summariesOf(town.told()), POLL).toEqual({ webhook: summaries, mail: summaries });
  }
});

const POLL = { timeout: 10_000, interval: 50 } as const;

/** What people were told, without the details. */
function summariesOf(told: readonly Told[]): Readonly<Record<Told['by'], readonly string[]>> {
  const of = (by: Told['by']): readonly string[] => told.filter((one) => one.by === by).map(({ text }) => text);
  return {
    webhook: of('webhook').map((text) => {
      const { summary }: { readonly summary: string } = JSON.parse(text);
      return summary;
    }),
    mail: of('mail').map((text) => /^Subject: stsync: (.*)\r$/m.exec(text)?.[1] ?? text),
  };
}
