/** The built `stsync daemon` on a config with `source:`: a bare repository on this disk is what it follows. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { linesOf, standIn, type TestRepository, testRepository } from '../effects/git-repository.ts';
import { describeWith } from '../servers/programs.ts';
import { type Daemon, Folder } from './daemon-rig.ts';

const GOOD = 'domains: { example.com: { mx: [mx1.example.net] } }\n';
const OTHER = 'domains: { example.com: { mx: [mx1.example.net, mx2.example.net] } }\n';
const BROKEN = 'domains: { example.com: { mx: [mx1.example.net, mx3.example.net], mod: none } }\n';

/** Secrets, provider and publisher are local; the repository holds the domains. */
class SourceFolder extends Folder {
  readonly repository: TestRepository = testRepository();

  /** `interval`: a day, where a test shall see that something else asked. */
  local({ git = this.repository.path, path = '.', interval = '5', top = '' } = {}): void {
    this.write(
      'domains.yaml',
      `version: 1
${top}
source: { git: ${git}, path: ${path}, interval: ${interval} }
providers: { local: { type: zonefile, directory: ./zones } }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
defaults: { provider: local, observe: provider }
`,
    );
  }

  push(yaml: string, name = 'a.yaml'): string {
    return this.repository.commit({ [name]: yaml });
  }

  /** The repository is gone until `isThere`. */
  reach(isThere: boolean): void {
    const away = `${this.repository.path}.away`;
    if (isThere) renameSync(away, this.repository.path);
    else renameSync(this.repository.path, away);
  }
}

function folderOf(options: Parameters<SourceFolder['local']>[0] = {}): SourceFolder {
  const folder = new SourceFolder();
  folder.local(options);
  return folder;
}

interface Status {
  readonly role: string;
  readonly config: { readonly commit: string };
  readonly refused: { readonly commit: string | null; readonly message: string; readonly faults: unknown[] } | null;
  readonly source: { readonly failure: { readonly message: string; readonly failures: number } | null };
}

