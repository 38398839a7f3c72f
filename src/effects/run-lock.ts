/**
 * Floor 2. One writer at a time on one state, and one daemon at a time. A lock is the operating system's, held through SQLite on a small
 * database beside the state (`stsync.db.lock` for a run, `stsync.db.daemon.lock` for the life of a daemon): it goes when its process goes,
 * kill -9 included, so it is never stale. The file stays; deleting a lock file is a race.
 */
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import { StsyncError } from '../core/error.ts';
import { openDatabase, type Row, stateError } from './sqlite.ts';

/** What the next run is told about this one. */
export interface RunInfo {
  /** The command without its options: `sync`. */
  readonly command: string;
  readonly startedAt: Date;
}

export interface RunLock {
  /** Frees the state. A second call does nothing. */
  release(): void;
}

export interface LockOptions {
  /** How long another may go on holding it; 0: not at all. */
  readonly waitMs?: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/** Both who lose a close race and who find a holder wait so long, so that of two at once one always wins. */
const SETTLE_MS = 100;

/**
 * Locks made by this process, by lock file. The file is not looked at again for these: closing a second descriptor of it would drop the
 * lock (POSIX locks belong to the process).
 */
const heldHere = new Map<string, RunInfo>();

/** How often a stand-by looks: as long nobody leads after a crash. */
const STANDBY_MS = 1000;

/**
 * Takes the lock on a state, waiting at most `waitMs` (0: not at all) for another run to end.
 * Throws `LOCKED` with the holder's pid, host, command and start; `STATE_UNWRITABLE` where no lock file can be made; `STATE_UNREADABLE` when
 * something else has the lock file's name.
 */
export async function acquireRunLock(
  statePath: string,
  info: RunInfo,
  { waitMs = 0, signal }: LockOptions = {},
): Promise<RunLock> {
  const path = lockPath(statePath, 'lock');
  const until = performance.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const taken = heldHere.has(path) ? null : tryLock(path, info, SETTLE_MS);
    if (taken !== null) return taken;
    const leftMs = until - performance.now();
    if (leftMs <= 0) throw locked(statePath, path);
    await pause(Math.min(leftMs, SETTLE_MS), signal);
  }
}

/**
 * Takes the lease of the one daemon that works on a state, however long another has it: until that one ends, or `signal` does, whose reason
 * is thrown. `onStandby` is called once where it has to wait, with who holds it. Throws as {@link acquireRunLock} does, but never `LOCKED`.
 */
export async function acquireDaemonLease(
  statePath: string,
  info: RunInfo,
  { signal, onStandby }: { readonly signal: AbortSignal; readonly onStandby: (holder: string) => void },
): Promise<RunLock> {
  const path = lockPath(statePath, 'daemon.lock');
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted();
    // SQLite waits without giving way; later tries have all the time, so they do not.
    const taken = heldHere.has(path) ? null : tryLock(path, info, tries === 0 ? SETTLE_MS : 0);
    if (taken !== null) return taken;
    if (tries === 0) onStandby(holderOf(path));
    await pause(STANDBY_MS, signal);
  }
}

/** Throws the reason of the signal, as it is. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
}

/** Null: another process has it. */
function tryLock(path: string, info: RunInfo, settleMs: number): RunLock | null {
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(path, { timeout: settleMs });
    // In this locking mode the lock stays after the commit, so others can read who holds it (they look past the lock).
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; BEGIN EXCLUSIVE');
    db.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER, host TEXT, command TEXT, since TEXT); DELETE FROM holder');
    const since = info.startedAt.toISOString();
    db.prepare('INSERT INTO holder VALUES (?, ?, ?, ?)').run(process.pid, hostname(), info.command, since);
    db.exec('COMMIT');
  } catch (error) {
    db?.close();
    const problem = stateError(error, path, 'write');
    if (problem instanceof StsyncError && problem.code === 'LOCKED') return null;
    throw problem;
  }
  heldHere.set(path, info);
  return { release: () => release(path, db) };
}

function release(path: string, db: DatabaseSync): void {
  if (!db.isOpen) return;
  heldHere.delete(path);
  try {
    db.exec('DELETE FROM holder');
  } finally {
    // Nothing of worth is in it: what could not be deleted is overwritten by the next holder.
    db.close();
  }
}

function locked(statePath: string, path: string): StsyncError {
  const holder = holderOf(path);
  return new StsyncError('LOCKED', `another stsync${holder === '' ? '' : ` (${holder})`} is using this state`, {
    hint: 'wait until it ends (`--wait 60` does that); if it hangs, end that process: the lock goes with it',
    where: statePath,
    retryable: true,
  });
}

function holderOf(path: string): string {
  const here = heldHere.get(path);
  return here === undefined
    ? readHolder(path)
    : describe(process.pid, hostname(), here.command, here.startedAt.toISOString());
}

/** Reads past the lock (`immutable`). In the moment between its lock and its commit a holder has no name yet. */
function readHolder(path: string): string {
  try {
    const db = openDatabase(path, { readOnly: true }, 'immutable=1');
    try {
      const row: Row | undefined = db.prepare('SELECT * FROM holder').get();
      return row === undefined ? '' : describe(row['pid'], row['host'], row['command'], row['since']);
    } finally {
      db.close();
    }
  } catch {
    return '';
  }
}

function describe(...[pid, host, command, since]: readonly unknown[]): string {
  return `pid ${String(pid)} on ${String(host)}, \`${String(command)}\`, since ${String(since)}`;
}

/** The same for every name of the same state. Its directory has to be there. */
function lockPath(statePath: string, ending: 'lock' | 'daemon.lock'): string {
  const path = resolve(statePath);
  try {
    return `${realpathSync(path)}.${ending}`;
  } catch {
    try {
      return join(realpathSync(dirname(path)), `${basename(path)}.${ending}`);
    } catch (error) {
      throw stateError(error, statePath, 'write');
    }
  }
}
