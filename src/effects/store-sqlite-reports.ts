/** Floor 2. The TLS reports in the SQLite state: a reader that changes nothing on disk, and a writer with a connection of its own. */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { StsyncError } from '../core/error.ts';
import type { Change, ReportReader, ReportStore, Stored } from './report-store.ts';
import { openDatabase, stateError } from './sqlite.ts';
import { noReports, prepareContents, prepareReportReader } from './store-sqlite-report-queries.ts';
import { prepareAlerts } from './store-sqlite-report-alerts.ts';
import { prepareSenderNames } from './store-sqlite-sender-names.ts';
import { preparePrune } from './store-sqlite-report-prune.ts';
import { prepareReportWriter } from './store-sqlite-report-rows.ts';
import { reading } from './store-sqlite-queries.ts';
import { inTransaction } from './store-sqlite-schema.ts';
import { lookOnce, openStore } from './store-sqlite.ts';

/** A sync run writes in short steps; a backup tool may hold the file for a moment. */
const BUSY_TIMEOUT_MS = 5000;
const LOOKS = 20;

type Queries = ReturnType<typeof prepareReportReader>;

/** For looking only. A state that is not there, or older than the reports, has none. Throws as {@link ReportReader}. */
export function openReportReader(path: string): ReportReader {
  return readerOver((ask) => {
    for (let look = 1; ; look++) {
      try {
        const found = isThere(path) ? lookOnce(path, (db) => ({ answer: ask(prepareReportReader(db)) })) : null;
        return found === null ? ask(noReports) : found.answer;
      } catch (error) {
        const isBusy = error instanceof StsyncError && error.code === 'LOCKED';
        if (!isBusy || look === LOOKS) throw error;
      }
    }
  }, path);
}

/** Makes the state where there is none, and brings an older one to this schema. `busyMs`: how long a write stands still for another program. Throws as {@link ReportStore}. */
export function openReportStore(path: string, busyMs = BUSY_TIMEOUT_MS): ReportStore {
  openStore(path).close();
  const db = openDatabase(path, { timeout: busyMs });
  try {
    // With the usual 2 MB of cache a batch of reports goes to disk twice.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768');
    return storeOver(db, path);
  } catch (error) {
    db.close();
    throw stateError(error, path, 'write');
  }
}

function isThere(path: string): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  return size !== undefined && size > 0;
}

function storeOver(db: DatabaseSync, path: string): ReportStore {
  const queries = prepareReportReader(db);
  const writer = prepareReportWriter(db);
  const prune = preparePrune(db);
  const names = prepareSenderNames(db);
  const told = prepareAlerts(db);
  const contents = prepareContents(db);
  const put = (change: Change) =>
    change.kind === 'keep' ? writer.keep(change.report, change.clears) : writer.setAside(change.item);
  const forget = db.prepare('DELETE FROM reports_set_aside WHERE digest = ?');
  const putAll = (changes: readonly Change[]): readonly Stored[] => {
    const stored = changes.map(put);
    if (changes.some(({ kind }) => kind === 'set-aside')) writer.trim();
    return stored;
  };
  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw stateError(error, path, 'read');
    }
  };
  const write = <T>(work: () => T): T => {
    try {
      return inTransaction(db, work);
    } catch (error) {
      throw stateError(error, path, 'write');
    }
  };
  return {
    ...readerOver((ask) => read(() => ask(queries)), path),
    store: (changes) => write(() => putAll(changes)),
    settle: (digest, changes) =>
      write(() => {
        forget.run(digest);
        return putAll(changes);
      }),
    unnamed: (...asked) => read(() => names.unnamed(...asked)),
    alertDomains: (since) => read(() => told.alertDomains(since)),
    alerts: (domain) => read(() => reading(path, `what was told of ${domain}`, () => told.alerts(domain))),
    saveAlerts: (domain, alerts) => write(() => told.saveAlerts(domain, alerts)),
    saveNames: (found) => write(() => names.saveNames(found)),
    prune: (keeping) => write(() => prune(keeping)),
    contents: (after, limit) => read(() => reading(path, 'what was set aside', () => contents(after, limit))),
    close: () => {
      if (!db.isOpen) return;
      try {
        // So that a backup of the file alone has all.
        db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      } finally {
        db.close();
      }
    },
  };
}

function readerOver(ask: <T>(question: (queries: Queries) => T) => T, path: string): ReportReader {
  const what = 'a TLS report';
  return {
    counts: (by, filter) => ask((queries) => reading(path, what, () => queries.counts(by, filter))),
    totals: (filter) => ask((queries) => reading(path, what, () => queries.totals(filter))),
    reach: (filter) => ask((queries) => queries.reach(filter)),
    held: (hashes) => ask((queries) => reading(path, what, () => queries.held(hashes))),
    facts: (filter) => ask((queries) => queries.facts(filter)),
    senderNames: (addresses) => ask((queries) => queries.senderNames(addresses)),
    report: (id) => ask((queries) => reading(path, `report ${id}`, () => queries.report(id))),
    reports: (filter, limit) => ask((queries) => reading(path, what, () => queries.reports(filter, limit))),
    setAside: (limit) => ask((queries) => reading(path, what, () => queries.setAside(limit))),
    setAsideCount: () => ask((queries) => queries.setAsideCount()),
    close: () => undefined,
  };
}
