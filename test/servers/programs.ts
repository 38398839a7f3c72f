/**
 * Programs that nobody here wrote, for tests against them. A test whose program is missing is skipped with the reason in its title; with
 * STSYNC_REQUIRE_SERVERS=1 (the CI) it fails instead.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { describe, it } from 'vitest';

/** Path of a program in PATH or where daemons live, or null. */
export function findProgram(name: string): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

/** A `describe` whose body runs only where all `programs` are installed. */
export function describeWith(programs: readonly string[], title: string, body: () => void): void {
  const missing = programs.filter((name) => findProgram(name) === null);
  describeUnless(missing.length === 0 ? null : `${missing.join(', ')} not installed`, title, body);
}

/** A `describe` whose body runs only when there is no `reason` against it. */
export function describeUnless(reason: string | null, title: string, body: () => void): void {
  if (reason === null) {
    describe(title, body);
  } else if (process.env['STSYNC_REQUIRE_SERVERS'] === '1') {
    it(title, () => {
      throw new Error(`${reason}, and STSYNC_REQUIRE_SERVERS=1 asks for it`);
    });
  } else {
    describe(title, () => {
      it.skip(`is skipped: ${reason}`);
    });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
