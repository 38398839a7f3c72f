/** Floor 0. What the owner of a domain is told of a week. */
import type { Finding, Status } from '../plan/model.ts';
import type { PolicyMode } from '../policy.ts';
import type { ReportFinding } from '../reports/finding-model.ts';

export interface WeekOfSessions {
  readonly succeeded: number;
  readonly failed: number;
  readonly reports: number;
}

export interface OwnedDomain {
  readonly domain: string;
  /** Null: no run has looked at it yet. */
  readonly status: Status | null;
  /** The mode that senders see; null: none, or it is not known. */
  readonly mode: PolicyMode | null;
  /** False: somebody else serves the policy (publisher of type external). */
  readonly isServedByUs: boolean;
  readonly week: WeekOfSessions;
  readonly before: WeekOfSessions;
  readonly reportFindings: readonly ReportFinding[];
  readonly planFindings: readonly Finding[];
  /** Null: not known. */
  readonly liveMx: readonly string[] | null;
  /** Of its page; null: there is none to show. */
  readonly link: string | null;
}

/** Days, UTC, both inclusive. */
export interface Days {
  readonly since: string;
  readonly until: string;
}
