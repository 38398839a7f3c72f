/**
 * Floor 2. The publisher `directory`: `DIR/<policy host>/.well-known/mta-sts.txt`, for any web server (RFC 8461 §3.3 names the path). The
 * bodies are public: files are 0644, directories 0755. DIR itself is the user's and is never made.
 */
import { closeSync, constants, openSync, readSync, realpathSync } from 'node:fs';
import { chmod, lstat, mkdir, open, realpath, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

import { StsyncError } from '../core/error.ts';
import { parseHostName } from '../core/names.ts';
import type { FileAccess } from '../provider.ts';
import type { Publisher } from './publisher.ts';

type Code = 'PUBLISHER_UNREADABLE' | 'PUBLISHER_UNWRITABLE';

/** A policy has some hundred bytes; a longer one takes the long way. */
const small = Buffer.alloc(8192);

/** The three levels under DIR for one policy host, on the real path of DIR. */
interface Place {
  readonly root: string;
  readonly host: string;
  readonly wellKnown: string;
  readonly file: string;
}

/**
 * A publisher on a directory. Throws `PUBLISHER_UNREADABLE` and `PUBLISHER_UNWRITABLE`, each with its cure: DIR missing, rights, disk full,
 * read-only, and a symbolic link below DIR that leads out of it (a customer's web space must not make stsync write elsewhere).
 */
export function directoryPublisher(directory: string, files: FileAccess): Publisher {
  return {
    read: async (policyHost) =>
      guarded('PUBLISHER_UNREADABLE', directory, async () => {
        const bytes = readUsual(directory, policyHost);
        if (bytes !== null) return bytes;
        const place = await locate('PUBLISHER_UNREADABLE', directory, policyHost);
        return (await files.read(place.file))?.bytes ?? null;
      }),
    publish: async (policyHost, body) =>
      guarded('PUBLISHER_UNWRITABLE', directory, async () => {
        const place = await locate('PUBLISHER_UNWRITABLE', directory, policyHost);
        await makeDirectory(place.host);
        await makeDirectory(place.wellKnown);
        const bytes = new TextEncoder().encode(body);
        const old = await files.read(place.file);
        if (old === null || Buffer.compare(old.bytes, bytes) !== 0) await files.writeAtomic(place.file, bytes);
        // A new file has the mode of a temporary one; a crash just before this line is repaired by the next call.
        if (((await stat(place.file)).mode & 0o777) !== 0o644) await chmod(place.file, 0o644);
      }),
    remove: async (policyHost) =>
      guarded('PUBLISHER_UNWRITABLE', directory, async () => {
        const place = await locate('PUBLISHER_UNWRITABLE', directory, policyHost);
        await quietly(unlink(place.file));
        await quietly(rmdir(place.wellKnown));
        await quietly(rmdir(place.host));
      }),
  };
}

/**
 * The body where all is as usual: no link below DIR, a small file. Null: look closer. A fleet reads thousands of these in a run; asked one
 * after the other without a thread between, they take a quarter of the time (`npm run bench:fleet`). `publish` replaces a file whole, so one
 * read is one body.
 */
function readUsual(directory: string, policyHost: string): Uint8Array | null {
  try {
    const { file } = placeBelow('PUBLISHER_UNREADABLE', realpathSync.native(directory), policyHost);
    if (realpathSync.native(file) !== file) return null;
    // A pipe in a customer's web space would otherwise hold up the whole process.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const length = readSync(descriptor, small, 0, small.length, 0);
      return length < small.length ? Uint8Array.from(small.subarray(0, length)) : null;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

/** Finds the place of a policy host and proves that every level which is there lies inside DIR. */
async function locate(code: Code, directory: string, policyHost: string): Promise<Place> {
  const root = await rootOf(code, directory);
  const place = placeBelow(code, root, policyHost);
  const { host, wellKnown } = place;
  // The usual case, told at once: no level is a link.
  if ((await realOf(place.file)) === place.file) return place;
  for (const path of [host, wellKnown, place.file]) {
    const real = await realOf(path);
    if (real === 'nothing') break;
    if (real === 'dangling' || !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new StsyncError(code, `${path} is a symbolic link that leads out of ${directory}`, {
        hint: 'put a directory there, or name the place it leads to in "publisher.directory"',
        where: path,
      });
    }
  }
  return place;
}

/** `root`: the real path of DIR. The name becomes a path, so only the form that parsers give is taken. */
function placeBelow(code: Code, root: string, policyHost: string): Place {
  const name = parseHostName(policyHost);
  if (!name.ok || name.value !== policyHost) throw new StsyncError(code, `"${policyHost}" is no policy host`);
  const host = join(root, policyHost);
  const wellKnown = join(host, '.well-known');
  return { root, host, wellKnown, file: join(wellKnown, 'mta-sts.txt') };
}

async function rootOf(code: Code, directory: string): Promise<string> {
  const root = await realOf(resolve(directory));
  if (root === 'nothing' || root === 'dangling') {
    throw new StsyncError(code, `the publisher's directory ${directory} is not there`, {
      hint: 'create it, mount it, or correct "publisher.directory"; stsync makes only what is below it',
      where: directory,
    });
  }
  if (!(await stat(root)).isDirectory()) {
    throw new StsyncError(code, `the publisher's directory ${directory} is a file`, {
      hint: 'let "publisher.directory" name a directory',
      where: directory,
    });
  }
  return root;
}

async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return (await isLink(path)) ? 'dangling' : 'nothing';
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** One level, readable by the web server whatever the umask; its entry outlives a power cut. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    throw error;
  }
  await chmod(path, 0o755);
  const parent = await open(dirname(path));
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

/** Deleting what is not there, or a directory with something else in it, is no fault. */
async function quietly(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error;
  }
}

async function guarded<T>(code: Code, directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof StsyncError && (error.code === code || error.code === 'LOCKED')) throw error;
    const cause = error instanceof StsyncError && error.cause instanceof Error ? error.cause : error;
    const hint = HINTS.get(codeOf(cause));
    if (hint === undefined && !(error instanceof StsyncError)) throw error;
    throw new StsyncError(code, `the publisher's directory ${directory}: ${error.message}`, {
      hint: hint ?? 'look at the directory, then run again',
      where: directory,
      cause: error,
    });
  }
}

const HINTS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'give the user of stsync the rights to the directory and what is below it'],
  ['EDQUOT', 'free some space and run again: the old policy is still there'],
  ['EIO', 'look at the disk, then run again'],
  ['EEXIST', 'a file stands where a directory belongs: move it away'],
  ['EISDIR', 'a directory stands where the policy file belongs: move it away'],
  ['ELOOP', 'a symbolic link leads to itself: remove it'],
  ['ENOSPC', 'free some space and run again: the old policy is still there'],
  ['ENOTDIR', 'a file stands where a directory belongs: move it away'],
  ['EPERM', 'give the user of stsync the rights to the directory and what is below it'],
  ['ESPIPE', 'a pipe stands where the policy file belongs: move it away'],
  ['EROFS', 'the file system is read-only: make it writable or name another directory'],
]);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
