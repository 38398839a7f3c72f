/** Floor 3. The fleet as rows to filter and sort. A row is small: there may be 100,000, and a page is made in the blink of an eye. */
import { type DomainPlan, type Status, statuses } from '../../core/plan/model.ts';
import type { PolicyMode } from '../../core/policy.ts';
import type { FleetState } from '../daemon/fleet-state.ts';
import type { Figures, FleetFigures } from './fleet-figures.ts';
import type { FleetQuery, SortKey } from './fleet-query.ts';

export interface FleetRow {
  readonly domain: string;
  /** Null: not looked at yet. */
  readonly status: Status | null;
  /** Null where the domain is known by its name only. */
  readonly mode: { readonly wanted: PolicyMode; readonly live: PolicyMode | null } | null;
  /** Steps that are not done, and findings that are no mere information. */
  readonly changes: number;
  readonly findings: number;
}

type Seen = Pick<FleetState, 'inForce' | 'domains' | 'known'>;

/** Domains sorted by name; made anew only when the fleet changed. */
export function openFleetRows(): (state: Seen) => readonly FleetRow[] {
  let [seen, rows]: [Seen | null, readonly FleetRow[]] = [null, []];
  return (state) => {
    if (seen?.domains !== state.domains || seen.inForce !== state.inForce || seen.known !== state.known)
      [seen, rows] = [state, rowsOf(state)];
    return rows;
  };
}

function rowsOf({ inForce, domains, known }: Seen): readonly FleetRow[] {
  if (inForce === null) return Array.from(domains, ([domain, { status, plan }]) => rowOf(domain, status, plan));
  return inForce.config.domains.map(({ domain, mode }) => {
    const found = domains.get(domain);
    if (found !== undefined) return rowOf(domain, found.status, found.plan);
    const status = known.get(domain)?.status ?? null;
    return { domain, status, mode: { wanted: mode, live: null }, changes: 0, findings: 0 };
  });
}

function rowOf(domain: string, status: Status, plan: DomainPlan): FleetRow {
  return {
    domain,
    status,
    mode: plan.mode,
    changes: plan.steps.filter(({ kind, outcome }) => outcome !== 'done' && kind !== 'verify').length,
    findings: plan.findings.filter(({ severity }) => severity !== 'info').length,
  };
}

export function countByStatus(rows: readonly FleetRow[]): ReadonlyMap<Status | null, number> {
  const counts = new Map<Status | null, number>();
  for (const { status } of rows) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

export function filterRows(
  rows: readonly FleetRow[],
  { status, mode, text, hasFailures }: FleetQuery,
  figures: ReadonlyMap<string, Figures>,
): readonly FleetRow[] {
  if (status === null && mode === null && text === '' && !hasFailures) return rows;
  return rows.filter(
    (row) =>
      (status === null || row.status === status) &&
      (mode === null || row.mode?.wanted === mode) &&
      row.domain.includes(text) &&
      (!hasFailures || (figures.get(row.domain)?.failed ?? 0) > 0),
  );
}

/** Equal ones stay sorted by name. What has no value comes last, whichever way it is sorted. */
export function sortRows(
  rows: readonly FleetRow[],
  { sort, isDescending }: Pick<FleetQuery, 'sort' | 'isDescending'>,
  figures: ReadonlyMap<string, Figures>,
): readonly FleetRow[] {
  if (sort === 'domain') return isDescending ? rows.toReversed() : rows;
  const value = VALUES[sort];
  const values = Float64Array.from(rows, (row) => value(row, figures.get(row.domain)));
  const sign = isDescending ? -1 : 1;
  const indices = Uint32Array.from(rows.keys());
  const order = indices.filter((index) => !Number.isNaN(values[index]));
  order.sort((a, b) => sign * ((values[a] ?? 0) - (values[b] ?? 0)));
  const none = indices.filter((index) => Number.isNaN(values[index]));
  const sorted: FleetRow[] = [];
  for (const part of [order, none])
    for (const index of part) {
      const row = rows[index];
      if (row !== undefined) sorted.push(row);
    }
  return sorted;
}

/** Filtered and sorted; kept until rows, figures or the question are others, for the one who goes from page to page. */
export function openFleetOrder(): (
  rows: readonly FleetRow[],
  query: FleetQuery,
  figures: FleetFigures,
) => readonly FleetRow[] {
  let kept: {
    readonly rows: unknown;
    readonly of: unknown;
    readonly asked: string;
    readonly found: readonly FleetRow[];
  } | null = null;
  return (rows, query, { of, asOf }) => {
    const asked = JSON.stringify({ ...query, page: 0, asOf });
    if (asOf !== null && kept?.rows === rows && kept.of === of && kept.asked === asked) return kept.found;
    const found = sortRows(filterRows(rows, query, of), query, of);
    kept = { rows, of, asked, found };
    return found;
  };
}

/** NaN: it has none. */
const VALUES: Readonly<Record<Exclude<SortKey, 'domain'>, (row: FleetRow, figures: Figures | undefined) => number>> = {
  status: ({ status }) => (status === null ? statuses.length : statuses.indexOf(status)),
  mode: ({ mode }) => (mode === null ? Number.NaN : ['none', 'testing', 'enforce'].indexOf(mode.wanted)),
  findings: ({ changes, findings }) => changes + findings,
  certificate: (_, figures) => figures?.endsAt?.getTime() ?? Number.NaN,
  sessions: (_, figures) => (figures === undefined ? Number.NaN : figures.succeeded + figures.failed || Number.NaN),
  failures: (_, figures) => figures?.failed ?? Number.NaN,
  rate: (_, figures) =>
    figures === undefined ? Number.NaN : figures.failed / (figures.succeeded + figures.failed || Number.NaN),
};