async function statusAt(port: number): Promise<Status> {
  const status: Status = JSON.parse(await (await fetch(`http://127.0.0.1:${port}/api/v1/status`)).text());
  return status;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

const listen = (port: number): string => `daemon: { listen: "127.0.0.1:${port}" }`;

async function stopped(daemon: Daemon): Promise<void> {
  expect((await daemon.stop()).code).toBe(0);
}

async function workedOnce(folder: SourceFolder): Promise<void> {
  const daemon = folder.start();
  await daemon.run(1);
  await stopped(daemon);
}

async function stuckInTheFirstFetch() {
  const folder = folderOf({ interval: '1d' });
  folder.push(GOOD);
  const git = slowGit();
  git.hang(true);
  const first = folder.start();
  await git.hung(1);
  return { folder, git, first };
}

describeWith(['git'], 'the daemon on a config with a source', () => {
  test('fetches at its start, follows each push, refuses a broken one whole, and takes the mended one', async () => {
    const port = await freePort();
    const folder = folderOf({ top: listen(port) });
    const first = folder.push(GOOD);
    const daemon = folder.start();
    expect(await daemon.line('stsync daemon starts')).toMatchObject({ commit: first, domains: 1 });
    expect(await daemon.run(1)).toMatchObject({ reasons: ['start'], changed: 1 });
    expect(await statusAt(port)).toMatchObject({ config: { commit: first }, refused: null, source: { failure: null } });

    const second = folder.push(OTHER);
    expect(await daemon.run(2)).toMatchObject({ reasons: ['git'], changed: 1 });
    expect(folder.policy()).toContain('mx: mx2.example.net\r\n');
    expect((await folder.cli('log')).stdout).toContain(`from commit ${second.slice(0, 12)}`);

    const id = folder.id();
    const broken = folder.push(BROKEN);
    expect(await daemon.line('config refused')).toMatchObject({
      commit: broken,
      faults: [expect.stringMatching(/^source:a\.yaml:1:\d+: UNKNOWN_KEY$/)],
    });
    // The schedule, a hook or a signal goes on with the last good one.
    daemon.kill('SIGHUP');
    expect(await daemon.run(3)).toMatchObject({ reasons: ['sighup'], 'in sync': 1 });
    expect([folder.id(), folder.policy().includes('mx3')]).toEqual([id, false]);
    expect(await statusAt(port)).toMatchObject({
      config: { commit: second },
      refused: { commit: broken, faults: [expect.stringContaining('UNKNOWN_KEY')] },
    });

    const mended = folder.push(BROKEN.replace(', mod: none', ''));
    expect(await daemon.run(4)).toMatchObject({ reasons: ['git'], changed: 1 });
    expect(folder.policy()).toContain('mx: mx3.example.net\r\n');
    expect(await statusAt(port)).toMatchObject({ config: { commit: mended }, refused: null });
    await stopped(daemon);
    expect((await folder.journal()).commits).toEqual([first, second, mended]);
  });

  test('started again on a broken commit works with the last good one', async () => {
    const port = await freePort();
    const folder = folderOf({ top: listen(port) });
    const good = folder.push(GOOD);
    await workedOnce(folder);
    const id = folder.id();
    const broken = folder.push(BROKEN);
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
      const next = folder.start();
      expect(await next.run(1)).toMatchObject({ reasons: ['start'], 'in sync': 1 });
      expect(await next.line('config refused')).toMatchObject({ commit: broken });
      expect(await statusAt(port)).toMatchObject({ config: { commit: good }, refused: { commit: broken } });
      next.kill(signal);
      await next.ended;
    }
    expect(folder.id()).toBe(id);
    const last = folder.start();
    await last.run(1);
    folder.push(OTHER);
    expect(await last.run(2)).toMatchObject({ reasons: ['git'], changed: 1 });
    await stopped(last);
  });

  test('with a first commit that is broken ends with its faults', async () => {
    const folder = folderOf();
    folder.push(BROKEN);
    const { code, stderr } = await folder.start().ended;
    expect(code).toBe(1);
    expect(stderr).toContain('source:a.yaml:1:67: UNKNOWN_KEY `mod` is not a key of a domain');
    expect(stderr).toContain('BAD_CONFIG 1 fault; nothing was done');
  });

  test('with a repository that is not there ends with the reason and the cure', async () => {
    const folder = folderOf({ git: './none.git' });
    const { code, stderr } = await folder.start().ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^stsync: SOURCE_NOT_FOUND .*none\.git.*\n {2}\S/m);
  });

  test('with a repository that is away at the start works with the last good commit until it is back', async () => {
    const port = await freePort();
    const folder = folderOf({ top: listen(port) });
    const good = folder.push(GOOD);
    await workedOnce(folder);
    folder.reach(false);
    const next = folder.start();
    expect(await next.run(1)).toMatchObject({ reasons: ['start'], 'in sync': 1 });
    expect(await statusAt(port)).toMatchObject({
      config: { commit: good },
      refused: { commit: null, message: expect.stringMatching(/^SOURCE_/) },
      source: { failure: { message: expect.stringMatching(/^SOURCE_/) } },
    });
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toMatch(/^stsync_source_failed 1$/m);
    folder.reach(true);
    await next.line('the repository can be followed again');
    await next.line('config in force');
    expect(await statusAt(port)).toMatchObject({ refused: null, source: { failure: null } });
    // Each change of what is wrong is one line, however often it was tried.
    expect(next.lines.filter(({ msg }) => msg.startsWith('SOURCE_'))).toHaveLength(1);
    await stopped(next);
  });

  test('is asked at once at SIGHUP and by a web hook', async () => {
    const [port, secret] = [await freePort(), 'a secret of the hook'];
    const folder = folderOf({ interval: '1d', top: listen(port).replace('}', ', hooks: { secret: "${env:HOOK}" } }') });
    folder.push(GOOD);
    const daemon = folder.start({ HOOK: secret });
    await daemon.run(1);
    const commit = folder.push(OTHER);
    daemon.kill('SIGHUP');
    expect(await daemon.run(2)).toMatchObject({ reasons: ['sighup'], changed: 1 });
    expect(await daemon.line('config in force')).toMatchObject({ commit });
    const next = folder.push(GOOD);
    const headers = { 'x-gitlab-token': secret };
    const { status } = await fetch(`http://127.0.0.1:${port}/hooks/git`, { method: 'POST', headers, body: '{}' });
    expect(status).toBe(202);
    expect(await daemon.run(3)).toMatchObject({ reasons: ['hook'] });
    expect(await daemon.line('config in force', 2)).toMatchObject({ commit: next });
    await stopped(daemon);
  });

  test('refuses a commit without the path', async () => {
    const folder = folderOf({ path: 'dns' });
    const good = folder.push(GOOD, 'dns/a.yaml');
    const daemon = folder.start();
    expect(await daemon.line('stsync daemon starts')).toMatchObject({ commit: good });
    await daemon.run(1);
    const empty = folder.push(GOOD, 'elsewhere/a.yaml');
    const refused = await daemon.line('config refused');
    expect(refused).toMatchObject({ commit: empty, msg: expect.stringContaining('SOURCE_NOT_FOUND') });
    await stopped(daemon);
  });

  test('takes another repository, and one that is not there is refused in words', async () => {
    const folder = folderOf();
    folder.push(GOOD);
    const daemon = folder.start();
    await daemon.run(1);
    folder.local({ git: './none.git' });
    expect((await daemon.line('config refused')).msg).toContain('SOURCE_NOT_FOUND');
    expect(folder.policy()).toContain('mx1.example.net');
    const other = testRepository();
    const commit = other.commit({ 'b.yaml': OTHER });
    folder.local({ git: other.path });
    expect(await daemon.run(2)).toMatchObject({ reasons: ['config'], changed: 1 });
    expect(await daemon.line('config in force')).toMatchObject({ commit });
    await stopped(daemon);
  });

  test('stops at once while git runs, in the first fetch as later, and leaves no git behind', async () => {
    const { folder, git, first } = await stuckInTheFirstFetch();
    expect((await first.stop()).code).toBe(0);
    git.hang(false);
    const next = folder.start();
    await next.run(1);
    git.hang(true);
    next.kill('SIGHUP');
    await git.hung(2);
    const startMs = performance.now();
    await stopped(next);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(git.pids().map(isRunning)).toEqual([false, false]);
    expect(next.lines.filter(({ msg }) => msg.startsWith('config refused'))).toEqual([]);
  });
});

