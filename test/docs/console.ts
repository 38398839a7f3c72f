/** Runs the command lines of a document in a folder of its own, as a reader would type them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './markdown.ts';

const CLOCK = join(import.meta.dirname, 'frozen-clock.mjs');
const MAIN = join(root, 'src', 'cli', 'main.ts');

/** The output of `$ stsync sync --dry-run`, both streams, and its exit code as a last line. */
export function runLine(line: string, folder: string, at: string): string {
  const [name, ...args] = line.slice(2).split(' ');
  if (name !== 'stsync') throw new Error(`not a command of ours: ${line}`);
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', CLOCK, MAIN, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', STSYNC_TEST_NOW: at },
  });
  return `${stdout}${stderr}(exit code ${status})\n`;
}
