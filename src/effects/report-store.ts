/** Floor 2. The TLS reports in the state behind one interface. `store-sqlite-reports.ts` is the one engine; no SQL outside `store*`. */
import type { KeptReport, SetAside } from '../core/reports/model.ts';
import type { ToldAlert } from '../core/reports/alerts.ts';
import type { ReportFacts } from '../core/reports/finding-model.ts';
import type { SenderName } from '../core/reports/sender.ts';
import type { SummaryDimension } from '../core/reports/dimensions.ts';
import type { SummaryRow } from '../core/reports/summary.ts';

/** What the counts of a summary are taken from. Days are UTC, `2026-09-07`, both inclusive. */
export interface ReportFilter {
  readonly domain: string | null;
  readonly since: string;
  readonly until: string;
}

/** A kept report with the number that `reports show` takes. */
export interface NumberedReport extends KeptReport {
  readonly id: number;
}

/** How long reports stay. Days are UTC, those on which reports start. */
export interface Keeping {
  /** Of reports from before this day policies and details go; who reported, and the counts, stay. */
  readonly wholeSince: string;
  /** What is from before this day goes whole, its counts too. */
  readonly countsSince: string;
  /** Of the state, with all else that is in it: where it has more, whole reports go, the oldest day first. */
  readonly mostBytes: number;
}

/** Something set aside that can be read again. */
export interface KeptAside extends Pick<SetAside, 'source' | 'way' | 'digest'> {
  readonly id: number;
  /** `CODE domain` each. */
  readonly whys: readonly string[];
  readonly content: Uint8Array;
}

/** Of one kind of what was set aside: how often, when last. */
export interface SetAsideRow extends Omit<SetAside, 'content' | 'digest' | 'at' | 'way'> {
  readonly id: number;
  readonly times: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** One thing to store. `clears`: the digest of what was taken in; what was set aside of it before is settled now. */
export type Change =
  | { readonly kind: 'keep'; readonly report: KeptReport; readonly clears: string }
  | { readonly kind: 'set-aside'; readonly item: SetAside };

/** `new`: counted from now on, perhaps in place of a lesser copy. `known`: nothing changed. */
export type Stored = 'new' | 'known' | 'set-aside';

/** Methods throw `STATE_UNREADABLE`. */
export interface ReportReader {
  /**
   * `day`, `reporter`, `policy`: of all sessions; `result`, `source`, `mx`: of failures only. A label is '' where reports do not say, and of a policy
   * its hash.
   */
  counts(by: SummaryDimension, filter: ReportFilter): readonly SummaryRow[];
  /** Of all sessions, by policy type. */
  totals(filter: ReportFilter): readonly SummaryRow[];
  /** How many reports, and of how many reporters. */
  reach(filter: ReportFilter): { readonly reports: number; readonly reporters: number };
  /** Texts of the policies that senders held, by their hash. */
  held(hashes: readonly string[]): ReadonlyMap<string, string>;
  /** All counts of the one domain of the filter. */
  facts(filter: ReportFilter): ReportFacts;
  /** What reverse DNS said of these addresses, when it was asked last. */
  senderNames(addresses: readonly string[]): ReadonlyMap<string, SenderName>;
  report(id: number): NumberedReport | null;
  /** Newest day first, without policies. */
  reports(filter: ReportFilter, limit: number): readonly Omit<NumberedReport, 'policies' | 'remarks'>[];
  /** Newest first. */
  setAside(limit: number): readonly SetAsideRow[];
  setAsideCount(): number;
  close(): void;
}

/** Names of the addresses that failures came from. Methods throw as {@link ReportStore}. */
export interface SenderNameStore {
  /** Those of failures since a day (UTC) that were not asked about since `askedBefore`; the first `limit`. */
  unnamed(since: string, askedBefore: Date, limit: number): readonly string[];
  saveNames(names: readonly (SenderName & { readonly address: string; readonly lookedAt: Date })[]): void;
}

/**
 * Takes reports in any order, any number of times, to the same end: equal sets of reports give equal counts. All or nothing; what is stored outlives
 * the process. Throws `STATE_UNWRITABLE`, and `LOCKED` (retryable) when another program writes for longer than this one waits.
 */
/** What people were told of reports. Methods throw as {@link ReportStore}. */
export interface AlertStore {
  /** Domains that have reports since a day (UTC), or something told; sorted. */
  alertDomains(since: string): readonly string[];
  alerts(domain: string): readonly ToldAlert[];
  /** In place of all that was told of the domain. */
  saveAlerts(domain: string, told: readonly ToldAlert[]): void;
}

export interface ReportStore extends ReportReader, SenderNameStore, AlertStore {
  store(changes: readonly Change[]): readonly Stored[];
  /** A slice of what is to go, which takes some 10 ms; true: there is more. */
  prune(keeping: Keeping): boolean;
  /** Of things set aside before, oldest first: those numbered above `after` whose content is there still. */
  contents(after: number, limit: number): readonly KeptAside[];
  /** As `store`, in place of all that was set aside with this digest. */
  settle(digest: string, changes: readonly Change[]): readonly Stored[];
}