describeWith(['git'], 'a second daemon on a config with a source', () => {
  test('reads what the first one fetched, and asks the repository when it takes over', async () => {
    const folder = folderOf({ interval: '1d' });
    const good = folder.push(GOOD);
    const git = slowGit();
    const first = folder.start();
    await first.run(1);
    const second = folder.start();
    expect(await second.line('stsync daemon starts')).toMatchObject({ commit: good });
    await second.line('another daemon works on this state; standing by');
    const newer = folder.push(OTHER);
    expect(git.askedBy()).toEqual([first.pid]);
    first.kill('SIGKILL');
    expect(await second.run(1)).toMatchObject({ reasons: ['takeover'], changed: 1 });
    expect(git.askedBy()).toEqual([first.pid, second.pid]);
    await stopped(second);
    expect((await folder.journal()).commits).toEqual([good, newer]);
  });

  test('waits where nothing was fetched so far, and then does it itself', async () => {
    const { folder, git, first } = await stuckInTheFirstFetch();
    const second = folder.start();
    await second.line('another daemon works on this state and has fetched nothing so far');
    git.hang(false);
    first.kill('SIGKILL');
    for (const pid of git.pids()) process.kill(pid);
    expect(await second.run(1)).toMatchObject({ reasons: ['takeover'], changed: 1 });
    await stopped(second);
  });
});

/** Git, that notes who asks a repository, and while it is to hang does not answer. */
function slowGit(): {
  readonly hang: (isHanging: boolean) => void;
  /** Waits until so many have hung. */
  readonly hung: (count: number) => Promise<void>;
  readonly pids: () => readonly number[];
  readonly askedBy: () => readonly number[];
} {
  const script = `here=$(dirname "$0"); case "$*" in *ls-remote*)
    echo $PPID >> "$here/asked"; if test -e "$here/hang"; then echo $$ >> "$here/hung"; exec sleep 600; fi;; esac; exec "$real" "$@"`;
  const bin = standIn('git', script);
  const numbers = (name: string): readonly number[] => linesOf(join(bin, name)).map(Number);
  return {
    hang: (isHanging) => {
      if (isHanging) writeFileSync(join(bin, 'hang'), '');
      else rmSync(join(bin, 'hang'));
    },
    hung: (count) =>
      vi.waitFor(() => expect(numbers('hung').length).toBeGreaterThanOrEqual(count), { timeout: 25_000, interval: 20 }),
    pids: () => numbers('hung'),
    askedBy: () => numbers('asked'),
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
