/** The README's two commands: a newcomer on a machine with Node and no network runs them and sees the main job done (DESIGN section 6). */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/built-cli.ts';

test('names two commands under "Try it"', () => {
  const [, section = ''] = readFileSync(join(root, 'README.md'), 'utf8').split(/^## Try it$/m);
  const [own = ''] = section.split(/^## /m);
  const blocks = [...own.matchAll(/^```sh\n([^`]*)```$/gm)].map(([, commands]) => commands?.trim());
  expect(blocks).toEqual(['npm ci && npm run example', 'npm test']);
});

test('the example plans, applies, and is in sync the second time', () => {
  const pack: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const [program, ...rest] = pack.scripts['example']?.split(' ') ?? [];
  expect(program).toBe('node');
  const { status, stdout, stderr } = spawnSync(process.execPath, rest, {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/\$ stsync sync --dry-run\n[^$]*6 domains: .*\(dry run: nothing was written\)\n\(exit code 2/);
  expect(stdout).toMatch(/\$ stsync sync\n[^$]*6 domains: 1 waiting, 5 changed\n\(exit code 0/);
  expect(stdout).toMatch(
    /\$ stsync sync --dry-run\n[^$]*6 domains: 1 waiting, 5 in sync \(dry run: nothing was written\)\n\(exit code 0/,
  );
});
