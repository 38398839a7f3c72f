/** Floor 2. A view of the state that lives as long as the process: it sees what any process writes at once, and follows a file that was replaced. */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { openDatabase } from './sqlite.ts';

/** As long as the log of a killed run is being finished. */
const BUSY_TIMEOUT_MS = 200;

/** `none`: a view cannot be had. `gone`: there is no state, and there was none. */
export type Followed<Q> =
  | { readonly kind: 'query'; readonly query: Q }
  | { readonly kind: 'none' }
  | { readonly kind: 'gone' };

export interface FollowedState<Q> {
  /** To be asked for before each use. A state that was moved away stays in use until there is another one. */
  query(): Followed<Q>;
  /** After an error, or at the end; the next `query` opens it again. */
  close(): void;
}

/** `prepare`: null where the state is older than the tables. */
export function followState<Q>(path: string, prepare: (db: DatabaseSync) => Q | null): FollowedState<Q> {
  let connection: { readonly db: DatabaseSync; readonly query: Q; readonly inode: number } | null = null;
  const close = (): void => {
    connection?.db.close();
    connection = null;
  };
  return {
    query: () => {
      const inode = statSync(path, { throwIfNoEntry: false })?.ino ?? null;
      if (connection !== null && inode !== null && inode !== connection.inode) close();
      if (connection === null && inode === null) return { kind: 'gone' };
      connection ??= inode === null ? null : connect(path, inode, prepare);
      return connection === null ? { kind: 'none' } : { kind: 'query', query: connection.query };
    },
    close,
  };
}

/**
 * Null where this cannot be had. Not with `readonly_shm`, as the views of dry runs: SQLite shares that file within a process, so a run of
 * the same daemon could not write any more.
 */
function connect<Q>(
  path: string,
  inode: number,
  prepare: (db: DatabaseSync) => Q | null,
): { readonly db: DatabaseSync; readonly query: Q; readonly inode: number } | null {
  let db: DatabaseSync | null = null;
  try {
    db = openDatabase(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS }, 'mode=ro');
    const query = prepare(db);
    if (query !== null) return { db, query, inode };
  } catch {
    // The slow way says what it is.
  }
  db?.close();
  return null;
}
