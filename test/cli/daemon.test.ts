import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDirectory } from '../effects/temp-directory.ts';
import { DEAF_RELOAD, Folder, HELD_RELOAD } from './daemon-rig.ts';

describe('stsync daemon', () => {
  test('syncs at its start, logs JSON to stderr and nothing to stdout, and ends with 0 at SIGTERM', async () => {
    const folder = new Folder();
    const daemon = folder.start();
    expect(await daemon.run(1)).toMatchObject({ level: 'info', reasons: ['start'], domains: 1, changed: 1 });
    expect(folder.policy()).toContain('mx: mx1.example.net\r\n');
    const { code, signal, stdout, stderr } = await daemon.stop();
    expect([code, signal, stdout]).toEqual([0, null, '']);
    for (const line of stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('time');
    expect(daemon.lines[0]).toMatchObject({ msg: 'stsync daemon starts', pid: daemon.pid, schedule: '*/15 * * * *' });
    expect(daemon.lines.at(-1)).toMatchObject({ msg: 'stsync daemon stopped', pid: daemon.pid });
  });

  test('with a config that has faults says them all and ends with 1, as sync does', async () => {
    const folder = new Folder({ top: 'shedule: "* * * * *"' });
    const { code, stderr } = await folder.cli('daemon');
    expect(code).toBe(1);
    expect(stderr).toContain('domains.yaml:2:1: UNKNOWN_KEY');
    expect(stderr).toContain('BAD_CONFIG 1 fault; nothing was done');
  });

  test('runs by its schedule', async () => {
    const folder = new Folder({ top: 'schedule: "* * * * * *"' });
    const daemon = folder.start();
    await daemon.run(1);
    expect(await daemon.run(2)).toMatchObject({ reasons: ['schedule'], 'in sync': 1 });
    expect((await daemon.stop()).code).toBe(0);
  });

  test('tells systemd that it is ready, and that it stops', async () => {
    const bin = tempDirectory();
    writeFileSync(join(bin, 'systemd-notify'), `#!/bin/sh\necho "$@" >> '${bin}/told'\n`, { mode: 0o755 });
    const folder = new Folder();
    const daemon = folder.start({ PATH: `${bin}:${process.env['PATH'] ?? ''}`, NOTIFY_SOCKET: '/run/none' });
    await daemon.run(1);
    await daemon.stop();
    expect(readFileSync(join(bin, 'told'), 'utf8')).toBe('READY=1 STATUS=working\nSTOPPING=1\n');
  });
});

describe('a change of the YAML', () => {
  test('is synced at once, and the journal has the commit of each', async () => {
    const folder = new Folder();
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-C', folder.path, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        encoding: 'utf8',
      }).trim();
    git('init', '-q');
    git('add', 'domains.yaml');
    git('commit', '-qm', 'first');
    folder.yaml({ mx: 'mx1.example.net, mx2.example.net' });
    git('commit', '-qam', 'second');
    const commits = git('log', '--format=%H', '--reverse').split('\n');
    git('reset', '-q', '--hard', 'HEAD~1');
    const daemon = folder.start();
    await daemon.run(1);
    // As a pull does it: the file and its commit come together.
    git('reset', '-q', '--hard', commits[1] ?? '');
    expect(await daemon.run(2)).toMatchObject({ reasons: ['config'], changed: 1 });
    expect(folder.policy()).toContain('mx: mx2.example.net\r\n');
    await daemon.stop();
    const journal = await folder.journal();
    expect(journal.ids).toHaveLength(2);
    expect(journal.commits).toEqual(commits);
  });

  test('with a fault is refused whole: what was in force stays so, also for SIGHUP, until it is mended', async () => {
    const folder = new Folder();
    const daemon = folder.start();
    await daemon.run(1);
    const id = folder.id();
    folder.yaml({ mx: 'mx1.example.net, mx2.example.net, "*.*"' });
    const refused = await daemon.line('config refused');
    expect(refused).toMatchObject({
      level: 'error',
      faults: [expect.stringMatching(/^domains\.yaml:\d+:\d+: BAD_PATTERN$/)],
    });
    daemon.kill('SIGHUP');
    expect(await daemon.run(2)).toMatchObject({ reasons: ['sighup'], 'in sync': 1 });
    expect(folder.id()).toBe(id);
    folder.yaml({ mx: 'mx1.example.net, mx2.example.net' });
    await daemon.line('config in force');
    expect(await daemon.run(3)).toMatchObject({ reasons: ['config'], changed: 1 });
    expect(folder.id()).not.toBe(id);
    expect((await daemon.stop()).code).toBe(0);
  });

  test('of a secret in its file is a change of the config; a command that prints it prints [redacted] into the log', async () => {
    const folder = new Folder();
    mkdirSync(join(folder.path, 'keys'));
    folder.write('keys/tsig', 'b2xkLXNlY3JldA==\n');
    const tsig = '{ name: key.example.net, algorithm: hmac-sha256, secret: "${file:./keys/tsig}" }';
    const check = 'check: "cat keys/tsig; exit 1"';
    folder.yaml({ provider: `, ${check} }, other: { type: rfc2136, server: 127.0.0.1, tsig: ${tsig}` });
    const daemon = folder.start();
    expect(await daemon.line('example.com: failed')).toMatchObject({
      findings: [expect.stringContaining('[redacted]')],
    });
    folder.write('keys/tsig', 'bmV3LXNlY3JldA==\n');
    expect(await daemon.run(2)).toMatchObject({ reasons: ['config'] });
    folder.write('zones/example.com.zone', '');
    daemon.kill('SIGHUP');
    await daemon.run(3);
    const { stderr } = await daemon.stop();
    expect(stderr).not.toMatch(/b2xkLXNlY3JldA|bmV3LXNlY3JldA/);
  });

  test('of `state` is refused: it would be another daemon', async () => {
    const folder = new Folder();
    const daemon = folder.start();
    await daemon.run(1);
    folder.yaml({ top: 'state: ./other.db' });
    expect((await daemon.line('config refused')).msg).toContain('`state`');
    await daemon.stop();
  });
});

