/** Floor 2. TLS reports as rows: written and taken out again on one connection, inside the caller's transaction. Errors of SQLite pass through. */
import type { DatabaseSync } from 'node:sqlite';

import {
  contentDigest,
  type Copy,
  domainOfAddress,
  reporterOf,
  sessionsOf,
  settle,
  slotOf,
} from '../core/reports/identity.ts';
import type { KeptReport, SetAside } from '../core/reports/model.ts';
import { type CellKey, type Tally, tally } from '../core/reports/tally.ts';
import type { TlsReportPolicy } from '../core/tls-report/model.ts';
import type { NumberedReport, Stored } from './report-store.ts';
import { prepareReportReader } from './store-sqlite-report-queries.ts';

/** So many things set aside are told of; the oldest go first. So many bytes of them are kept, those of the newest. */
export const MAX_SET_ASIDE = 10_000;
export const MAX_SET_ASIDE_BYTES = 100 * 1024 * 1024;

export interface ReportWriter {
  keep(report: KeptReport, clears: string): Stored;
  setAside(item: SetAside): Stored;
  /** Brings what is set aside back into its bounds. */
  trim(): void;
}

/** A copy in the state. */
interface HeldReport extends Copy {
  readonly report: NumberedReport;
}

export function prepareReportWriter(db: DatabaseSync): ReportWriter {
  const copies = db.prepare('SELECT id, is_whole FROM reports WHERE slot = ?');
  const clear = db.prepare('DELETE FROM reports_set_aside WHERE digest = ? AND domain IN (?, ?)');
  const insert = prepareInsert(db);
  const drops = ['reports WHERE id', 'report_policies WHERE report', 'report_details WHERE report'].map((place) =>
    db.prepare(`DELETE FROM ${place} = ?`),
  );
  const count = prepareCounter(db);
  const reader = prepareReportReader(db);
  const remove = (held: HeldReport): void => {
    count(tally(held.report), -1);
    for (const drop of drops) drop.run(held.report.id);
  };
  /** Of the copies that are there, those that no longer count go; false: the one that comes does not count. */
  const makeRoom = (ids: readonly number[], coming: KeptReport): boolean => {
    const held = ids.flatMap((id): readonly HeldReport[] => {
      const report = reader.report(id);
      return report === null ? [] : [{ ...copyOf(report), report }];
    });
    const next = { ...copyOf(coming), report: null };
    const settled = new Set<Copy>(settle<Copy>([...held, next]));
    for (const one of held) if (!settled.has(one)) remove(one);
    return settled.has(next);
  };
  const put = prepareSetAside(db);
  return {
    keep: (report, clears) => {
      const slot = slotOf(report);
      const rows = copies.all(slot);
      const ids = rows.map((row) => Number(row['id']));
      clear.run(clears, report.domain, '');
      // What it counted could not be taken back any more.
      if (rows.some((row) => row['is_whole'] === 0)) return 'known';
      if (ids.length > 0 && !makeRoom(ids, report)) return 'known';
      insert(report, slot);
      count(tally(report), 1);
      return 'new';
    },
    setAside: put,
    trim: prepareTrim(db),
  };
}

function copyOf(report: KeptReport): Copy {
  return {
    verdict: report.verdict,
    signer: report.proof?.domain ?? null,
    hasContact: report.contactInfo !== null && domainOfAddress(report.contactInfo) !== null,
    sessions: sessionsOf(report),
    digest: contentDigest(report),
  };
}

