/** Files as providers and publishers use them: whole reads, versions, atomic writes, links, full and read-only disks. */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { openFiles } from '../../src/effects/files.ts';
import { cannotMount, readOnlyMount, smallDisk } from './small-disk.ts';
import { tempDirectory } from './temp-directory.ts';

const files = openFiles({ lockTimeoutMs: 100 });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const isRoot = process.getuid?.() === 0;

/** The code of Node's error, which is what comes out (contract of FileAccess). */
async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

function old(path: string, seconds = 1000): void {
  utimesSync(path, seconds, seconds);
}

describe('read', () => {
  it.each([0, 1, 4096, 100_000])('gives all %i bytes', async (length) => {
    const path = join(tempDirectory(), 'file');
    const content = Buffer.alloc(length, 'abc\u0000\u00ff', 'latin1');
    writeFileSync(path, content);
    expect(content.equals((await files.read(path))?.bytes ?? Buffer.from('?'))).toBe(true);
  });

  it('gives null for what is not there, and Node’s error for what cannot be read', async () => {
    const directory = tempDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(await files.read(join(directory, 'gone'))).toBe(null);
    expect(await files.read(join(directory, 'gone', 'deeper'))).toBe(null);
    expect(await codeOf(files.read(directory))).toBe('EISDIR');
    expect(await codeOf(files.read(join(directory, 'file', 'deeper')))).toBe('ENOTDIR');
  });

  it('reads files whose size is not known before (/proc)', async () => {
    const path = '/proc/self/status';
    expect(existsSync(path) ? ((await files.read(path))?.bytes.length ?? 0) > 100 : true).toBe(true);
  });
});

describe('version', () => {
  it('is that of read while the file stays, and another when anything about it changes', async () => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(path, 'one');
    old(path);
    const first = (await files.read(path))?.version;
    expect(await files.version(path)).toBe(first);
    expect((await files.read(path))?.version).toBe(first);
    writeFileSync(path, 'two');
    old(path);
    expect(await files.version(path)).not.toBe(first);
  });

  it('of a file changed a moment ago equals no other', async () => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(path, 'one');
    expect(await files.version(path)).not.toBe(await files.version(path));
  });

  it('of a directory changes with its names', async () => {
    const directory = tempDirectory();
    old(directory);
    const first = await files.version(directory);
    expect(await files.version(directory)).toBe(first);
    writeFileSync(join(directory, 'new'), '');
    expect(await files.version(directory)).not.toBe(first);
    expect(await files.version(join(directory, 'gone'))).toBe(null);
  });
});

