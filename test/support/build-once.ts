/** vitest's globalSetup: tests of the command run what `npm run build` makes. Built here, once and before any test, when it is older than its sources. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { main, root } from './built-cli.ts';

export function setup(): void {
  const built = statSync(main, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > Math.max(...['src', 'providers', 'package.json', 'tsconfig.json', 'tsconfig.build.json'].map(newest)))
    return;
  try {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  } catch {
    // The tests that need the command say that it is missing; the others need no build.
  }
}

/** A directory's own time too: it tells of files that went. */
function newest(name: string): number {
  const path = join(root, name);
  const below = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  return Math.max(statSync(path).mtimeMs, ...below.map((one) => statSync(join(path, one)).mtimeMs));
}
