/** Floor 2. What is asked of the TLS reports in the SQLite state. Sums are REAL: a sum of many large counts is no error. Errors of SQLite pass through. */
import type { DatabaseSync } from 'node:sqlite';

import { type Verdict, verdicts, ways } from '../core/reports/model.ts';
import type { TlsReportFailure, TlsReportPolicy } from '../core/tls-report/model.ts';
import type { SummaryDimension } from '../core/reports/dimensions.ts';
import type { SummaryRow } from '../core/reports/summary.ts';
import type { KeptAside, NumberedReport, ReportFilter, ReportReader, SetAsideRow } from './report-store.ts';
import type { Row } from './sqlite.ts';
import { prepareReportFacts } from './store-sqlite-report-facts.ts';
import { readSenderNames } from './store-sqlite-sender-names.ts';
import { parseInstant, parseTexts, StoredTextError } from './store-json.ts';

type Queries = Omit<ReportReader, 'close'>;

const COLUMNS: Readonly<Record<SummaryDimension, string>> = {
  day: 'day',
  reporter: 'reporter',
  policy: 'held',
  result: 'result',
  source: 'source',
  mx: 'mx',
};

/** A state older than these tables has no reports. */
export function prepareReportReader(db: DatabaseSync): Queries {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'reports_set_aside'").get() === undefined) return noReports;
  return {
    counts: (by, filter) => countRows(db, by, filter),
    totals: (filter) =>
      db
        .prepare(
          `SELECT '' AS label, policy_type, total(succeeded) AS succeeded, total(failed) AS failed FROM report_days WHERE ${where(filter)} GROUP BY policy_type`,
        )
        .all(...bind(filter))
        .map(countRow),
    reach: (filter) => {
      const sql = `SELECT count(*) AS reports, count(DISTINCT reporter) AS reporters FROM reports WHERE ${where(filter)}`;
      const row = db.prepare(sql).get(...bind(filter)) ?? {};
      return { reports: Number(row['reports'] ?? 0), reporters: Number(row['reporters'] ?? 0) };
    },
    held: (hashes) => {
      const select = db.prepare('SELECT text FROM held_policies WHERE hash = ?');
      return new Map(
        hashes.flatMap((hash): [string, string][] => {
          const row = select.get(hash);
          return row === undefined ? [] : [[hash, textOf(row, 'text')]];
        }),
      );
    },
    facts: prepareReportFacts(db),
    senderNames: (addresses) => readSenderNames(db, addresses),
    report: (id) => readReport(db, id),
    reports: (filter, limit) =>
      db
        .prepare(`SELECT * FROM reports WHERE ${where(filter)} ORDER BY day DESC, id DESC LIMIT ?`)
        .all(...bind(filter), limit)
        .map(headOf),
    setAside: (limit) =>
      db
        .prepare(
          `SELECT id, code, domain, state, message, organization, source, times, first_at, last_at FROM reports_set_aside ORDER BY id DESC LIMIT ?`,
        )
        .all(limit)
        .map(setAsideOf),
    setAsideCount: () => Number(db.prepare('SELECT count(*) AS n FROM reports_set_aside').get()?.['n'] ?? 0),
  };
}

/** What there is where no state is. */
export const noReports: Queries = {
  counts: () => [],
  totals: () => [],
  reach: () => ({ reports: 0, reporters: 0 }),
  held: () => new Map(),
  facts: ({ domain }) => ({ domain: domain ?? '', totals: [], failures: [], held: new Map() }),
  senderNames: () => new Map(),
  report: () => null,
  reports: () => [],
  setAside: () => [],
  setAsideCount: () => 0,
};

function countRows(db: DatabaseSync, by: SummaryDimension, filter: ReportFilter): readonly SummaryRow[] {
  const isOfAll = by === 'day' || by === 'reporter' || by === 'policy';
  const sums = isOfAll
    ? 'total(succeeded) AS succeeded, total(failed) AS failed FROM report_days'
    : 'NULL AS succeeded, total(sessions) AS failed FROM report_failures';
  const column = COLUMNS[by];
  const order = by === 'day' ? 'label' : 'failed DESC, succeeded DESC, label';
  const sql = `SELECT ${column} AS label, policy_type, ${sums} WHERE ${where(filter)} GROUP BY label, policy_type ORDER BY ${order}, policy_type`;
  return db
    .prepare(sql)
    .all(...bind(filter))
    .map(countRow);
}

/** Two texts: with one for both cases SQLite takes no index for the domain, and a domain takes as long as all of them. */
function where({ domain }: ReportFilter): string {
  return domain === null ? 'day >= ? AND day <= ?' : 'day >= ? AND day <= ? AND domain = ?';
}

function bind({ since, until, domain }: ReportFilter): readonly string[] {
  return domain === null ? [since, until] : [since, until, domain];
}

function countRow(row: Row): SummaryRow {
  return {
    label: textOf(row, 'label'),
    policyType: textOf(row, 'policy_type'),
    succeeded: row['succeeded'] === null ? null : Number(row['succeeded']),
    failed: Number(row['failed']),
  };
}

