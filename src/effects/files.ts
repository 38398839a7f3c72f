/**
 * Floor 2. {@link FileAccess} on the real file system. What the system refuses comes out as Node's own error (`code`, `path`), since only
 * the caller knows what the file means; the one error of ours is `LOCKED`.
 */
import { closeSync, constants, fstatSync, open as openCallback, read as readCallback, type BigIntStats } from 'node:fs';
import { open, readdir, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import type { FileAccess } from '../provider.ts';
import { withFileLock } from './file-lock.ts';
import { sweepTemporaries, temporaryName } from './sweep-temporaries.ts';

/** A file changed so shortly ago may change again within one tick of the file system's clock, and nobody could tell. */
const RACY_MS = 100;
/** Of a file that was not there before. */
const NEW_FILE_MODE = 0o644;

const openFile = promisify(openCallback);
const readAt = promisify(readCallback);

let counter = 0;

/** `lockTimeoutMs`: how long `withLock` waits for another process (default 10 s). */
export function openFiles(options: { readonly lockTimeoutMs?: number } = {}): FileAccess {
  return {
    read: (path) => orNull(() => readWhole(path)),
    version: (path) => orNull(async () => versionOf(await stat(path, { bigint: true }))),
    writeAtomic,
    list: (directory) => orNull(() => readdir(directory)),
    realPath: (path) => orNull(() => realpath(path)),
    withLock: async (path, work) => withFileLock(await realTarget(path), options.lockTimeoutMs ?? 10_000, work),
  };
}

/**
 * Bytes and version that belong together: a file that changed while it was read is read again. On plain descriptors, since tens of
 * thousands of files are read in a run; only what may wait for a disk is asynchronous.
 */
async function readWhole(path: string): Promise<{ bytes: Uint8Array; version: string }> {
  for (;;) {
    // A pipe would be waited for until somebody opens its other end; so it is an error (ESPIPE) at once.
    const file = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const before = fstatSync(file, { bigint: true });
      const bytes = await readBytes(file, Number(before.size));
      const after = fstatSync(file, { bigint: true });
      if (identity(after) === identity(before)) return { bytes, version: versionOf(after) };
    } finally {
      closeSync(file);
    }
  }
}

/**
 * All bytes of a file of about `size` bytes. Just as many are the whole: the caller looks whether it changed meanwhile. Not `fs.readFile` on a
 * descriptor: Node 26.10 answers a failed read there with no bytes.
 */
async function readBytes(file: number, size: number): Promise<Uint8Array> {
  let buffer = Buffer.allocUnsafe(size + 1);
  for (let length = 0; ;) {
    const { bytesRead } = await readAt(file, buffer, length, buffer.length - length, length);
    length += bytesRead;
    // What says that it has no size (/proc) is read to its end.
    if (bytesRead === 0 || (length === size && size > 0)) return buffer.subarray(0, length);
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
  }
}

/**
 * Writes the temp file, syncs it, gives it the old file's mode and owner, shows it to `inspect`, renames it and syncs the directory.
 * Access lists and other extended attributes are not carried over. A `.NAME.stsync-*` file that kill -9 leaves goes with the next write.
 */
async function writeAtomic(
  path: string,
  bytes: Uint8Array,
  inspect?: (temporary: string) => Promise<void>,
): Promise<void> {
  const target = await realTarget(path);
  const old = await orNull(() => stat(target));
  await sweepTemporaries(dirname(target));
  const temporary = join(dirname(target), temporaryName(basename(target)));
  try {
    const handle = await open(temporary, 'wx', NEW_FILE_MODE);
    try {
      await handle.writeFile(bytes);
      if (old !== null) {
        await keepOwner(handle, old);
        // After chown, which clears the set-id bits; and whatever the umask is.
        await handle.chmod(old.mode & 0o7777);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await inspect?.(temporary);
    await rename(temporary, target);
  } catch (error) {
    await orNull(() => unlink(temporary));
    throw error;
  }
  await syncDirectory(dirname(target));
}

/**
 * The group has to stay as it is (a name server reads through it). The user stays where the system allows that: only root gives files
 * away, and an editor in the group may still write.
 */
async function keepOwner(handle: FileHandle, old: { readonly uid: number; readonly gid: number }): Promise<void> {
  const mine = await handle.stat();
  if (mine.uid === old.uid && mine.gid === old.gid) return;
  try {
    await handle.chown(old.uid, old.gid);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error;
    if (mine.gid !== old.gid) await handle.chown(mine.uid, old.gid);
  }
}

/** Makes the rename outlast a power cut. Windows cannot open directories and does not need it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where symbolic links end, also for a file that is not there yet. */
async function realTarget(path: string): Promise<string> {
  return (await orNull(() => realpath(path))) ?? join(await realpath(dirname(path)), basename(path));
}

function versionOf(stats: BigIntStats): string {
  const isRacy = Math.abs(Date.now() - Number(stats.mtimeMs)) < RACY_MS;
  return isRacy ? `${identity(stats)} racy ${(counter += 1)}` : identity(stats);
}

function identity({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** Null for "no such file"; every other refusal is thrown. */
async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
