/** Floor 0. A plan as plain data (DESIGN section 1 and 3): what the renderers print and the executor carries out. */
import type { ErrorCode, FindingCode } from '../codes.ts';
import type { GuardName } from '../guard-names.ts';
import type { Cause } from '../memory.ts';
import type { PolicyMode, StsPolicy } from '../policy.ts';
import type { ProviderChange } from './provider-change.ts';

export type StepKind = 'publish-policy' | 'certificate' | 'upsert' | 'delete' | 'verify' | 'wait';
/** `pending`: to do, now or from `notBefore`. `skipped`: rests on a step that was held or failed. `unknown`: it may have happened. */
export type Outcome = 'pending' | 'done' | 'held' | 'skipped' | 'failed' | 'unknown';

export interface Step {
  readonly kind: StepKind;
  /** The record name, or the policy host for policy steps. */
  readonly name: string;
  /** The record type; null for policy steps. */
  readonly type: string | null;
  /**
   * Texts before and after, sorted; null: nothing there, or it could not be read (a finding says which). Of several providers those of the
   * first that has to change.
   */
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
  readonly reason: string;
  readonly outcome: Outcome;
  readonly guard: GuardName | null;
  readonly notBefore: Date | null;
  /** What the providers are asked to do, each one that has to change; empty for policy steps and waits. */
  readonly changes: readonly ProviderChange[];
  /** `policy` steps rest on each other in their order: one that is held or fails stops those behind it. `reports` stands alone. */
  readonly chain: 'policy' | 'reports';
}

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  /** The code of an error where one is the finding: a zone not found, a file that cannot be read. */
  readonly code: FindingCode | ErrorCode;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string | null;
}

/** Worst first. */
export const statuses = ['failed', 'held', 'drift', 'waiting', 'changed', 'in sync'] as const;
export type Status = (typeof statuses)[number];

/** One CNAME in the customer's zone. */
export interface DelegationState {
  readonly name: string;
  /** In our zone. */
  readonly target: string;
  readonly state: 'here' | 'missing' | 'elsewhere' | 'differs' | 'unreadable';
}

export interface DomainPlan {
  readonly domain: string;
  readonly status: Status;
  /** SHA-256 of the policy that the YAML wants in full, whatever is served meanwhile; null where none is wanted, or it is not known. */
  readonly wantedHash: string | null;
  readonly mode: { readonly wanted: PolicyMode; readonly live: PolicyMode | null };
  readonly mx: {
    readonly wanted: readonly string[];
    /** Null: could not be read. */
    readonly live: readonly string[] | null;
    readonly uncovered: readonly string[];
    readonly unused: readonly string[];
  };
  readonly id: { readonly live: string | null; readonly next: string | null };
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
  /** The policy to serve; null where none shall be (removed, or it could not be told). */
  readonly serve: StsPolicy | null;
  /** It is testing in place of a wanted enforce, by the guard testing-before-enforce. */
  readonly isHeldTesting: boolean;
  /** The name at which the id is written: two domains can share one (rule 7). */
  readonly idRecord: string;
  /** The id that shall stand at `_mta-sts`, new or kept; null where none shall, or it could not be told. */
  readonly announce: string | null;
  /** Why the next id is new; null without a new id. */
  readonly cause: Cause | null;
  readonly txtTtlSeconds: number;
  /** Keys of managed record sets that stand as wanted: ours from now on (rule 8). */
  readonly foundEqual: readonly string[];
  /** A fact that the plan needed could not be read. */
  readonly isFailed: boolean;
  /** The live policy, mode or host record changes or goes: counts for max-changed-domains. */
  readonly countsAsChange: boolean;
  /** The CNAMEs that the owner of a delegated domain sets; null: the domain is not delegated. */
  readonly delegation: readonly DelegationState[] | null;
}
