/** Floor 2. Which commit of the YAML a run acts on, for the journal. Asks the user's own `git`; changes nothing. */
import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIMIT_MS = 2000;

/**
 * The commit (full hash) of the work tree that holds `path`, a config file or a folder of them; with `-dirty` behind it when the YAML there
 * is not what that commit has (changed, new or ignored). Null: no git, no work tree, no commit yet, or no answer within 2 s.
 */
export async function commitOf(path: string): Promise<string | null> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    // A link's target is what is read, and so what is asked about.
    const real = await realpath(path);
    const isFolder = (await stat(real)).isDirectory();
    const directory = isFolder ? real : dirname(real);
    const files = isFolder ? [':(glob)*.yaml', ':(glob)*.yml'] : [`:(literal)${basename(real)}`];
    const [head, changes] = await Promise.all([
      git(directory, ['rev-parse', '--verify', 'HEAD'], signal),
      git(directory, ['status', '--porcelain', '--untracked-files=all', '--ignored', '--', ...files], signal),
    ]);
    const commit = head.trim();
    if (!/^[0-9a-f]{40,64}$/.test(commit)) return null;
    return changes.trim() === '' ? commit : `${commit}-dirty`;
  } catch {
    return null;
  }
}

async function git(directory: string, command: readonly string[], signal: AbortSignal): Promise<string> {
  // No optional locks: `status` would refresh the index, and a dry run writes nothing. No fsmonitor: it would start a process that stays.
  const { stdout } = await run('git', ['-C', directory, '-c', 'core.fsmonitor=false', ...command], {
    signal,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
  });
  return stdout;
}
