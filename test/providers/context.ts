/** The outside world for provider tests: real files and commands in a directory of their own, and a clock that stands. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ProviderContext } from '../../src/provider.ts';
import { openFiles } from '../../src/effects/files.ts';
import { runCommand } from '../../src/effects/run-command.ts';

/** Day and second of every test. */
export const NOW = new Date('2026-11-24T12:00:00Z');

export function testContext(now: Date = NOW, lockTimeoutMs = 200): ProviderContext {
  return { files: openFiles({ lockTimeoutMs }), runCommand, now: () => now };
}

/** A new empty directory; disposing of it removes it. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'stsync-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
