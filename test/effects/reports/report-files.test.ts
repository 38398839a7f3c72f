import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readReportFiles } from '../../../src/effects/reports/report-files.ts';
import { splitMbox } from '../../../src/effects/reports/split-mbox.ts';
import { runs } from '../../property-runs.ts';
import { tempDirectory } from '../temp-directory.ts';

async function* chunked(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(path: string, stdin = ''): Promise<readonly [string, string | null][]> {
  const files: [string, string | null][] = [];
  for await (const { source, bytes } of readReportFiles(path, chunked(Buffer.from(stdin), 7)))
    files.push([source, bytes === null ? null : Buffer.from(bytes).toString()]);
  return files;
}

async function mails(mbox: string, size = 3, maxBytes = 1000): Promise<readonly (string | null)[]> {
  const found: (string | null)[] = [];
  for await (const mail of splitMbox(chunked(Buffer.from(mbox), size), maxBytes))
    found.push(mail === null ? null : Buffer.from(mail).toString());
  return found;
}

describe('what is at a path', () => {
  test('a file is itself', async () => {
    const path = join(tempDirectory(), 'a.json');
    writeFileSync(path, '{}');
    expect(await read(path)).toEqual([[path, '{}']]);
  });

  test('a folder is all files below it in order, links to files too, hidden ones not', async () => {
    const folder = tempDirectory();
    mkdirSync(join(folder, 'b'));
    for (const name of ['c.json', 'a.json', '.hidden', 'b/x.json']) writeFileSync(join(folder, name), name);
    symlinkSync(join(folder, 'a.json'), join(folder, 'd.json'));
    symlinkSync(folder, join(folder, 'e'));
    const names = (await read(folder)).map(([path]) => path.slice(folder.length + 1));
    expect(names).toEqual(['a.json', 'b/x.json', 'c.json', 'd.json']);
  });

  test('a Maildir is what is in new and cur, of its sub-folders too; tmp is not whole yet', async () => {
    const folder = tempDirectory();
    for (const name of ['cur', 'new', 'tmp', '.sub', '.sub/cur', '.sub/new', '.sub/tmp']) mkdirSync(join(folder, name));
    for (const name of ['cur/1:2,S', 'new/2', 'tmp/3', '.sub/new/4', 'dovecot.index'])
      writeFileSync(join(folder, name), '');
    const names = (await read(folder)).map(([path]) => path.slice(folder.length + 1));
    expect(names).toEqual(['.sub/new/4', 'cur/1:2,S', 'new/2']);
  });

  test('an mbox is its mails, and standard input may be one', async () => {
    const mbox = 'From a@b\nA: 1\n\nx\n\nFrom a@b\nB: 2\n';
    const wanted = ['A: 1\n\nx\n', 'B: 2\n'];
    const path = join(tempDirectory(), 'm');
    writeFileSync(path, mbox);
    expect(await read(path)).toEqual(wanted.map((mail, index) => [`${path}#${index + 1}`, mail]));
    expect(await read('-', mbox)).toEqual(wanted.map((mail, index) => [`-#${index + 1}`, mail]));
    expect(await read('-', '{}')).toEqual([['-', '{}']]);
    expect(await read('-', '')).toEqual([['-', '']]);
  });

  test('a file that is too large is not read to its end', async () => {
    const path = join(tempDirectory(), 'a');
    writeFileSync(path, Buffer.alloc((25 << 20) + 1, 'x'));
    expect(await read(path)).toEqual([[path, null]]);
    writeFileSync(path, Buffer.concat([Buffer.from('{'), Buffer.alloc(10 << 20, ' ')]));
    expect(await read(path)).toEqual([[path, null]]);
    writeFileSync(path, Buffer.alloc(11 << 20, 'x'));
    expect((await read(path))[0]?.[1]).not.toBeNull();
  });

  test('that is not there is told', async () => {
    await expect(read('/nowhere/at/all')).rejects.toMatchObject({
      code: 'USAGE',
      message: '/nowhere/at/all is not there',
    });
  });
});

describe('splitMbox', () => {
  test('takes one level of > from lines that were quoted, whatever their depth', async () => {
    expect(await mails('From a\n>From x\n>>From y\n> From z\n>Frome\n')).toEqual([
      'From x\n>From y\n> From z\n>Frome\n',
    ]);
  });

  test('begins a mail only after an empty line', async () => {
    expect(await mails('From a\nx\nFrom y\n\nFrom b\nz')).toEqual(['x\nFrom y\n', 'z']);
    expect(await mails('From a\r\nx\r\n\r\nFrom b\r\ny\r\n')).toEqual(['x\r\n', 'y\r\n']);
  });

  test('passes over a mail that is too large, and over a line without end', async () => {
    expect(await mails(`From a\n${'x'.repeat(3000)}\n\nFrom b\ny\n`, 100)).toEqual([null, 'y\n']);
    expect(await mails(`From a\n${'x\n'.repeat(600)}\nFrom b\ny\n`, 100)).toEqual([null, 'y\n']);
  });

  test('property: any mails, quoted, come back in chunks of any size', async () => {
    const line = fc.constantFrom('', 'From me', '>From me', '>>From', 'text', 'From', '> From ');
    const mail = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => `${lines.join('\n')}\nend\n`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(mail, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (all, size) => {
          const quoted = all.map((text) => `From a@b Mon Sep  7\n${text.replaceAll(/^(>*From )/gm, '>$1')}\n`).join('');
          expect(await mails(quoted, size)).toEqual(all);
        },
      ),
      runs(200),
    );
  });
});
