/** Floor 0. What reports say about a domain, or all, over some days: totals by policy type and tables by what one asks for. */
import { parsePolicy } from '../policy.ts';
import type { ReportFinding } from './finding-model.ts';
import type { SummaryDimension } from './dimensions.ts';

export interface SummaryRow {
  /** What reports do not say is `(not said)`. */
  readonly label: string;
  readonly policyType: string;
  /** Null where only failures have this dimension. */
  readonly succeeded: number | null;
  readonly failed: number;
}

export interface ReportsSummary {
  /** Null: all domains. */
  readonly domain: string | null;
  /** Days, UTC, both inclusive. */
  readonly since: string;
  readonly until: string;
  readonly reports: number;
  readonly reporters: number;
  /** One a policy type: senders tell of one session under each policy they looked at, so types are not added up. */
  readonly totals: readonly Omit<SummaryRow, 'label'>[];
  readonly tables: readonly { readonly by: SummaryDimension; readonly rows: readonly SummaryRow[] }[];
  /** What the reports mean; of one domain only. */
  readonly findings: readonly ReportFinding[];
  /** How much was taken in and not counted, of all times and domains. */
  readonly setAside: number;
}

/** For what a reporter leaves out. */
export const NOT_SAID = '(not said)';

/** `7c1246c6802ea21b enforce, max_age 604800, mx a b`: the hash is the end of the id that stsync gave the policy. */
export function policyWords(hash: string, text: string): string {
  const policy = parsePolicy(text);
  if (!policy.ok) return `${hash} ${text.replaceAll(/\s+/g, ' ').slice(0, 60)}`;
  const { mode, maxAgeSeconds, mx } = policy.value;
  const hosts = mx.length > 3 ? `${mx.slice(0, 3).join(' ')} and ${mx.length - 3} more` : mx.join(' ');
  return `${hash} ${mode}, max_age ${maxAgeSeconds}, mx ${hosts}`;
}

/** `0.3 %`; never 0 where something failed. */
export function failureRate({ succeeded, failed }: { readonly succeeded: number; readonly failed: number }): string {
  const all = succeeded + failed;
  if (failed === 0 || all === 0) return '0 %';
  const percent = (failed / all) * 100;
  return percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(1)} %`;
}
