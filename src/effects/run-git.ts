/**
 * Floor 2. Runs the user's own `git` for `source:`. It asks nobody for anything, runs no hook, no filter and no transport but the plain ones,
 * and gets a secret through its environment alone: other users of the machine can read the arguments of a process.
 */
import { spawn } from 'node:child_process';

import type { SourceConfig } from '../core/config/model.ts';
import { killGroup, spawnError } from './run-command.ts';

/** A branch list of a large repository is longer than anybody reads. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
const KILL_AFTER_MS = 2_000;
/** An ssh that stays to share its connection (ControlPersist) keeps our pipe open; so long the rest of the output is waited for. */
const DRAIN_MS = 500;

/** What git finds its repository by: set where stsync is run from a hook, and then of another repository. */
const LOCAL_VARIABLES = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_DIR',
  'GIT_INDEX_FILE',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_QUARANTINE_PATH',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
];

const settings: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.autocrlf', 'false'],
  ['submodule.recurse', 'false'],
  // Git LFS: a pointer file stays what it is, nothing is downloaded. (An empty `process` alone turns the filter off in git 2.39.)
  ['filter.lfs.smudge', ''],
  ['filter.lfs.process', ''],
  ['filter.lfs.required', 'false'],
  // What is older than the newest commit is of no use; and no process shall stay behind.
  ['gc.autoDetach', 'false'],
  ['gc.pruneExpire', 'now'],
  // A server that stalls is given up.
  ['http.lowSpeedLimit', '100'],
  ['http.lowSpeedTime', '30'],
];

/** Holds `USER:TOKEN` for the helper below, a line of shell that git runs. */
const TOKEN_VARIABLE = 'STSYNC_GIT_TOKEN';

export type GitOutcome =
  | { readonly kind: 'exit'; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /** `code`: why, `ENOENT` where git is not installed. */
  | { readonly kind: 'not-started'; readonly code: string }
  | { readonly kind: 'timeout' };

/** The environment for git: the own one, and how this repository is reached. `secret`: what `USER:TOKEN` the token file holds. */
export function gitEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  { git, credential }: Pick<SourceConfig, 'git' | 'credential'>,
  secret: string | null,
): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = { ...own };
  for (const name of LOCAL_VARIABLES) delete environment[name];
  Object.assign(environment, {
    LC_ALL: 'C',
    LANGUAGE: '',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: 'https:http:ssh:file',
  });
  if (credential?.kind === 'key') {
    const options = ['IdentitiesOnly=yes', 'BatchMode=yes', 'ConnectTimeout=15'].map((option) => `-o ${option}`);
    environment['GIT_SSH_COMMAND'] = `ssh -i ${shellQuoted(credential.file)} ${options.join(' ')}`;
    environment['GIT_SSH_VARIANT'] = 'ssh';
  }
  const given = Number(own['GIT_CONFIG_COUNT'] ?? 0);
  const first = Number.isSafeInteger(given) ? given : 0;
  if (secret !== null) environment[TOKEN_VARIABLE] = secret;
  const all = [...settings, ...(secret === null ? [] : tokenSettings(git))];
  for (const [index, [key, value]] of all.entries()) {
    environment[`GIT_CONFIG_KEY_${first + index}`] = key;
    environment[`GIT_CONFIG_VALUE_${first + index}`] = value;
  }
  environment['GIT_CONFIG_COUNT'] = String(first + all.length);
  return environment;
}

/**
 * For this server only. A header (`http.extraHeader`) would save one request, but git sends it along to any server that this one redirects
 * to; a helper is asked by the name of the server. The empty one turns off those of the user, who could keep the token.
 */
function tokenSettings(repository: string): readonly (readonly [string, string])[] {
  const answer = `test "$1" = get && printf "username=%s\\npassword=%s\\n" "\${${TOKEN_VARIABLE}%%:*}" "\${${TOKEN_VARIABLE}#*:}"`;
  return [
    ['credential.helper', ''],
    [`credential.${new URL(repository).origin}.helper`, `!f() { ${answer}; }; f`],
  ];
}

/** One word for sh, whatever is in it. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Runs git without terminal and standard input. Ends it with its children after `timeoutMs`; an abort does too, and throws the reason. */
export async function runGit(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<GitOutcome> {
  signal.throwIfAborted();
  const limit = AbortSignal.timeout(timeoutMs);
  // In the root, since git reads the config of a work tree that it stands in. A session of its own: ssh finds no terminal to ask for a password, and an end reaches all that git started.
  const child = spawn('git', args, { cwd: '/', detached: true, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid === undefined) return { kind: 'not-started', code: codeOf(await spawnError(child)) };
  const [stdout, stderr] = [keep(child.stdout), keep(child.stderr)];
  let killTimer: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(child.pid, 'SIGTERM');
    killTimer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
  };
  const either = AbortSignal.any([signal, limit]);
  either.addEventListener('abort', end, { once: true });
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => {
        const drain = setTimeout(() => resolve(code), DRAIN_MS);
        child.once('close', () => {
          clearTimeout(drain);
          resolve(code);
        });
      });
    });
    signal.throwIfAborted();
    if (limit.aborted) return { kind: 'timeout' };
    return { kind: 'exit', exitCode: exitCode ?? 128, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(killTimer);
    either.removeEventListener('abort', end);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function keep(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < MAX_OUTPUT_BYTES) chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
