/**
 * Floor 2. The default `Store`: SQLite in one file. Memory is one row of JSON a domain; the journal is a table that only grows. WAL lets
 * dry runs read while a run writes. synchronous=NORMAL: a killed process loses nothing. A power cut may lose the last steps, and the next look
 * finds again what they did (rule 15 takes what nobody remembers for the worst); FULL would make a first run over a fleet twice as long.
 */
import { accessSync, closeSync, constants, openSync, realpathSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { StsyncError } from '../core/error.ts';
import type { JournalOutcome } from '../core/journal.ts';
import type { DomainMemory } from '../core/memory.ts';
import { NEW_STATE, openDatabase, stateError } from './sqlite.ts';
import { formatMemory } from './store-json.ts';
import { writeDomainStates } from './store-sqlite-fleet.ts';
import { writePolicyBody } from './store-sqlite-policies.ts';
import { prepareReader, type Queries } from './store-sqlite-queries.ts';
import { checkVersion, inTransaction, notOurs, prepareSchema } from './store-sqlite-schema.ts';
import type { Store, StoreReader } from './store.ts';

/** Another writer is kept out by the run lock; this is for a backup tool that holds the file for a moment. */
const BUSY_TIMEOUT_MS = 2000;

/**
 * Opens the state for a run, and creates the file (mode 0600) where there is none; its directory has to be there.
 * Throws `STATE_UNWRITABLE` (directory missing, rights, read-only, disk full), `STATE_UNREADABLE` (no database, not ours, damaged, of a
 * newer stsync), `LOCKED`. Hold the run lock first.
 */
export function openStore(path: string): Store {
  const db = attempt(path, 'write', () => {
    createOrCheck(path);
    return openDatabase(path, { timeout: BUSY_TIMEOUT_MS });
  });
  return attempt(path, 'write', () => {
    try {
      prepareSchema(db, path);
      return writer(db, path);
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * Opens the state for looking only; null when there is none yet (no file, or an empty one). Nothing on disk changes, not even a side file,
 * and a read-only file system will do. Every read gives a state that some moment really had, also while a run writes.
 * Throws `STATE_UNREADABLE` and `LOCKED`.
 */
export function openStoreReadOnly(path: string): StoreReader | null {
  return attempt(path, 'read', () => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return null;
    if (!found.isDirectory() && found.size === 0 && sizeOf(`${realpathSync(path)}-wal`) === 0) return null;
    accessSync(path, constants.R_OK);
    const first = openView(path);
    if (first === null) return null;
    let view = first;
    /** Runs a query on a view that was true before and after it; see {@link openView}. */
    const read = <T>(query: (queries: Queries) => T): T =>
      attempt(path, 'read', () => {
        for (let tries = 0; tries < 100; tries++) {
          if (view.stamp !== null && view.stamp !== stampOf(path)) {
            view.db.close();
            const next = openView(path);
            if (next === null) throw notOurs(path);
            view = next;
          }
          const answer = query(view.queries);
          if (view.stamp === null || view.stamp === stampOf(path)) return answer;
        }
        throw new StsyncError('LOCKED', `the state ${path} changes faster than it can be read`, { retryable: true });
      });
    return {
      domains: () => read((queries) => queries.domains()),
      memory: (domain) => read((queries) => queries.memory(domain)),
      journal: (filter) => read((queries) => queries.journal(filter)),
      domainStates: () => read((queries) => queries.domainStates()),
      lastGoodRunAt: () => read((queries) => queries.lastGoodRunAt()),
      policyBody: (host) => read((queries) => queries.policyBody(host)),
      certificate: (host) => read((queries) => queries.certificate(host)),
      certificates: () => read((queries) => queries.certificates()),
      orderQueue: (directoryUrl) => read((queries) => queries.orderQueue(directoryUrl)),
      reportFacts: (domain, since) => read((queries) => queries.reportFacts(domain, since)),
      close: () => {
        if (view.db.isOpen) view.db.close();
      },
    };
  });
}

/** One look where no connection can be held, as on a full disk; null: there is nothing yet. Throws as `openStoreReadOnly`. */
export function lookOnce<T>(path: string, look: (db: DatabaseSync) => T): T | null {
  return attempt(path, 'read', () => {
    const view = openView(path);
    if (view === null) return null;
    try {
      const found = look(view.db);
      if (view.stamp === null || view.stamp === stampOf(path)) return found;
      throw new StsyncError('LOCKED', `the state ${path} changed while it was read`, { retryable: true });
    } finally {
      view.db.close();
    }
  });
}

interface View {
  readonly db: DatabaseSync;
  readonly queries: Queries;
  /** Of an `immutable` view: the files as they were when it was opened. Null: SQLite itself keeps the view true. */
  readonly stamp: string | null;
}

/**
 * While a log lies beside the file (a run is on, or one was killed) SQLite reads both, with `readonly_shm` so that it touches neither.
 * Without one a read-only connection would make a log of its own; `immutable` keeps it from that, but then it sees no writer, so the
 * caller compares the stamp around each read. A writer makes its log before it changes the file, so no change goes unseen. Null: an empty
 * database.
 */
function openView(path: string): View | null {
  const stamp = stampOf(path);
  const hasLog = !EMPTY_LOG.test(stamp);
  const options = { readOnly: true, timeout: BUSY_TIMEOUT_MS };
  const db = openDatabase(path, options, hasLog ? 'mode=ro&readonly_shm=1' : 'mode=ro&immutable=1');
  try {
    if (checkVersion(db, path) === 0) {
      // A first run was killed before it wrote anything.
      db.close();
      return null;
    }
    return { db, queries: prepareReader(db, path), stamp: hasLog ? null : stamp };
  } catch (error) {
    db.close();
    throw hasLog && sizeOf(`${realpathSync(path)}-shm`) === 0 ? unfinished(path, error) : error;
  }
}

/**
 * No log, or one without a single frame: its head alone is 32 bytes (https://sqlite.org/fileformat2.html#walformat). A kill can leave that,
 * and SQLite does not read it with `readonly_shm`: it tries for ten seconds and says "locking protocol".
 */
const EMPTY_LOG = / log (?:\d|[12]\d|3[0-2]) 0$/;

function stampOf(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  const real = realpathSync(path);
  return `${ino} ${size} ${mtimeNs} log ${sizeOf(`${real}-wal`)} ${sizeOf(`${real}-journal`)}`;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function writer(db: DatabaseSync, path: string): Store {
  const queries = prepareReader(db, path);
  const save = db.prepare(
    'INSERT INTO memory (domain, json) VALUES (?, ?) ON CONFLICT (domain) DO UPDATE SET json = excluded.json',
  );
  const drop = db.prepare('DELETE FROM memory WHERE domain = ?');
  const begin = db.prepare(
    `INSERT INTO journal (at, domain, kind, name, type, before, after, reason, outcome, yaml_commit)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'started', ?)`,
  );
  const end = db.prepare('UPDATE journal SET outcome = ?, note = ? WHERE number = ?');
  const saveMemories = (memories: ReadonlyMap<string, DomainMemory>): void => {
    // Formatted first: what cannot be formatted leaves no half-done transaction.
    const rows = Array.from(memories, ([domain, memory]) => [domain, formatMemory(memory)] as const);
    attempt(path, 'write', () => inTransaction(db, () => rows.forEach(([domain, json]) => save.run(domain, json))));
  };
  return {
    domains: () => attempt(path, 'read', () => queries.domains()),
    memory: (domain) => attempt(path, 'read', () => queries.memory(domain)),
    journal: (filter) => attempt(path, 'read', () => queries.journal(filter)),
    domainStates: () => attempt(path, 'read', () => queries.domainStates()),
    lastGoodRunAt: () => attempt(path, 'read', () => queries.lastGoodRunAt()),
    policyBody: (host) => attempt(path, 'read', () => queries.policyBody(host)),
    certificate: (host) => attempt(path, 'read', () => queries.certificate(host)),
    certificates: () => attempt(path, 'read', () => queries.certificates()),
    orderQueue: (directoryUrl) => attempt(path, 'read', () => queries.orderQueue(directoryUrl)),
    reportFacts: (domain, since) => attempt(path, 'read', () => queries.reportFacts(domain, since)),
    savePolicyBody: (host, body) => attempt(path, 'write', () => writePolicyBody(db, host, body)),
    saveDomainStates: (states, lastGoodRunAt) =>
      attempt(path, 'write', () => inTransaction(db, () => writeDomainStates(db, states, lastGoodRunAt))),
    saveMemory: (domain, memory) => saveMemories(new Map([[domain, memory]])),
    saveMemories,
    forget: (domains) =>
      attempt(path, 'write', () => inTransaction(db, () => domains.forEach((domain) => drop.run(domain)))),
    beginStep: ({ at, domain, kind, name, type, before, after, reason, commit }) =>
      attempt(path, 'write', () => {
        const [old, next] = [jsonOrNull(before), jsonOrNull(after)];
        return Number(begin.run(at.toISOString(), domain, kind, name, type, old, next, reason, commit).lastInsertRowid);
      }),
    endStep: (number: number, outcome: JournalOutcome, note: string | null) => {
      const { changes } = attempt(path, 'write', () => end.run(outcome, note, number));
      if (changes !== 1) throw new StsyncError('INTERNAL', `the journal has no step ${number}`, { where: path });
    },
    close: () => {
      if (!db.isOpen) return;
      try {
        // While the policy host has the state open, closing alone leaves all in the log, and a backup of the file would miss it.
        db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      } catch {
        // It stays in the log, where nothing is lost.
      }
      attempt(path, 'write', () => db.close());
    },
  };
}

/** Makes an empty file with the right mode, or says in the file system's words why SQLite would not open what is there. */
function createOrCheck(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    const isThere = statSync(path, { throwIfNoEntry: false });
    if (isThere === undefined) throw error;
    if (isThere.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    accessSync(path, constants.R_OK | constants.W_OK);
  }
}

function unfinished(path: string, cause: unknown): StsyncError {
  return new StsyncError('STATE_UNREADABLE', `the state ${path} has an unfinished log beside it`, {
    hint: `let "stsync sync" open it once, which finishes the log; or move it away with its -wal file: ${NEW_STATE}`,
    where: path,
    cause,
  });
}

function attempt<T>(path: string, doing: 'read' | 'write', work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw stateError(error, path, doing);
  }
}

function jsonOrNull(texts: readonly string[] | null): string | null {
  return texts === null ? null : JSON.stringify(texts);
}
