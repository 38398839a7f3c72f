/**
 * Programs that nobody here wrote, for tests against them. A test whose program is missing is skipped with the reason in its title; with
 * STSYNC_REQUIRE_SERVERS=1 (the CI) it fails instead.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { beforeAll, describe } from 'vitest';

/** Path of a program in PATH or where daemons live, or null. */
export function findProgram(name: string): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

/** A `describe` whose body runs only where all `programs` are installed. */
export function describeWith(programs: readonly string[], title: string, body: () => void): void {
  const missing = programs.filter((name) => findProgram(name) === null);
  describeUnless(missing.length === 0 ? null : `not installed: ${missing.join(', ')}`, title, body);
}

/** A `describe` whose body runs only when there is no `reason` against it. */
export function describeUnless(reason: string | null, title: string, body: () => void): void {
  const isRequired = process.env['STSYNC_REQUIRE_SERVERS'] === '1';
  describe.skipIf(reason !== null && !isRequired)(`${title}${reason === null ? '' : ` (${reason})`}`, () => {
    beforeAll(() => {
      if (reason !== null) throw new Error(`${reason}, and STSYNC_REQUIRE_SERVERS=1 asks for it`);
    });
    body();
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