describe('writeAtomic', () => {
  it('makes a new file that all can read, and replaces one as a whole', async () => {
    const directory = tempDirectory();
    const path = join(directory, 'file');
    await files.writeAtomic(path, bytes('one'));
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['one', 0o644 & ~process.umask()]);
    linkSync(path, join(directory, 'reader'));
    await files.writeAtomic(path, bytes('two'));
    // Who had the old file open has it still, whole.
    expect([readFileSync(path, 'utf8'), readFileSync(join(directory, 'reader'), 'utf8')]).toEqual(['two', 'one']);
    expect(readdirSync(directory).toSorted()).toEqual(['file', 'reader']);
  });

  it.each([0o600, 0o640, 0o666, 0o2755])('keeps the mode %o', async (mode) => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(path, '');
    chmodSync(path, mode);
    await files.writeAtomic(path, bytes('x'));
    expect(statSync(path).mode & 0o7777).toBe(mode);
  });

  it.skipIf(!isRoot)(`keeps owner and group${isRoot ? '' : ' (skipped: needs root)'}`, async () => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(path, '');
    chownSync(path, 1234, 5678);
    await files.writeAtomic(path, bytes('x'));
    expect([statSync(path).uid, statSync(path).gid]).toEqual([1234, 5678]);
  });

  it('writes where a symbolic link ends, also when nothing is there yet', async () => {
    const directory = tempDirectory();
    mkdirSync(join(directory, 'real'));
    symlinkSync('real/file', join(directory, 'link'));
    writeFileSync(join(directory, 'real', 'file'), 'one');
    await files.writeAtomic(join(directory, 'link'), bytes('two'));
    expect(readFileSync(join(directory, 'real', 'file'), 'utf8')).toBe('two');
    expect(readdirSync(directory).toSorted()).toEqual(['link', 'real']);
    expect(readdirSync(join(directory, 'real'))).toEqual(['file']);
  });

  it('shows the finished text before it counts, and a refusal leaves all as it was', async () => {
    const directory = tempDirectory();
    const path = join(directory, 'file');
    writeFileSync(path, 'one');
    let seen = '';
    const refusal = new Error('no');
    const work = files.writeAtomic(path, bytes('two'), async (temporary) => {
      seen = `${readFileSync(temporary, 'utf8')} beside ${readFileSync(path, 'utf8')}`;
      throw refusal;
    });
    await expect(work).rejects.toBe(refusal);
    expect(seen).toBe('two beside one');
    expect([readFileSync(path, 'utf8'), ...readdirSync(directory)]).toEqual(['one', 'file']);
  });

  it('by many at once leaves one of the texts', async () => {
    const directory = tempDirectory();
    const path = join(directory, 'file');
    const texts = Array.from({ length: 20 }, (_, at) => `${at}`.repeat(1000));
    await Promise.all(texts.map((text) => files.writeAtomic(path, bytes(text))));
    expect(texts).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(directory)).toEqual(['file']);
  });

  it('gives Node’s error for a directory that is not there, or is a file, or where a directory has the name', async () => {
    const directory = tempDirectory();
    writeFileSync(join(directory, 'file'), '');
    mkdirSync(join(directory, 'sub'));
    expect(await codeOf(files.writeAtomic(join(directory, 'gone', 'x'), bytes('x')))).toBe('ENOENT');
    expect(await codeOf(files.writeAtomic(join(directory, 'file', 'x'), bytes('x')))).toBe('ENOTDIR');
    expect(await codeOf(files.writeAtomic(join(directory, 'sub'), bytes('x')))).toBe('EISDIR');
    expect(readdirSync(directory).toSorted()).toEqual(['file', 'sub']);
  });

  describe.skipIf(cannotMount !== null)(`on a bad disk${cannotMount === null ? '' : ` (${cannotMount})`}`, () => {
    it('that is full: ENOSPC, the old file stays and no temporary one', async () => {
      const directory = smallDisk(64 * 1024);
      const path = join(directory, 'file');
      writeFileSync(path, 'old');
      expect(await codeOf(files.writeAtomic(path, new Uint8Array(100_000)))).toBe('ENOSPC');
      expect([readFileSync(path, 'utf8'), ...readdirSync(directory)]).toEqual(['old', 'file']);
      await files.writeAtomic(path, bytes('new'));
      expect(readFileSync(path, 'utf8')).toBe('new');
    });

    it('that is read-only: EROFS, for the write and for the lock', async () => {
      const writable = tempDirectory();
      writeFileSync(join(writable, 'file'), 'old');
      const path = join(readOnlyMount(writable), 'file');
      expect(await codeOf(files.writeAtomic(path, bytes('new')))).toBe('EROFS');
      expect(await codeOf(files.withLock(path, async () => {}))).toBe('EROFS');
      expect(readFileSync(path, 'utf8')).toBe('old');
    });
  });
});

describe('list and realPath', () => {
  it('give null for what is not there', async () => {
    const directory = tempDirectory();
    writeFileSync(join(directory, 'file'), '');
    symlinkSync('file', join(directory, 'link'));
    expect((await files.list(directory))?.toSorted()).toEqual(['file', 'link']);
    expect(await files.list(join(directory, 'gone'))).toBe(null);
    expect(await codeOf(files.list(join(directory, 'file')))).toBe('ENOTDIR');
    expect(await files.realPath(join(directory, 'link'))).toBe(join(directory, 'file'));
    expect(await files.realPath(join(directory, 'gone'))).toBe(null);
  });
});
