/** Runs the built command as a user does: a process of its own, in a folder of its own, with no more of the environment than it is given. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { refuseSecrets } from './no-secrets.ts';

export const root = join(import.meta.dirname, '..', '..');
export const main = join(root, 'dist', 'bin', 'main.js');

export interface Ran {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Options of node itself. */
  readonly nodeOptions?: readonly string[];
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

/** Starts it and gives it back while it runs. */
export function startCli(args: readonly string[], { cwd, env = {}, nodeOptions = [] }: CliOptions): Running {
  if (!existsSync(main)) throw new Error(`${main} is not there: \`npm run build\` failed`);
  const child = spawn(process.execPath, [...nodeOptions, main, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, ended: endOf(child, env) };
}

export function runCli(args: readonly string[], options: CliOptions): Promise<Ran> {
  return startCli(args, options).ended;
}

/** A PATH in which `stsync` is the built command, run by the Node of the tests. `directory`: an empty one. */
export function commandLine(directory: string): string {
  const path = join(directory, 'stsync');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  return `${directory}:${process.env['PATH'] ?? ''}`;
}

/** A line of shell, as a user types it. */
export function runShell(command: string, { cwd, env }: Pick<CliOptions, 'cwd' | 'env'>): Promise<Ran> {
  return endOf(spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }), env ?? {});
}

function endOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ran> {
  const chunks = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (chunks.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (chunks.stderr += text));
  return new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      try {
        refuseSecrets(`${chunks.stdout}${chunks.stderr}`, env, child.spawnargs.join(' '));
        resolve({ code, signal, ...chunks });
      } catch (error) {
        reject(error);
      }
    });
  });
}
