import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openFiles } from '../../src/effects/files.ts';
import { directoryPublisher } from '../../src/effects/publish-directory.ts';
import { readOnlyPublisher } from '../../src/effects/publisher.ts';
import { cannotMount, readOnlyMount, smallDisk } from './small-disk.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const host = 'mta-sts.example.com';
const body = 'version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 86400\r\n';
const open = (directory: string): ReturnType<typeof directoryPublisher> => directoryPublisher(directory, openFiles());
const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));

/** The names in a listing, with modes. */
function tree(directory: string): readonly string[] {
  return listing(directory).map((line) => line.split(' ').slice(0, 2).join(' '));
}

describe('the directory publisher', () => {
  test('writes DIR/<policy host>/.well-known/mta-sts.txt for a web server to read, and reads it back', async () => {
    const directory = tempDirectory();
    const umask = process.umask(0o077);
    try {
      await open(directory).publish(host, body);
    } finally {
      process.umask(umask);
    }
    expect(tree(directory)).toEqual([`${host} 755`, `${host}/.well-known 755`, `${host}/.well-known/mta-sts.txt 644`]);
    expect(readFileSync(join(directory, host, '.well-known/mta-sts.txt'), 'utf8')).toBe(body);
    expect(textOf(await open(directory).read(host))).toBe(body);
  });

  test('reads a long body whole', async () => {
    const directory = tempDirectory();
    const long = 'x'.repeat(64_000);
    await open(directory).publish(host, long);
    expect(textOf(await open(directory).read(host))).toBe(long);
  });

  test('reads null where nothing was published', async () => {
    const directory = tempDirectory();
    expect(await open(directory).read(host)).toBeNull();
    mkdirSync(join(directory, host, '.well-known'), { recursive: true });
    expect(await open(directory).read(host)).toBeNull();
  });

  test('replaces a body and leaves neighbours alone', async () => {
    const directory = tempDirectory();
    mkdirSync(join(directory, host, '.well-known'), { recursive: true, mode: 0o750 });
    writeFileSync(join(directory, host, '.well-known/security.txt'), 'Contact: x');
    writeFileSync(join(directory, host, 'index.html'), '<p>');
    const before = listing(directory);
    const publisher = open(directory);
    await publisher.publish(host, 'old');
    await publisher.publish(host, body);
    expect(textOf(await publisher.read(host))).toBe(body);
    await publisher.remove(host);
    expect(listing(directory)).toEqual(before);
  });

  test('does not touch a file that is right already', async () => {
    const directory = tempDirectory();
    await open(directory).publish(host, body);
    const file = join(directory, host, '.well-known/mta-sts.txt');
    const before = statSync(file, { bigint: true });
    await open(directory).publish(host, body);
    expect(statSync(file, { bigint: true })).toMatchObject({ ino: before.ino, ctimeNs: before.ctimeNs });
  });

  test('gives back the mode that a crash took', async () => {
    const directory = tempDirectory();
    await open(directory).publish(host, body);
    const file = join(directory, host, '.well-known/mta-sts.txt');
    chmodSync(file, 0o600);
    await open(directory).publish(host, body);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  test('removes file and empty directories, never DIR, and is quiet when nothing is there', async () => {
    const directory = tempDirectory();
    const publisher = open(directory);
    await publisher.publish(host, body);
    await publisher.remove(host);
    await publisher.remove(host);
    expect(listing(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(true);
  });

  test('its read-only half cannot write, by construction', () => {
    expect(Object.keys(readOnlyPublisher(open(tempDirectory())))).toEqual(['read']);
  });
});

describe('a directory that cannot be used', () => {
  const unreadable = 'PUBLISHER_UNREADABLE';
  const unwritable = 'PUBLISHER_UNWRITABLE';

  test('a missing DIR is an error for reader and writer, and is not made', async () => {
    const directory = join(tempDirectory(), 'none');
    const hint = expect.stringContaining('create it, mount it, or correct');
    await expect(open(directory).read(host)).rejects.toMatchObject({ code: unreadable, hint });
    await expect(open(directory).publish(host, body)).rejects.toMatchObject({ code: unwritable, hint });
    await expect(open(directory).remove(host)).rejects.toMatchObject({ code: unwritable, hint });
    expect(existsSync(directory)).toBe(false);
  });

  const inTheWay: readonly [string, (directory: string) => void, RegExp][] = [
    ['DIR is a file', (directory) => writeFileSync(directory, ''), /name a directory/],
    ['the host is a file', (directory) => writeFileSync(below(directory, host), ''), /move it away/],
    [
      '.well-known is a file',
      (directory) => writeFileSync(below(directory, `${host}/.well-known`), ''),
      /move it away/,
    ],
    [
      'the policy is a directory',
      (directory) => mkdirSync(below(directory, `${host}/.well-known/mta-sts.txt`)),
      /move it away/,
    ],
    [
      'the policy is a pipe, which is not waited for',
      (directory) => void execFileSync('mkfifo', [below(directory, `${host}/.well-known/mta-sts.txt`)]),
      /move it away/,
    ],
  ];
  test.each(inTheWay)('%s', async (_, prepare, hint) => {
    const directory = join(tempDirectory(), 'www');
    prepare(directory);
    const wanted = { hint: expect.stringMatching(hint) };
    await expect(open(directory).read(host)).rejects.toMatchObject({ code: unreadable, ...wanted });
    await expect(open(directory).publish(host, body)).rejects.toMatchObject({ code: unwritable, ...wanted });
  });

  const links: readonly [string, string, string][] = [
    ['the host directory leads out', host, '../out'],
    ['.well-known leads out', `${host}/.well-known`, '../../out'],
    ['the file leads out', `${host}/.well-known/mta-sts.txt`, '../../../out/file'],
    ['the file leads to nothing', `${host}/.well-known/mta-sts.txt`, '../../../out/none'],
    ['the host directory leads to DIR itself', host, '.'],
    ['an absolute link', host, '/out'],
  ];
  test.each(links)('refuses a symbolic link: %s', async (_, name, target) => {
    const base = tempDirectory();
    const directory = join(base, 'www');
    mkdirSync(join(base, 'out/.well-known'), { recursive: true });
    writeFileSync(join(base, 'out/file'), 'not a policy of ours');
    symlinkSync(target.startsWith('/') ? join(base, target) : target, below(directory, name));
    const before = listing(base);
    const message = expect.stringContaining('symbolic link');
    await expect(open(directory).read(host)).rejects.toMatchObject({ code: unreadable, message });
    await expect(open(directory).publish(host, body)).rejects.toMatchObject({ code: unwritable, message });
    await expect(open(directory).remove(host)).rejects.toMatchObject({ code: unwritable, message });
    expect(listing(base)).toEqual(before);
  });

  test("DIR itself may be a link: that is the user's choice", async () => {
    const base = tempDirectory();
    mkdirSync(join(base, 'real'));
    symlinkSync('real', join(base, 'www'));
    await open(join(base, 'www')).publish(host, body);
    expect(readFileSync(join(base, 'real', host, '.well-known/mta-sts.txt'), 'utf8')).toBe(body);
  });

  test.each(['../mta-sts.example.com', 'a/b', '', '.', '..', 'MTA-STS.example.com', '/etc'])(
    '"%s" is no policy host',
    async (name) => {
      const directory = tempDirectory();
      await expect(open(directory).publish(name, body)).rejects.toMatchObject({ code: unwritable });
      await expect(open(directory).remove(name)).rejects.toMatchObject({ code: unwritable });
      await expect(open(directory).read(name)).rejects.toMatchObject({ code: unreadable });
      expect(listing(directory)).toEqual([]);
    },
  );

  test.skipIf(cannotMount !== null)(`a read-only file system ${cannotMount ?? ''}`, async () => {
    const directory = tempDirectory();
    await open(directory).publish(host, body);
    const mounted = readOnlyMount(directory);
    const hint = expect.stringContaining('read-only');
    expect(textOf(await open(mounted).read(host))).toBe(body);
    await expect(open(mounted).publish(host, 'new')).rejects.toMatchObject({ code: unwritable, hint });
    await expect(open(mounted).publish('mta-sts.example.org', 'new')).rejects.toMatchObject({ code: unwritable, hint });
    await expect(open(mounted).remove(host)).rejects.toMatchObject({ code: unwritable, hint });
  });

  test.skipIf(cannotMount !== null)(`a full disk keeps the old policy ${cannotMount ?? ''}`, async () => {
    const disk = smallDisk(32 * 1024);
    await open(disk).publish(host, body);
    execFileSync('sh', ['-c', 'head -c 1000000 /dev/zero > "$0/ballast" 2>/dev/null || true', disk]);
    await expect(open(disk).publish(host, body.repeat(100))).rejects.toMatchObject({
      code: unwritable,
      hint: expect.stringContaining('free some space'),
    });
    expect(textOf(await open(disk).read(host))).toBe(body);
  });

  test.skipIf(process.getuid?.() === 0)('a directory without rights (skipped for root, who has them all)', async () => {
    const directory = tempDirectory();
    await open(directory).publish(host, body);
    chmodSync(directory, 0o500);
    await expect(open(directory).publish('mta-sts.example.org', body)).rejects.toMatchObject({ code: unwritable });
    chmodSync(directory, 0o000);
    await expect(open(directory).read(host)).rejects.toMatchObject({ code: unreadable });
  });
});

/** A path below a directory, with the directories above it made. */
function below(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(join(path, '..'), { recursive: true });
  return path;
}