describe('SIGHUP', () => {
  test('reads the config and syncs, although nothing changed', async () => {
    const folder = new Folder();
    const daemon = folder.start();
    await daemon.run(1);
    daemon.kill('SIGHUP');
    await daemon.line('config in force');
    expect(await daemon.run(2)).toMatchObject({ reasons: ['sighup'], 'in sync': 1 });
    expect((await daemon.stop()).code).toBe(0);
  });
});

describe('a stop', () => {
  test('in the middle of a step ends within 10 s with 0; the next start finishes it under the same id', async () => {
    // Takes no notice of SIGTERM.
    const folder = new Folder({
      provider: DEAF_RELOAD,
    });
    const daemon = folder.start();
    await folder.file('held');
    const startMs = performance.now();
    const { code } = await daemon.stop();
    expect(code).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(10_000);
    expect((await folder.journal()).outcomes).not.toContain('started');
    folder.write('go', '');
    const next = folder.start();
    await next.run(1);
    await next.stop();
    expect((await folder.journal()).ids).toEqual([folder.id()]);
  });

  test('asked for twice ends at once', async () => {
    const folder = new Folder({
      provider: DEAF_RELOAD,
    });
    const daemon = folder.start();
    await folder.file('held');
    daemon.kill('SIGTERM');
    await daemon.line('stopping');
    const { code } = await daemon.stop();
    expect(code).toBe(143);
  });
});

