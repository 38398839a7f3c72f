/** Floor 2. The TLS reports in the state behind one interface. `store-sqlite-reports.ts` is the one engine; no SQL outside `store*`. */
import type { KeptReport, SetAside } from '../core/reports/model.ts';
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

/** Of one kind of what was set aside: how often, when last. */
export interface SetAsideRow extends Omit<SetAside, 'content' | 'digest' | 'at'> {
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
  report(id: number): NumberedReport | null;
  /** Newest day first, without policies. */
  reports(filter: ReportFilter, limit: number): readonly Omit<NumberedReport, 'policies' | 'remarks'>[];
  /** Newest first. */
  setAside(limit: number): readonly SetAsideRow[];
  setAsideCount(): number;
  close(): void;
}

/**
 * Takes reports in any order, any number of times, to the same end: equal sets of reports give equal counts. All or nothing; what is stored outlives
 * the process. Throws `STATE_UNWRITABLE`, and `LOCKED` (retryable) when another program writes for longer than this one waits.
 */
export interface ReportStore extends ReportReader {
  store(changes: readonly Change[]): readonly Stored[];
}
