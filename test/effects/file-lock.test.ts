/** The lock beside a file: one at a time, across processes; what a dead process left is taken over. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { StsyncError } from '../../src/core/error.ts';
import { withFileLock } from '../../src/effects/file-lock.ts';
import { describeUnless } from '../servers/programs.ts';
import { tempDirectory } from './temp-directory.ts';

const HOLDER = join(import.meta.dirname, 'file-lock/hold-lock.ts');

/** Another process that holds the lock by the time this returns. */
async function holdElsewhere(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--no-warnings', HOLDER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return child;
}

async function locked(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) =>
      error instanceof StsyncError ? `${error.code} ${error.message} | ${error.hint}` : String(error),
  );
}

async function nothing(): Promise<string> {
  return 'done';
}

function lockText(pid: number, rest: object = {}): string {
  return JSON.stringify({ pid, host: hostname(), startedAt: '2026-11-24T12:00:00.000Z', process: null, ...rest });
}

describe('withFileLock', () => {
  it('holds a lock that names this process, and removes it, also after an error', async () => {
    const path = join(tempDirectory(), 'file');
    const text = await withFileLock(path, 100, async () => readFileSync(`${path}.lock`, 'utf8'));
    expect(JSON.parse(text)).toMatchObject({ pid: process.pid, host: hostname() });
    await expect(
      withFileLock(path, 100, async () => {
        throw new Error('work failed');
      }),
    ).rejects.toThrow('work failed');
    expect(existsSync(`${path}.lock`)).toBe(false);
    expect(await withFileLock(path, 100, nothing)).toBe('done');
  });

  it('lets callers of one process in one after the other, in order, without a limit of time', async () => {
    const path = join(tempDirectory(), 'file');
    let inside = 0;
    const order: number[] = [];
    const work = (at: number) => async (): Promise<void> => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(at);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 50 }, (_, at) => withFileLock(path, 0, work(at))));
    expect(order).toEqual(Array.from({ length: 50 }, (_, at) => at));
  });

  it('waits for another process in vain: LOCKED, naming it; and gets in when that ends', async () => {
    const path = join(tempDirectory(), 'file');
    const other = await holdElsewhere(path);
    const answer = await locked(withFileLock(path, 50, nothing));
    expect(answer).toMatch(`LOCKED ${path} is locked by pid ${other.pid} on ${hostname()} since 2`);
    expect(answer).toMatch(`delete ${path}.lock`);
    const waiting = withFileLock(path, 20_000, nothing);
    other.stdin?.write('end\n');
    expect(await waiting).toBe('done');
  });

  it('takes over the lock of a process that was killed (kill -9)', async () => {
    const path = join(tempDirectory(), 'file');
    const other = await holdElsewhere(path);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(existsSync(`${path}.lock`)).toBe(true);
    expect(await withFileLock(path, 0, nothing)).toBe('done');
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('takes over a lock whose pid belongs to another process by now', async () => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(`${path}.lock`, lockText(process.pid, { process: 'an earlier start' }));
    expect(await withFileLock(path, 0, nothing)).toBe('done');
  });

  it.each([
    ['of another host, whatever runs there', lockText(1, { host: 'elsewhere' }), 'pid 1 on elsewhere since'],
    ['without a readable holder, as long as it is new', '', 'another process'],
  ])('does not take over a lock %s', async (_, text, who) => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(`${path}.lock`, text);
    expect(await locked(withFileLock(path, 0, nothing))).toMatch(`LOCKED ${path} is locked by ${who}`);
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe(text);
  });

  it.each(['', 'null', '{"pid":"x"}', '{"pid":1}'])('takes over an old lock that names nobody: %j', async (text) => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(`${path}.lock`, text);
    utimesSync(`${path}.lock`, 1000, 1000);
    expect(await withFileLock(path, 0, nothing)).toBe('done');
  });

  it('takes over although another died while it did the same', async () => {
    const path = join(tempDirectory(), 'file');
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(`${path}.lock`, lockText(gone));
    writeFileSync(`${path}.lock.takeover`, lockText(gone));
    expect(await withFileLock(path, 1000, nothing)).toBe('done');
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });
});

/** As `ProtectProc=invisible` and `hidepid` do to the processes of other users, whose pid can still be asked for. */
const HIDE = [process.getuid?.() === 0 ? '-m' : '-rm', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh'];
const canHide = spawnSync('unshare', [...HIDE, 'true'], { stdio: 'ignore' }).status === 0;

describeUnless(
  canHide ? null : 'mount namespaces are not allowed here',
  'withFileLock where /proc hides the holder',
  () => {
    it('does not take over its lock while it lives', async () => {
      const path = join(tempDirectory(), 'file');
      await holdElsewhere(path);
      const args = [...HIDE, process.execPath, '--no-warnings', HOLDER, path];
      const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8', input: '\n' });
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain('is locked by pid');
    });
  },
);
