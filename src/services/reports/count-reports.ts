/** Floor 3. TLS reports in numbers that only grow, for the metrics: what came since the process began, whoever took it in. */
import { policyTypes, resultTypes } from '../../core/tls-report/model.ts';
import type { ReportNews } from '../../effects/store-sqlite-report-news.ts';

/** The label of what RFC 8460 does not know. */
export const OTHER = 'other';

export interface ReportCounts {
  readonly reports: ReadonlyMap<string, number>;
  /** By policy type, `OTHER` for those that RFC 8460 does not know. */
  readonly sessions: ReadonlyMap<string, Sessions>;
  readonly byDomain: ReadonlyMap<string, Sessions>;
  /** Sessions by result type, `OTHER` as above. */
  readonly failures: ReadonlyMap<string, number>;
  readonly newestAt: Date | null;
  readonly rejected: number;
  readonly quarantined: number;
}

export interface Sessions {
  readonly succeeded: number;
  readonly failed: number;
}

/** `read` is asked once a call, for what came behind the number it gave last. Null where it cannot say. */
export function openReportCounter(read: (after: number | null) => ReportNews | null): () => ReportCounts | null {
  let after: number | null = null;
  const [reports, failures] = [new Map<string, number>(), new Map<string, number>()];
  const [sessions, byDomain] = [new Map<string, Sessions>(), new Map<string, Sessions>()];
  return () => {
    const news = read(after);
    if (news === null) return null;
    after = news.until;
    for (const { verdict, count } of news.reports) reports.set(verdict, (reports.get(verdict) ?? 0) + count);
    for (const one of news.failures) {
      const result = knownOr(one.result, resultTypes);
      failures.set(result, (failures.get(result) ?? 0) + one.sessions);
    }
    for (const one of news.sessions) {
      add(sessions, knownOr(one.policyType, policyTypes), one);
      add(byDomain, one.domain, one);
    }
    const { newestAt, rejected, quarantined } = news;
    return { reports, sessions, byDomain, failures, newestAt, rejected, quarantined };
  };
}

/** Labels are bounded: reports are written by strangers. */
function knownOr(word: string, known: readonly string[]): string {
  return known.includes(word) ? word : OTHER;
}

function add(sums: Map<string, Sessions>, key: string, { succeeded, failed }: Sessions): void {
  const sum = sums.get(key) ?? { succeeded: 0, failed: 0 };
  sums.set(key, { succeeded: sum.succeeded + succeeded, failed: sum.failed + failed });
}