describe('a second daemon', () => {
  test('stands by, and takes over when the first one is killed, without a second rotation', async () => {
    const folder = new Folder();
    const first = folder.start();
    await first.run(1);
    const id = folder.id();
    const second = folder.start();
    expect(await second.line('another daemon works')).toMatchObject({
      holder: expect.stringContaining(`pid ${first.pid} `),
    });
    // It leaves SIGHUP and the YAML to the first one.
    second.kill('SIGHUP');
    first.kill('SIGHUP');
    await first.run(2);
    expect(second.lines.some(({ msg }) => msg === 'the run ended')).toBe(false);
    first.kill('SIGKILL');
    await first.ended;
    await second.line('the other daemon is gone');
    expect(await second.run(1)).toMatchObject({ reasons: ['takeover'], 'in sync': 1 });
    expect((await second.stop()).code).toBe(0);
    expect((await folder.journal()).ids).toEqual([id]);
  });

  test('takes over also from one that is killed in the middle of a step, and finishes it', async () => {
    const folder = new Folder({ provider: HELD_RELOAD });
    const first = folder.start();
    await folder.file('held');
    const second = folder.start();
    await second.line('another daemon works');
    first.kill('SIGKILL');
    folder.write('go', '');
    await second.run(1);
    await second.stop();
    expect(folder.policy()).toContain('mx1.example.net');
    expect((await folder.journal()).ids).toEqual([folder.id()]);
  });

  test('ends with 0 at SIGTERM while it stands by', async () => {
    const folder = new Folder();
    const first = folder.start();
    await first.run(1);
    const second = folder.start();
    await second.line('another daemon works');
    expect((await second.stop()).code).toBe(0);
    first.kill('SIGHUP');
    await first.run(2);
    await first.stop();
  });
});

describe('sync beside a daemon', () => {
  test('is LOCKED while a run of the daemon is on, and waits for it with --wait', async () => {
    const folder = new Folder({ provider: HELD_RELOAD });
    const daemon = folder.start();
    await folder.file('held');
    const locked = await folder.cli('sync');
    expect(locked.code).toBe(1);
    expect(locked.stderr).toContain(`LOCKED`);
    expect(locked.stderr).toContain(`pid ${daemon.pid} `);
    const waiting = folder.cli('sync', '--wait', '60');
    folder.write('go', '');
    expect((await waiting).code).toBe(0);
    await daemon.run(1);
    await daemon.stop();
    expect((await folder.journal()).ids).toEqual([folder.id()]);
  });

  test('keeps a run of the daemon waiting while it is on, and both end well', async () => {
    const folder = new Folder();
    const daemon = folder.start();
    await daemon.run(1);
    folder.yaml({ provider: HELD_RELOAD }, 'held.yaml');
    const sync = folder.cli('sync', 'example.com', '--rotate', '--config', 'held.yaml');
    await folder.file('held');
    daemon.kill('SIGHUP');
    await daemon.line('a run begins', 2);
    folder.write('go', '');
    expect((await sync).code).toBe(0);
    expect(await daemon.run(2)).toMatchObject({ reasons: ['sighup'], 'in sync': 1 });
    await daemon.stop();
    const { ids } = await folder.journal();
    expect(ids).toHaveLength(2);
    expect(ids.at(-1)).toBe(folder.id());
  });
});

/** A daemon after another, each with two runs and its own end; gives what their logs told of the domain. */
async function livesOf(folder: Folder, ends: readonly NodeJS.Signals[]): Promise<readonly string[]> {
  const told: string[] = [];
  for (const signal of ends) {
    const daemon = folder.start();
    await daemon.run(1);
    // Its lines of domains, if any, come before this one.
    daemon.kill('SIGHUP');
    await daemon.run(2);
    daemon.kill(signal);
    await daemon.ended;
    told.push(...daemon.lines.filter(({ msg }) => msg.startsWith('example.com:')).map(({ msg }) => msg));
  }
  return told;
}

describe('a restart', () => {
  test('rotates nothing, and the log tells no change of status again', async () => {
    const folder = new Folder();
    const told = await livesOf(folder, ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM']);
    expect(told).toEqual(['example.com: changed', 'example.com: in sync']);
    expect((await folder.journal()).ids).toEqual([folder.id()]);
  });

  test('knows since when a domain has its status, and tells it once', async () => {
    // A live MX that no pattern covers stays drift: MX is never written.
    const folder = new Folder({ mx: 'mx9.example.net' });
    expect(await livesOf(folder, ['SIGTERM', 'SIGKILL', 'SIGTERM'])).toEqual(['example.com: drift']);
  });
});
