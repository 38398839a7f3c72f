/**
 * Floor 2. node:sqlite without its ExperimentalWarning (Node 22 prints one), and its errors in our words. Only `store*` and `run-lock` use
 * it. Never open a state file with `node:fs` beside it: closing any descriptor of a file drops this process's POSIX locks on it.
 */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync, DatabaseSyncOptions, SQLOutputValue } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import type { ErrorCode } from '../core/codes.ts';
import { StsyncError } from '../core/error.ts';

/** What happens when there is no state, said in hints. */
export const NEW_STATE = 'stsync then starts a new one and waits as if the oldest policies were still cached';

/** One row as node:sqlite gives it. */
export type Row = Record<string, SQLOutputValue>;

/**
 * Opens a database file. `query` holds SQLite's own URI parameters (`immutable=1`). The path is always a path: `:memory:`, `file:` and `?`
 * in it mean nothing. Throws node:sqlite's errors; {@link stateError} turns them into ours.
 */
export function openDatabase(path: string, options: DatabaseSyncOptions = {}, query = ''): DatabaseSync {
  const url = pathToFileURL(resolve(path));
  url.search = query;
  return new (loadSqlite().DatabaseSync)(url, options);
}

/**
 * What went wrong with the state at `path`, as `STATE_UNREADABLE`, `STATE_UNWRITABLE` or `LOCKED`, each with its cure. Takes errors of
 * node:sqlite and of node:fs; our own pass as they are, and anything else is a fault of stsync and passes too.
 */
export function stateError(error: unknown, path: string, doing: 'read' | 'write'): unknown {
  if (error instanceof StsyncError || !(error instanceof Error)) return error;
  const fault = faultOf(error, path);
  if (fault === null) return error;
  const { code, what, hint } = FAULTS[fault];
  const detail = fault === 'disk' ? `: ${error.message}` : fault === 'no-directory' ? ` ${dirname(resolve(path))}` : '';
  return new StsyncError(
    code ?? (doing === 'read' ? 'STATE_UNREADABLE' : 'STATE_UNWRITABLE'),
    `the state ${path} ${what}${detail}`,
    { hint, where: path, retryable: fault === 'busy', cause: error },
  );
}

interface Fault {
  /** Null: after what was being done. */
  readonly code: ErrorCode | null;
  readonly what: string;
  readonly hint: string;
}

const FAULTS = {
  busy: {
    code: 'LOCKED',
    what: 'is being written by another program',
    hint: 'wait for it to end, or close what has it open',
  },
  'not-a-database': {
    code: 'STATE_UNREADABLE',
    what: 'is not a database',
    hint: 'let "state:" name another file, or move this one away',
  },
  damaged: {
    code: 'STATE_UNREADABLE',
    what: 'is damaged',
    hint: `put a backup in its place, or move it away: ${NEW_STATE}`,
  },
  full: {
    code: 'STATE_UNWRITABLE',
    what: 'cannot grow: the disk is full',
    hint: 'free some space and run again: it goes on',
  },
  'read-only': {
    code: null,
    what: 'is on a read-only file system or write-protected',
    hint: 'make it writable, or let "state:" name a place that is',
  },
  permission: {
    code: null,
    what: 'is closed to this user',
    hint: 'run as its owner, or give this user the rights to it and to its directory',
  },
  'no-directory': { code: null, what: 'has no directory', hint: 'create the directory, or correct "state:"' },
  'not-a-file': { code: null, what: 'is a directory', hint: 'let "state:" name a file' },
  disk: { code: null, what: 'cannot be used', hint: 'look at the disk and the file, then run again' },
} as const satisfies Record<string, Fault>;

type FaultName = keyof typeof FAULTS;

/** Primary result codes of SQLite (https://sqlite.org/rescode.html): the low byte of `errcode`. */
const SQLITE_FAULTS: ReadonlyMap<number, FaultName> = new Map([
  [3, 'permission'],
  [5, 'busy'],
  [6, 'busy'],
  [8, 'read-only'],
  [10, 'disk'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'disk'],
  [23, 'permission'],
  [26, 'not-a-database'],
]);

const FILE_FAULTS: ReadonlyMap<string, FaultName> = new Map([
  ['EACCES', 'permission'],
  ['EDQUOT', 'full'],
  ['EIO', 'disk'],
  ['EISDIR', 'not-a-file'],
  ['ENOSPC', 'full'],
  ['ENOTDIR', 'no-directory'],
  ['EPERM', 'permission'],
  ['EROFS', 'read-only'],
]);

function faultOf(error: Error, path: string): FaultName | null {
  if ('errcode' in error && typeof error.errcode === 'number') {
    const fault = SQLITE_FAULTS.get(error.errcode & 0xff) ?? 'disk';
    return fault === 'disk' ? lookCloser(path) : fault;
  }
  if (!('code' in error) || typeof error.code !== 'string') return null;
  return error.code === 'ENOENT' ? lookCloser(path) : (FILE_FAULTS.get(error.code) ?? null);
}

/** SQLite says "unable to open" and "disk I/O error" for many things; the file system knows which. */
function lookCloser(path: string): FaultName {
  const directory = dirname(resolve(path));
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return 'no-directory';
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return 'not-a-file';
  if (statfsSync(directory).bavail === 0) return 'full';
  try {
    accessSync(directory, constants.W_OK);
    return 'disk';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS' ? 'read-only' : 'permission';
  }
}

/** The one warning that loading node:sqlite makes on Node 22 is dropped; a warning of anything else goes its way. */
function loadSqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: readonly unknown[]): void => {
    const text = typeof warning === 'string' ? warning : warning.message;
    if (!/\bSQLite\b/.test(text)) Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
