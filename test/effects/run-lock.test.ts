import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { acquireDaemonLease, acquireRunLock } from '../../src/effects/run-lock.ts';
import { cannotMount, readOnlyMount, smallDisk } from './small-disk.ts';
import { tempDirectory } from './temp-directory.ts';

const info = { command: 'sync', startedAt: new Date('2026-11-24T10:00:00Z') };

/** A second process that holds the lock. */
async function holder(statePath: string, command = 'sync'): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'hold-lock.ts'), statePath, command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return child;
}

describe('the run lock', () => {
  test('goes from one run to the next', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    for (let round = 0; round < 3; round++) {
      const lock = await acquireRunLock(path, info);
      lock.release();
      expect(() => lock.release()).not.toThrow();
    }
  });

  test('a second run is told who holds it, with pid, host, command and start', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const child = await holder(path, 'daemon');
    await expect(acquireRunLock(path, info)).rejects.toMatchObject({
      code: 'LOCKED',
      message: `another stsync (pid ${child.pid} on ${hostname()}, \`daemon\`, since 2026-11-24T09:30:00.000Z) is using this state`,
      retryable: true,
      hint: expect.stringContaining('wait'),
    });
  });

  test('looking at the holder does not free its lock', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    await holder(path);
    for (let round = 0; round < 3; round++) await expect(acquireRunLock(path, info)).rejects.toThrow(/pid/);
  });

  test('kill -9 frees it at once', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    for (let round = 0; round < 3; round++) {
      const child = await holder(path);
      await expect(acquireRunLock(path, info)).rejects.toMatchObject({ code: 'LOCKED' });
      child.kill('SIGKILL');
      await once(child, 'exit');
      (await acquireRunLock(path, info)).release();
    }
  });

  test('waits as long as it is told, and takes the lock when the other run ends', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const child = await holder(path);
    const waiting = acquireRunLock(path, info, { waitMs: 20_000 });
    child.stdin?.write('end\n');
    const lock = await waiting;
    await expect(acquireRunLock(path, info)).rejects.toThrow(`pid ${process.pid}`);
    lock.release();
  });

  test('holds inside one process too, and survives a second try there', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const lock = await acquireRunLock(path, info);
    await expect(acquireRunLock(path, info)).rejects.toThrow(`pid ${process.pid}`);
    // The second try must not have dropped the lock that other processes see.
    const child = spawn(process.execPath, [join(import.meta.dirname, 'hold-lock.ts'), path], { stdio: 'pipe' });
    const [chunk] = await once(child.stderr, 'data');
    expect(String(chunk)).toBeTruthy();
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    lock.release();
  });

  test('of many that start together exactly one has it at a time', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, [join(import.meta.dirname, 'hold-lock.ts'), path], { stdio: 'pipe' }),
    );
    onTestFinished(() => {
      for (const child of children) child.kill('SIGKILL');
    });
    // Five give up with LOCKED, one says "held" and stays.
    await Promise.all(children.map((child) => Promise.race([once(child.stdout, 'data'), once(child, 'exit')])));
    expect(children.filter((child) => child.exitCode === null)).toHaveLength(1);
  });

  test('is the same for every name of a state', async () => {
    const directory = tempDirectory();
    const path = join(directory, 'stsync.db');
    writeFileSync(path, '');
    symlinkSync(path, join(directory, 'link.db'));
    symlinkSync(directory, join(directory, 'up'));
    const lock = await acquireRunLock(path, info);
    for (const name of ['link.db', 'up/stsync.db', 'up/../stsync.db']) {
      await expect(acquireRunLock(join(directory, name), info)).rejects.toMatchObject({ code: 'LOCKED' });
    }
    lock.release();
  });

  test('another state is another lock', async () => {
    const directory = tempDirectory();
    const lock = await acquireRunLock(join(directory, 'a.db'), info);
    const other = await acquireRunLock(join(directory, 'b.db'), info);
    expect(other).not.toBe(lock);
    lock.release();
    other.release();
  });
});

