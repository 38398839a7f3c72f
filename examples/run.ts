/**
 * `npm run example`: the main job on embedded defaults, with no network. Copies domains.example.yaml and its zone files into a temporary
 * folder and runs there what a newcomer would: look, do, look again.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'stsync-example-'));
cpSync(join(root, 'domains.example.yaml'), join(folder, 'domains.yaml'));
for (const part of ['zones', 'www']) {
  cpSync(join(root, 'examples', part), join(folder, 'examples', part), { recursive: true });
}

const runs = [
  { args: ['sync', '--dry-run'], expected: 2, says: 'something would change' },
  { args: ['sync'], expected: 0, says: 'done, or waiting for a date' },
  { args: ['sync', '--dry-run'], expected: 0, says: 'nothing is left to do' },
  { args: ['show', 'example.com'], expected: 0, says: '' },
];
for (const { args, expected, says } of runs) {
  process.stdout.write(`\n$ stsync ${args.join(' ')}\n`);
  const main = join(root, 'dist', 'bin', 'main.js');
  const { status } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.stdout.write(`(exit code ${status}${says === '' ? '' : `: ${says}`})\n`);
  if (status !== expected) process.exit(1);
}
process.stdout.write(`\nThe zone files, policies and state of this run are in ${folder}\n`);
