/** Floor 0. What reports are found to mean: sentences for people, each with the rows that it rests on. */
import type { ReportFindingCode } from '../codes.ts';
import type { FailureCell, TotalCell } from './tally.ts';

/** All counts of one domain over some days. */
export interface ReportFacts {
  readonly domain: string;
  readonly totals: readonly TotalCell[];
  readonly failures: readonly FailureCell[];
  /** Texts of the policies that senders held, by their hash. */
  readonly held: ReadonlyMap<string, string>;
}

export interface ReportFinding {
  readonly code: ReportFindingCode;
  readonly severity: 'error' | 'warning' | 'info';
  /** One line; words of strangers in it are cut and harmless for a line. */
  readonly message: string;
  readonly hint: string | null;
  /** `high`: several reporters whose signature proves them. `medium`: one such, or reports taken in by hand. `low`: nothing proves who reports. */
  readonly confidence: 'high' | 'medium' | 'low';
  /** Equal for the same trouble from one look to the next. */
  readonly subject: string;
  /** It went by: those who saw it have reported since and saw none. */
  readonly isOver: boolean;
  /** Days, UTC; null where it is about none. */
  readonly from: string | null;
  readonly to: string | null;
  readonly sessions: number;
  readonly reporters: readonly string[];
  readonly rows: readonly FailureCell[];
}

/** The findings of one moment as a set: code and subject. */
export function findingKey({ code, subject }: Pick<ReportFinding, 'code' | 'subject'>): string {
  return `${code} ${subject}`;
}

/** Reports of which somebody has proved who wrote them: the signature, or the operator's hand. Only they move anything. */
export function isProved({ verdict }: { readonly verdict: TotalCell['verdict'] }): boolean {
  return verdict === 'dkim' || verdict === 'file';
}
