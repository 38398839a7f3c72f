import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { commitOf } from '../../src/effects/git-commit.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const cannotGit = hasGit() ? null : 'skipped: no git here';

/** A work tree with one commit of `domains.yaml` and a folder `domains/`; gives its path and the commit. */
function workTree(): { path: string; commit: string } {
  const path = tempDirectory();
  const git = (...command: readonly string[]): string =>
    execFileSync('git', ['-C', path, '-c', 'user.name=x', '-c', 'user.email=x@example.com', ...command], {
      encoding: 'utf8',
    }).trim();
  git('init', '-q');
  mkdirSync(join(path, 'domains'));
  for (const name of ['domains.yaml', 'domains/a.yaml', 'domains/b.yml', 'README'])
    writeFileSync(join(path, name), 'x');
  writeFileSync(join(path, '.gitignore'), '*.ignored\nignored.yaml\n');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  return { path, commit: git('rev-parse', 'HEAD') };
}

describe.skipIf(cannotGit !== null)(`the commit of the YAML ${cannotGit ?? ''}`, () => {
  test('is the full hash of HEAD for a committed file and folder', async () => {
    const { path, commit } = workTree();
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(await commitOf(join(path, 'domains.yaml'))).toBe(commit);
    expect(await commitOf(join(path, 'domains'))).toBe(commit);
  });

  const dirt: readonly [string, string, (path: string) => void, string][] = [
    ['the file was changed', 'domains.yaml', (path) => writeFileSync(join(path, 'domains.yaml'), 'y'), '-dirty'],
    ['another file was changed', 'domains.yaml', (path) => writeFileSync(join(path, 'README'), 'y'), ''],
    ['the file was never committed', 'new.yaml', (path) => writeFileSync(join(path, 'new.yaml'), 'y'), '-dirty'],
    ['the file is ignored by git', 'ignored.yaml', (path) => writeFileSync(join(path, 'ignored.yaml'), ''), '-dirty'],
    ['a file of the folder was changed', 'domains', (path) => writeFileSync(join(path, 'domains/b.yml'), ''), '-dirty'],
    ['a file of the folder went', 'domains', (path) => rmSync(join(path, 'domains/a.yaml')), '-dirty'],
    ['a file came into the folder', 'domains', (path) => writeFileSync(join(path, 'domains/c.yaml'), ''), '-dirty'],
    ['something else lies in the folder', 'domains', (path) => writeFileSync(join(path, 'domains/x.db'), ''), ''],
    ['a file with an odd name', '*[a]?.yaml', (path) => writeFileSync(join(path, '*[a]?.yaml'), ''), '-dirty'],
  ];
  test.each(dirt)('%s: %s', async (_, name, change, suffix) => {
    const { path, commit } = workTree();
    change(path);
    expect(await commitOf(join(path, name))).toBe(`${commit}${suffix}`);
  });

  test('follows a link to where the YAML is', async () => {
    const { path, commit } = workTree();
    const link = join(tempDirectory(), 'domains.yaml');
    symlinkSync(join(path, 'domains.yaml'), link);
    expect(await commitOf(link)).toBe(commit);
  });

  test('changes nothing in the work tree, not even the index', async () => {
    const { path } = workTree();
    writeFileSync(join(path, 'domains.yaml'), 'x');
    const before = listing(path);
    await commitOf(join(path, 'domains.yaml'));
    expect(listing(path)).toEqual(before);
  });

  test('is null outside a work tree, before the first commit, and for a path that is not there', async () => {
    const path = tempDirectory();
    writeFileSync(join(path, 'domains.yaml'), '');
    expect(await commitOf(join(path, 'domains.yaml'))).toBeNull();
    execFileSync('git', ['-C', path, 'init', '-q']);
    expect(await commitOf(join(path, 'domains.yaml'))).toBeNull();
    expect(await commitOf(join(path, 'none', 'domains.yaml'))).toBeNull();
  });
});

describe('without a usable git', () => {
  const path = process.env['PATH'];
  let directory: string;
  beforeEach(() => {
    directory = tempDirectory();
  });
  afterEach(() => {
    process.env['PATH'] = path;
  });

  test('is null when there is no git', async () => {
    process.env['PATH'] = directory;
    expect(await commitOf(import.meta.filename)).toBeNull();
  });

  test('is null when git does not answer within two seconds', async () => {
    writeFileSync(join(directory, 'git'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    process.env['PATH'] = `${directory}:${path ?? ''}`;
    const start = performance.now();
    expect(await commitOf(import.meta.filename)).toBeNull();
    expect(performance.now() - start).toBeLessThan(4000);
  });
});

function hasGit(): boolean {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