function readReport(db: DatabaseSync, id: number): NumberedReport | null {
  const row = db.prepare('SELECT * FROM reports WHERE id = ?').get(id);
  if (row === undefined) return null;
  const details = new Map<number, TlsReportFailure[]>();
  for (const one of db.prepare('SELECT * FROM report_details WHERE report = ? ORDER BY policy, number').all(id)) {
    const number = Number(one['policy']);
    const known = details.get(number) ?? [];
    known.push(detailOf(one));
    details.set(number, known);
  }
  const policies = db
    .prepare('SELECT * FROM report_policies WHERE report = ? ORDER BY number')
    .all(id)
    .map((one) => policyOf(one, details.get(Number(one['number'])) ?? []));
  return { ...headOf(row), remarks: parseTexts(textOf(row, 'remarks'), 'remarks'), policies };
}

/** A report without its policies. Throws `StoredTextError` for a row that is none of ours. */
export function headOf(row: Row): Omit<NumberedReport, 'policies' | 'remarks'> {
  const signer = textOrNull(row, 'signer');
  const [selector, algorithm] = [textOrNull(row, 'selector') ?? '', textOrNull(row, 'algorithm') ?? ''];
  return {
    id: Number(row['id']),
    domain: textOf(row, 'domain'),
    verdict: verdictOf(textOf(row, 'verdict')),
    proof: signer === null ? null : { domain: signer, selector, algorithm },
    organizationName: textOf(row, 'organization'),
    contactInfo: textOrNull(row, 'contact'),
    reportId: textOf(row, 'report_id'),
    dateRange: {
      start: parseInstant(textOf(row, 'start_at'), 'start_at'),
      end: parseInstant(textOf(row, 'end_at'), 'end_at'),
    },
    source: textOf(row, 'source'),
    receivedAt: parseInstant(textOf(row, 'received_at'), 'received_at'),
  };
}

function policyOf(row: Row, failureDetails: readonly TlsReportFailure[]): TlsReportPolicy {
  return {
    policyType: textOf(row, 'type'),
    policyDomain: textOrNull(row, 'named_domain'),
    policyStrings: parseTexts(textOf(row, 'strings'), 'strings'),
    mxHosts: parseTexts(textOf(row, 'mx'), 'mx'),
    totalSuccessfulSessionCount: Number(row['succeeded']),
    totalFailureSessionCount: Number(row['failed']),
    failureDetails,
  };
}

function detailOf(row: Row): TlsReportFailure {
  return {
    resultType: textOf(row, 'result'),
    failedSessionCount: Number(row['sessions']),
    sendingMtaIp: textOrNull(row, 'sending_ip'),
    receivingMxHostname: textOrNull(row, 'mx'),
    receivingMxHelo: textOrNull(row, 'helo'),
    receivingIp: textOrNull(row, 'receiving_ip'),
    additionalInformation: textOrNull(row, 'information'),
    failureReasonCode: textOrNull(row, 'reason'),
  };
}

/** Of things set aside, for a writer: an older state has no `way`. */
export function prepareContents(db: DatabaseSync): (after: number, limit: number) => readonly KeptAside[] {
  // A mail with reports about two domains is there twice.
  const ids = db.prepare(
    `SELECT max(id) AS id, json_group_array(code || ' ' || domain) AS whys FROM reports_set_aside WHERE content IS NOT NULL
     GROUP BY digest HAVING max(id) > ? ORDER BY 1 LIMIT ?`,
  );
  const select = db.prepare('SELECT digest, source, way, content FROM reports_set_aside WHERE id = ?');
  return (after, limit) =>
    ids.all(after, limit).map((one) => {
      const row = select.get(Number(one['id'])) ?? {};
      const { content } = row;
      const way = ways.find((word) => word === row['way']);
      if (!(content instanceof Uint8Array) || way === undefined)
        throw new StoredTextError('its content or way is none');
      const [digest, source] = [textOf(row, 'digest'), textOf(row, 'source')];
      return { id: Number(one['id']), digest, source, way, content, whys: parseTexts(textOf(one, 'whys'), 'whys') };
    });
}

function setAsideOf(row: Row): SetAsideRow {
  return {
    id: Number(row['id']),
    state: textOf(row, 'state') === 'rejected' ? 'rejected' : 'quarantined',
    code: textOf(row, 'code'),
    message: textOf(row, 'message'),
    source: textOf(row, 'source'),
    organization: textOrNull(row, 'organization'),
    domain: textOf(row, 'domain') || null,
    times: Number(row['times']),
    firstAt: parseInstant(textOf(row, 'first_at'), 'first_at'),
    lastAt: parseInstant(textOf(row, 'last_at'), 'last_at'),
  };
}

function verdictOf(word: string): Verdict {
  const verdict = verdicts.find((one) => one === word);
  if (verdict !== undefined) return verdict;
  throw new StoredTextError('its verdict is none');
}

function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new StoredTextError(`${column} is not a text`);
  return value;
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column);
}