describe('a wait for the run lock', () => {
  test('ends with the reason of its signal, at once', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const lock = await acquireRunLock(path, info);
    const abort = new AbortController();
    const waiting = acquireRunLock(path, info, { waitMs: 60_000, signal: abort.signal });
    const reason = new Error('the daemon stops');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    lock.release();
  });
});

/** How one waits for a lease: until `abort`, and `standing` gets who is waited for. */
function patience(abort: AbortController, standing: string[] = []): Parameters<typeof acquireDaemonLease>[2] {
  return { signal: abort.signal, onStandby: (one) => void standing.push(one) };
}

describe('the lease of a daemon', () => {
  test('leaves the run lock free: each run takes that one for itself', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const lease = await acquireDaemonLease(path, info, patience(new AbortController()));
    const lock = await acquireRunLock(path, info);
    lock.release();
    lease.release();
  });

  test('is waited for, and goes over at once when its holder is killed', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const child = await holder(path, 'lease');
    const standing: string[] = [];
    const waiting = acquireDaemonLease(path, info, patience(new AbortController(), standing));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const diedMs = performance.now();
    const lease = await waiting;
    expect(performance.now() - diedMs).toBeLessThan(10_000);
    expect(standing).toEqual([`pid ${child.pid} on ${hostname()}, \`lease\`, since 2026-11-24T09:30:00.000Z`]);
    lease.release();
  });

  test('of many that stand by exactly one gets it', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const lease = await acquireDaemonLease(path, info, patience(new AbortController()));
    const children = await Promise.all([1, 2, 3].map(() => holder(path, 'lease')));
    const held = Promise.any(children.map((child) => once(child.stdout ?? child, 'data')));
    lease.release();
    expect(String(await held)).toBe('held\n');
    const standing: string[] = [];
    const abort = new AbortController();
    const waiting = acquireDaemonLease(path, info, patience(abort, standing));
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(children.map((child) => child.pid).some((pid) => standing[0]?.startsWith(`pid ${pid} `))).toBe(true);
  });

  test('is no longer waited for when the daemon stops', async () => {
    const path = join(tempDirectory(), 'stsync.db');
    const lease = await acquireDaemonLease(path, info, patience(new AbortController()));
    const abort = new AbortController();
    const reason = new Error('the daemon stops');
    const standing: string[] = [];
    const waiting = acquireDaemonLease(path, info, patience(abort, standing));
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(standing[0]).toContain(`pid ${process.pid}`);
    lease.release();
  });
});

describe('a lock that cannot be made', () => {
  test('without a directory', async () => {
    await expect(acquireRunLock(join(tempDirectory(), 'none', 'stsync.db'), info)).rejects.toMatchObject({
      code: 'STATE_UNWRITABLE',
      hint: expect.stringContaining('create the directory'),
    });
  });

  test('where a directory or a text has its name', async () => {
    const directory = tempDirectory();
    mkdirSync(join(directory, 'a.db.lock'));
    writeFileSync(join(directory, 'b.db.lock'), 'pid 123, as other programs write it. '.repeat(40));
    await expect(acquireRunLock(join(directory, 'a.db'), info)).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
    await expect(acquireRunLock(join(directory, 'b.db'), info)).rejects.toMatchObject({
      code: 'STATE_UNREADABLE',
      message: expect.stringContaining('b.db.lock is not a database'),
    });
  });

  test.skipIf(cannotMount !== null)(`on a read-only file system ${cannotMount ?? ''}`, async () => {
    const mounted = readOnlyMount(tempDirectory());
    await expect(acquireRunLock(join(mounted, 'stsync.db'), info)).rejects.toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining('read-only'),
    });
  });

  test.skipIf(cannotMount !== null)(`on a full disk ${cannotMount ?? ''}`, async () => {
    const disk = smallDisk(16 * 1024);
    writeFileSync(join(disk, 'ballast'), new Uint8Array(16 * 1024));
    await expect(acquireRunLock(join(disk, 'stsync.db'), info)).rejects.toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining('disk is full'),
    });
  });
});
