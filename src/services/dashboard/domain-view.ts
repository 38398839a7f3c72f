/** Floor 3. All that the page of a domain shows, taken from the state in one look. */
import type { CertificateFacts } from '../../core/certificates/model.ts';
import type { DomainConfig } from '../../core/config/model.ts';
import type { KnownStatus } from '../../core/known-status.ts';
import { type DomainMemory, noMemory } from '../../core/memory.ts';
import { policyHostOf } from '../../core/plan/record-names.ts';
import type { SummaryDimension } from '../../core/reports/dimensions.ts';
import type { SummaryRow } from '../../core/reports/summary.ts';
import type { StateView } from '../../effects/look-at-state.ts';
import type { NumberedReport } from '../../effects/report-store.ts';
import type { HeldRow, NumberedEntry } from '../../effects/store-sqlite-dashboard.ts';
import type { DomainState, FleetState } from '../daemon/fleet-state.ts';
import { namedSources, type OwnerOf } from '../reports/summarize.ts';
import type { Range } from './range.ts';
import type { DayPoint } from './stacked-bars.ts';
import { daysBetween } from './words.ts';

export type ReportHead = Omit<NumberedReport, 'policies' | 'remarks'>;

/** What the daemon knows of the domain; each null: nothing. */
export interface KnownDomain {
  readonly wanted: DomainConfig | null;
  readonly state: DomainState | null;
  readonly known: KnownStatus | null;
  readonly isOrphan: boolean;
}

/** What the state has of it. */
export interface DomainRecord {
  readonly memory: DomainMemory;
  /** What our own policy host serves. */
  readonly body: string | null;
  readonly certificate: CertificateFacts | null;
  readonly entries: readonly NumberedEntry[];
  readonly points: readonly DayPoint[];
  readonly totals: readonly Omit<SummaryRow, 'label'>[];
  readonly reach: { readonly reports: number; readonly reporters: number };
  readonly counts: Readonly<Record<Exclude<SummaryDimension, 'day' | 'reporter'>, readonly SummaryRow[]>>;
  readonly held: readonly HeldRow[];
  /** Texts of the policies in `held` and `counts.policy`, by their hash. */
  readonly texts: ReadonlyMap<string, string>;
  readonly reports: readonly ReportHead[];
}

export const SHOWN_ENTRIES = 15;
const SHOWN_REPORTS = 20;

export function knownDomain({ inForce, domains, known, orphans }: FleetState, domain: string): KnownDomain {
  return {
    wanted: inForce?.config.domains.find((one) => one.domain === domain) ?? null,
    state: domains.get(domain) ?? null,
    known: known.get(domain) ?? null,
    isOrphan: orphans.includes(domain),
  };
}

export function readDomain(
  { store, reports, dashboard }: StateView,
  domain: string,
  range: Range,
  ownerOf: OwnerOf,
): DomainRecord {
  const filter = { domain, since: range.since, until: range.until };
  const host = policyHostOf(domain);
  const held = dashboard.heldBy(domain, range);
  const counts = {
    result: reports.counts('result', filter),
    source: namedSources(reports, reports.counts('source', filter), ownerOf),
    mx: reports.counts('mx', filter),
    policy: reports.counts('policy', filter),
  };
  return {
    memory: store.memory(domain),
    body: store.policyBody(host),
    certificate: store.certificate(host),
    entries: dashboard.journalPage({ domain, before: null, limit: SHOWN_ENTRIES }),
    points: everyDay(dashboard.sessionsByDay(domain, range), daysBetween(range.since, range.until)),
    totals: reports.totals(filter),
    reach: reports.reach(filter),
    counts,
    held,
    texts: reports.held([...new Set([...held.map(({ hash }) => hash), ...counts.policy.map(({ label }) => label)])]),
    reports: dashboard.reportsPage({ domain, before: null, limit: SHOWN_REPORTS }),
  };
}

/** Of a domain where there is no state yet. */
export function emptyRecord(range: Range): DomainRecord {
  return {
    memory: noMemory,
    body: null,
    certificate: null,
    entries: [],
    points: everyDay([], daysBetween(range.since, range.until)),
    totals: [],
    reach: { reports: 0, reporters: 0 },
    counts: { result: [], source: [], mx: [], policy: [] },
    held: [],
    texts: new Map(),
    reports: [],
  };
}

/** Days without reports are days without sessions, but for the last one: reports of a day come on the next. `days`: all of the range. */
export function everyDay(points: readonly DayPoint[], days: readonly string[]): readonly DayPoint[] {
  const known = new Map(points.map((point) => [point.day, point]));
  const until = days.at(-1);
  const shown = until === undefined || known.has(until) ? days : days.slice(0, -1);
  return shown.map((day) => known.get(day) ?? { day, succeeded: 0, failed: 0 });
}
