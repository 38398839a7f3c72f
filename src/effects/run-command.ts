/** Floor 2. Runs a command of the user's (`check:`, `reload:`) through the shell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** Only the end of the output is kept: that is where programs say what went wrong. */
const MAX_OUTPUT_BYTES = 64 * 1024;
/** A command that left a daemon behind keeps our pipe open; so long the rest of the output is waited for. */
const DRAIN_MS = 500;
const KILL_AFTER_MS = 2_000;

/**
 * Runs `command` with `env` added to the environment and no standard input. Gives its exit code (128 and the signal's number when a signal
 * ended it, 127 when the shell did not find it) and the last 64 KiB of what it wrote to either stream.
 * An abort ends the command with all its children (TERM, then KILL) and throws the signal's reason.
 */
export async function runCommand(
  command: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ exitCode: number; output: string }> {
  signal.throwIfAborted();
  // A group of its own, so that an abort reaches the shell's children too.
  const child = spawn(command, {
    shell: true,
    detached: process.platform !== 'win32',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw await spawnError(child);
  const chunks: Buffer[] = [];
  let kept = 0;
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk);
    kept += chunk.length;
    while (kept - (chunks[0]?.length ?? kept) >= MAX_OUTPUT_BYTES) kept -= chunks.shift()?.length ?? 0;
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);

  let killTimer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    killGroup(child.pid, 'SIGTERM');
    killTimer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, name) => {
        const result = code ?? 128 + signalNumber(name);
        const drain = setTimeout(() => resolve(result), DRAIN_MS);
        child.once('close', () => {
          clearTimeout(drain);
          resolve(result);
        });
      });
    });
    signal.throwIfAborted();
    return { exitCode, output: Buffer.concat(chunks).subarray(-MAX_OUTPUT_BYTES).toString('utf8') };
  } finally {
    clearTimeout(killTimer);
    signal.removeEventListener('abort', abort);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/**
 * Why a program was not started: its process has no pid. To be asked in the same breath: the error comes in a moment, and unheard it would end
 * stsync. Where no descriptor is left, the process has no pipes either, whatever its type says.
 */
export async function spawnError(child: ChildProcess): Promise<unknown> {
  const [error]: readonly unknown[] = await once(child, 'error');
  return error;
}

/** Ends a process that leads a group, with the group. */
export function killGroup(pid: number | undefined, name: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, name);
  } catch {
    // It ended just now.
  }
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : constants.signals[name];
}
