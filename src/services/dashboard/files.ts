/** Floor 3. What each table of the dashboard is as a file. */
import { type SummaryDimension } from '../../core/reports/dimensions.ts';
import type { StateView } from '../../effects/look-at-state.ts';
import type { SetAsideRow } from '../../effects/report-store.ts';
import type { NumberedEntry } from '../../effects/store-sqlite-dashboard.ts';
import { summarize } from '../reports/summarize.ts';
import type { ReportHead } from './domain-view.ts';
import type { FileTable } from './file-table.ts';
import type { Figures } from './fleet-figures.ts';
import type { FleetRow } from './fleet-rows.ts';
import type { Range } from './range.ts';

/** In the names of columns and files: what a summary can be asked for, and who holds which policy. */
export type FileOf = SummaryDimension | 'held';

export function fleetFile(rows: readonly FleetRow[], figures: ReadonlyMap<string, Figures>): FileTable {
  return {
    name: 'fleet',
    columns: [
      'domain',
      'status',
      'mode_live',
      'mode_wanted',
      'changes',
      'findings',
      'certificate_ends_at',
      'succeeded',
      'failed',
    ],
    rows: rows.map(({ domain, status, mode, changes, findings }) => {
      const { succeeded = null, failed = null, endsAt = null } = figures.get(domain) ?? {};
      const modes = [mode?.live ?? null, mode?.wanted ?? null];
      return [domain, status, ...modes, changes, findings, endsAt?.toISOString() ?? null, succeeded, failed];
    }),
  };
}

export function domainFile({ reports, dashboard }: StateView, domain: string, range: Range, by: FileOf): FileTable {
  const name = `${domain}-${by}`;
  if (by === 'held') {
    const columns = ['policy', 'policy_type', 'reporter', 'succeeded', 'failed', 'last_day'];
    const rows = dashboard
      .heldBy(domain, range)
      .map((one) => [one.hash, one.policyType, one.reporter, one.succeeded, one.failed, one.lastDay]);
    return { name, columns, rows };
  }
  const { tables } = summarize(reports, { domain, since: range.since, until: range.until }, [by]);
  const rows = (tables[0]?.rows ?? []).map((one) => [one.label, one.policyType, one.succeeded, one.failed]);
  return { name, columns: [by, 'policy_type', 'succeeded', 'failed'], rows };
}

export function journalFile(entries: readonly NumberedEntry[]): FileTable {
  return {
    name: 'journal',
    columns: ['at', 'domain', 'kind', 'name', 'type', 'before', 'after', 'reason', 'outcome', 'note', 'commit'],
    rows: entries.map((one) => [
      one.at.toISOString(),
      one.domain,
      one.kind,
      one.name,
      one.type,
      one.before?.join(' | ') ?? null,
      one.after?.join(' | ') ?? null,
      one.reason,
      one.outcome,
      one.note,
      one.commit,
    ]),
  };
}

export function reportsFile(reports: readonly ReportHead[]): FileTable {
  return {
    name: 'reports',
    columns: [
      'id',
      'domain',
      'organization',
      'contact',
      'report_id',
      'start',
      'end',
      'verdict',
      'signer',
      'received_at',
      'source',
    ],
    rows: reports.map((one) => [
      one.id,
      one.domain,
      one.organizationName,
      one.contactInfo,
      one.reportId,
      one.dateRange.start.toISOString(),
      one.dateRange.end.toISOString(),
      one.verdict,
      one.proof?.domain ?? null,
      one.receivedAt.toISOString(),
      one.source,
    ]),
  };
}

export function rejectedFile(rows: readonly SetAsideRow[]): FileTable {
  return {
    name: 'rejected',
    columns: ['state', 'code', 'message', 'domain', 'organization', 'source', 'times', 'first_at', 'last_at'],
    rows: rows.map((one) => [
      one.state,
      one.code,
      one.message,
      one.domain,
      one.organization,
      one.source,
      one.times,
      one.firstAt.toISOString(),
      one.lastAt.toISOString(),
    ]),
  };
}
