/** Floor 0. What `stsync check` says of a domain: facts, findings, what senders do now, and what to do. Plain data; every format is a view of it. */
import type { CheckCode, ErrorCode, FindingCode } from '../codes.ts';
import type { Severity } from '../plan/model.ts';
import type { CheckFacts } from './facts.ts';

export interface CheckFinding {
  readonly code: CheckCode | FindingCode | ErrorCode;
  readonly severity: Severity;
  readonly message: string;
  /** The cure; null where nothing has to be done. */
  readonly hint: string | null;
}

/** What a sender of this kind would do with mail to the domain now, as whole sentences. */
export interface SenderSentence {
  readonly sender: string;
  readonly does: string;
}

/** One thing to do. `copy`: lines to copy, a policy body or records as zone-file lines. */
export interface Instruction {
  readonly step: string;
  readonly copy: readonly string[];
}

/**
 * `protected`: every sender that follows RFC 8461 encrypts to the right host. `refusing`: under enforce some live MX is refused now. `testing`: problems
 * are reported and mail is delivered. `unprotected`: no policy that senders can use. `no-mail`: the domain takes none. `unknown`: a fact
 * that decides could not be read.
 */
export type Verdict = 'protected' | 'refusing' | 'testing' | 'unprotected' | 'no-mail' | 'unknown';

export interface CheckReport {
  readonly domain: string;
  readonly verdict: { readonly kind: Verdict; readonly sentence: string };
  readonly senders: readonly SenderSentence[];
  /** Errors first, then warnings, then what is good to know. */
  readonly findings: readonly CheckFinding[];
  readonly instructions: readonly Instruction[];
  readonly facts: CheckFacts;
}

/** One finding. */
export function checkFinding(
  code: CheckFinding['code'],
  severity: Severity,
  message: string,
  hint: string | null = null,
): CheckFinding {
  return { code, severity, message, hint };
}
