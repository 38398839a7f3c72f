/**
 * Floor 2. One writer at a time on one file, across processes, by a lock file beside it (`FILE.lock`, O_EXCL). It names its holder, so a
 * lock whose process is gone is taken over, and whoever waits in vain is told for whom. Within this process callers queue in order.
 */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { StsyncError } from '../core/error.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly startedAt: string;
  /** What tells this process from a later one with the same pid (Linux: start in clock ticks after boot); null elsewhere. */
  readonly process: string | null;
}

const POLL_MS = 25;
/** A lock file without a readable holder is one of a process that died within its first instant, if it is older than this. */
const EMPTY_IS_STALE_MS = 5_000;

/** The last of those who wait in this process, by path. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Holds the lock beside `path` while `work` runs. Throws `LOCKED`, naming the holder, when another process has it for `timeoutMs`; waiting
 * for others in this process has no limit. Node's own error comes out when the lock file cannot be made.
 */
export async function withFileLock<T>(path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const before = queues.get(path);
  const turn = (async () => {
    await before?.catch(() => null);
    return lockAndRun(`${path}.lock`, path, timeoutMs, work);
  })();
  queues.set(path, turn);
  try {
    return await turn;
  } finally {
    if (queues.get(path) === turn) queues.delete(path);
  }
}

async function lockAndRun<T>(lock: string, path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + timeoutMs;
  while (!create(lock)) {
    if (takeOver(lock)) continue;
    const left = until - performance.now();
    if (left <= 0) throw locked(lock, path);
    await sleep(Math.min(left, POLL_MS));
  }
  try {
    return await work();
  } finally {
    remove(lock);
  }
}

/** False when somebody has it. Created and filled without giving way in between, so that an empty lock file is nearly impossible. */
function create(lock: string): boolean {
  let file: number;
  try {
    file = openSync(lock, 'wx', 0o644);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    const holder: Holder = {
      pid: process.pid,
      host: hostname(),
      startedAt: new Date().toISOString(),
      process: processStart(process.pid),
    };
    writeSync(file, `${JSON.stringify(holder)}\n`);
  } catch (error) {
    remove(lock);
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/**
 * Removes a lock whose holder is gone; true when it did. Two who see the same dead holder must not remove each other's new lock, so the
 * second look and the removal happen under a second O_EXCL file that lives for that instant only.
 */
function takeOver(lock: string): boolean {
  if (!isAbandoned(lock)) return false;
  const guard = `${lock}.takeover`;
  if (!create(guard)) {
    if (isAbandoned(guard)) remove(guard);
    return false;
  }
  try {
    if (!isAbandoned(lock)) return false;
    remove(lock);
    return true;
  } finally {
    remove(guard);
  }
}

function isAbandoned(lock: string): boolean {
  const holder = readHolder(lock);
  if (holder === null) {
    const stats = statSync(lock, { throwIfNoEntry: false });
    return stats !== undefined && Date.now() - stats.mtimeMs > EMPTY_IS_STALE_MS;
  }
  if (holder.host !== hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  // Null: /proc hides it (`ProtectProc=invisible`, `hidepid`). Then it counts as the same process.
  const start = processStart(holder.pid);
  return holder.process !== null && start !== null && start !== holder.process;
}

/** Is there a process with this pid on this host? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Field 22 of `/proc/PID/stat` (proc(5)); the program's name before it may hold blanks and brackets. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function locked(lock: string, path: string): StsyncError {
  const holder = readHolder(lock);
  const who = holder === null ? 'another process' : `pid ${holder.pid} on ${holder.host} since ${holder.startedAt}`;
  return new StsyncError('LOCKED', `${path} is locked by ${who}`, {
    hint: `wait until it ends; if nothing runs there any more, delete ${lock}`,
    where: path,
    retryable: true,
  });
}

/** Null: gone, empty, or not ours to read. */
function readHolder(lock: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(lock, 'utf8'));
    return parseHolder(value);
  } catch {
    return null;
  }
}

function parseHolder(value: unknown): Holder | null {
  if (typeof value !== 'object' || value === null) return null;
  const { pid, host, startedAt, process: start } = value as Partial<Record<keyof Holder, unknown>>;
  if (typeof pid !== 'number' || typeof host !== 'string' || typeof startedAt !== 'string') return null;
  return { pid, host, startedAt, process: typeof start === 'string' ? start : null };
}

/** Somebody who deleted it by hand did our work. */
function remove(lock: string): void {
  try {
    unlinkSync(lock);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
