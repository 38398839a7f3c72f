/** Run with few descriptors: takes those that are left, then starts programs. Prints what came of each; dies where an error is not heard. */
import { openSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

import { runCommand } from '../../src/effects/run-command.ts';
import { runGit } from '../../src/effects/run-git.ts';

const { signal } = new AbortController();
try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // None is left.
}
const command = await runCommand('true', {}, signal).then(
  () => 'started',
  (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
);
const git = await runGit(['--version'], process.env, { timeoutMs: 5000, signal });
await turn();
process.stdout.write(JSON.stringify({ command, git }));
