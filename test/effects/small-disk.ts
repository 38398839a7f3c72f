/** Small and read-only file systems for tests that run as root on Linux; elsewhere those tests are skipped with the reason in the title. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { tempDirectory } from './temp-directory.ts';

/** Why no file system can be mounted here; null: it can. */
export const cannotMount: string | null = probe();

/** Mounts a tmpfs of so many bytes for one test; gives its path. */
export function smallDisk(bytes: number): string {
  return mount(['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs']);
}

/** The same files, read-only. */
export function readOnlyMount(directory: string): string {
  const path = mount(['--bind', directory]);
  execFileSync('mount', ['-o', 'remount,bind,ro', path]);
  return path;
}

function mount(what: readonly string[]): string {
  const path = join(tempDirectory(), 'disk');
  mkdirSync(path);
  execFileSync('mount', [...what, path], { stdio: 'ignore' });
  onTestFinished(() => {
    execFileSync('umount', [path]);
  });
  return path;
}

function probe(): string | null {
  if (process.getuid?.() !== 0) return 'skipped: needs root to mount';
  try {
    execFileSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d" && rmdir "$d"'], {
      stdio: 'ignore',
    });
    return null;
  } catch {
    return 'skipped: mount is not allowed here';
  }
}
