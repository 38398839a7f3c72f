/** Floor 2. The reading half of the SQLite store: rows in, values out, and a sentence with a cure for a row that is none of ours. */
import type { DatabaseSync } from 'node:sqlite';

import { StsyncError } from '../core/error.ts';
import type { JournalEntry, JournalOutcome } from '../core/journal.ts';
import { noMemory } from '../core/memory.ts';
import type { StepKind } from '../core/plan/model.ts';
import { NEW_STATE, type Row } from './sqlite.ts';
import { prepareAllFactsQuery, prepareFactsQuery, prepareQueueQuery } from './store-sqlite-certificate-rows.ts';
import { readDomainStates, readLastGoodRunAt } from './store-sqlite-fleet.ts';
import { readPolicyBody } from './store-sqlite-policies.ts';
import { prepareEvidence } from './store-sqlite-report-evidence.ts';
import { parseInstant, parseMemory, parseTexts, parseWord, StoredTextError, type Words } from './store-json.ts';
import type { StoreReader } from './store.ts';

export type Queries = Omit<StoreReader, 'close'>;

const KINDS: Words<StepKind> = {
  'publish-policy': 'publish-policy',
  certificate: 'certificate',
  upsert: 'upsert',
  delete: 'delete',
  verify: 'verify',
  wait: 'wait',
};
const OUTCOMES: Words<JournalOutcome> = { started: 'started', done: 'done', failed: 'failed', unknown: 'unknown' };

/** The queries of one connection, prepared once. Errors of SQLite pass through. */
export function prepareReader(db: DatabaseSync, path: string): Queries {
  const domains = db.prepare('SELECT domain FROM memory ORDER BY domain');
  const memory = db.prepare('SELECT json FROM memory WHERE domain = ?');
  const newest = db.prepare('SELECT * FROM journal ORDER BY number DESC LIMIT ?');
  const unfinished = db.prepare(
    `SELECT * FROM journal AS entry WHERE outcome <> 'done' AND type IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM journal AS later
       WHERE later.domain = entry.domain AND later.number > entry.number AND later.name = entry.name AND later.type IS NOT NULL
     ) ORDER BY number`,
  );
  const newestOfDomain = db.prepare('SELECT * FROM journal WHERE domain = ? ORDER BY number DESC LIMIT ?');
  const certificate = prepareFactsQuery(db);
  const certificates = prepareAllFactsQuery(db);
  const queue = prepareQueueQuery(db);
  const evidence = prepareEvidence(db);
  return {
    domains: () => domains.all().map((row) => textOf(row, 'domain')),
    memory: (domain) => {
      const row = memory.get(domain);
      if (row === undefined) return noMemory;
      return reading(path, `the memory of ${domain}`, () => parseMemory(textOf(row, 'json')));
    },
    journal: (filter) => {
      if (filter.isUnfinished) return unfinished.all().map((row) => reading(path, describe(row), () => readEntry(row)));
      const { domain, limit } = filter;
      const most = limit ?? -1;
      const rows = domain === undefined ? newest.all(most) : newestOfDomain.all(domain, most);
      return rows.toReversed().map((row) => reading(path, describe(row), () => readEntry(row)));
    },
    domainStates: () => reading(path, 'what the daemon kept', () => readDomainStates(db)),
    lastGoodRunAt: () => reading(path, 'what the daemon kept', () => readLastGoodRunAt(db)),
    policyBody: (host) => reading(path, `the policy of ${host}`, () => readPolicyBody(db, host)),
    certificate: (host) => reading(path, `what is kept of ${host}`, () => certificate(host)),
    certificates: () => reading(path, 'what is kept of certificates', certificates),
    orderQueue: (directoryUrl) => reading(path, `the queue of ${directoryUrl}`, () => queue(directoryUrl)),
    reportFacts: (domain, since) => reading(path, `the reports of ${domain}`, () => evidence(domain, since)),
  };
}

/** An entry of the journal. Throws `StoredTextError` for a row that is none of ours. */
export function readEntry(row: Row): JournalEntry {
  return {
    at: parseInstant(textOf(row, 'at'), 'at'),
    domain: textOf(row, 'domain'),
    kind: parseWord(textOf(row, 'kind'), KINDS, 'kind'),
    name: textOf(row, 'name'),
    type: textOrNull(row, 'type'),
    before: textsOrNull(row, 'before'),
    after: textsOrNull(row, 'after'),
    reason: textOf(row, 'reason'),
    outcome: parseWord(textOf(row, 'outcome'), OUTCOMES, 'outcome'),
    note: textOrNull(row, 'note'),
    commit: textOrNull(row, 'yaml_commit'),
  };
}

function describe(row: Row): string {
  return `step ${String(row['number'])} of ${String(row['domain'])} in the journal`;
}

/** Throws `STATE_UNREADABLE` with the cure in place of `StoredTextError`. */
export function reading<T>(path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StoredTextError)) throw error;
    throw new StsyncError('STATE_UNREADABLE', `${what} in the state ${path} cannot be read: ${error.message}`, {
      hint: `put a backup of the state in its place, or move it away: ${NEW_STATE}`,
      where: path,
      cause: error,
    });
  }
}

function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new StoredTextError(`${column} is not a text`);
  return value;
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column);
}

function textsOrNull(row: Row, column: string): readonly string[] | null {
  return row[column] === null ? null : parseTexts(textOf(row, column), column);
}