function prepareInsert(db: DatabaseSync): (report: KeptReport, slot: string) => void {
  const head = db.prepare(
    `INSERT INTO reports (slot, verdict, domain, reporter, organization, contact, report_id, day, start_at, end_at, received_at,
       source, signer, selector, algorithm, remarks) VALUES (${'?, '.repeat(15)}?)`,
  );
  const insertPolicy = db.prepare(`INSERT INTO report_policies VALUES (${'?, '.repeat(7)}?)`);
  const insertDetail = db.prepare(`INSERT INTO report_details VALUES (${'?, '.repeat(10)}?)`);
  const writePolicy = (id: number, number: number, policy: TlsReportPolicy): void => {
    const { policyType, policyDomain, policyStrings, mxHosts } = policy;
    const texts = [JSON.stringify(policyStrings), JSON.stringify(mxHosts)];
    const { totalSuccessfulSessionCount: succeeded, totalFailureSessionCount: failed } = policy;
    insertPolicy.run(id, number, policyType, policyDomain, ...texts, succeeded, failed);
    for (const [index, one] of policy.failureDetails.entries()) {
      const where = [one.sendingMtaIp, one.receivingMxHostname, one.receivingMxHelo, one.receivingIp];
      const why = [one.additionalInformation, one.failureReasonCode];
      insertDetail.run(id, number, index, one.resultType, one.failedSessionCount, ...where, ...why);
    }
  };
  return (report, slot) => {
    const { start, end } = report.dateRange;
    const { lastInsertRowid } = head.run(
      slot,
      report.verdict,
      report.domain,
      reporterOf(report),
      report.organizationName,
      report.contactInfo,
      report.reportId,
      start.toISOString().slice(0, 10),
      start.toISOString(),
      end.toISOString(),
      report.receivedAt.toISOString(),
      report.source,
      report.proof?.domain ?? null,
      report.proof?.selector ?? null,
      report.proof?.algorithm ?? null,
      JSON.stringify(report.remarks),
    );
    for (const [number, policy] of report.policies.entries()) writePolicy(Number(lastInsertRowid), number, policy);
  };
}

/** Adds a tally to the sums by day, or takes it away again; a sum of nothing leaves no row, so that no trace tells in which order reports came. */
function prepareCounter(db: DatabaseSync): (counted: Tally, sign: 1 | -1) => void {
  const key = 'domain, day, reporter, verdict, policy_type, held';
  const addTotal = db.prepare(
    `INSERT INTO report_days (${key}, reports, succeeded, failed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       reports = reports + excluded.reports, succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed`,
  );
  const addFailure = db.prepare(
    `INSERT INTO report_failures (${key}, result, source, mx, details, sessions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET details = details + excluded.details, sessions = sessions + excluded.sessions`,
  );
  const sweeps = ['report_days WHERE reports = 0', 'report_failures WHERE details = 0'].map((where) =>
    db.prepare(`DELETE FROM ${where} AND domain = ? AND day = ?`),
  );
  const addHeld = db.prepare('INSERT INTO held_policies VALUES (?, ?) ON CONFLICT DO NOTHING');
  return ({ totals, failures, held }, sign) => {
    for (const cell of totals) addTotal.run(...keyOf(cell), sign, sign * cell.succeeded, sign * cell.failed);
    for (const cell of failures)
      addFailure.run(...keyOf(cell), cell.result, cell.source, cell.mx, sign, sign * cell.sessions);
    if (sign === 1) for (const [hash, text] of held) addHeld.run(hash, text);
    else for (const { domain, day } of totals) for (const sweep of sweeps) sweep.run(domain, day);
  };
}

function keyOf(cell: CellKey): [string, string, string, string, string, string] {
  return [cell.domain, cell.day, cell.reporter, cell.verdict, cell.policyType, cell.held];
}

function prepareSetAside(db: DatabaseSync): (item: SetAside) => Stored {
  const put = db.prepare(
    `INSERT INTO reports_set_aside (digest, code, domain, state, message, organization, source, way, times, first_at, last_at, content)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET
       times = times + 1, first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`,
  );
  return ({ digest, code, domain, state, message, organization, source, way, at, content }) => {
    const time = at.toISOString();
    put.run(digest, code, domain ?? '', state, message, organization, source, way, time, time, content);
    return 'set-aside';
  };
}

function prepareTrim(db: DatabaseSync): () => void {
  const tooMany = db.prepare(
    `DELETE FROM reports_set_aside WHERE id <= (SELECT id FROM reports_set_aside ORDER BY id DESC LIMIT 1 OFFSET ${MAX_SET_ASIDE})`,
  );
  const sizes = db.prepare(
    'SELECT id, length(content) AS size FROM reports_set_aside WHERE content IS NOT NULL ORDER BY id DESC',
  );
  const empty = db.prepare('UPDATE reports_set_aside SET content = NULL WHERE id = ?');
  return () => {
    tooMany.run();
    let bytes = 0;
    for (const row of sizes.all()) {
      bytes += Number(row['size']);
      if (bytes > MAX_SET_ASIDE_BYTES) empty.run(Number(row['id']));
    }
  };
}
