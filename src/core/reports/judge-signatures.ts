/** Floor 0. Which DKIM signature of a mail proves its report (RFC 8460 §3). */
import type { ReportCode } from '../codes.ts';
import { isWithin } from '../names.ts';
import type { Proof } from './model.ts';

/** One signature as it was verified. */
export interface SignatureCheck extends Proof {
  /** `again`: the key could not be asked for. */
  readonly result: 'pass' | 'fail' | 'again';
  /** Why not, in words. */
  readonly comment: string;
  /** `l=`: only a part of the body is signed. */
  readonly isPartial: boolean;
  /** `t=y`: RFC 6376 §3.6.1 wants it treated as no signature. */
  readonly isTesting: boolean;
  /** `s=` of the key: `*`, `email`, `tlsrpt`. */
  readonly services: readonly string[];
  /** Names of signed header fields, lower case. */
  readonly signedHeaders: readonly string[];
}

export interface SignatureRules {
  /** The domain that the report says it is from. Null: it does not say, and whoever signed is the reporter. */
  readonly reportingDomain: string | null;
  /** The signer is exactly that domain, and its key is for TLS reports. */
  readonly isStrict: boolean;
}

/** `again`: a later try may tell. */
export type Judgement =
  | {
      readonly kind: 'proved';
      readonly proof: Proof;
      readonly remarks: readonly string[];
      /** `TLS-Report-Domain` is signed. */
      readonly isHeaderProved: boolean;
    }
  | { readonly kind: 'again'; readonly message: string }
  | { readonly kind: 'unproved'; readonly message: string };

/**
 * §3: a report without a valid signature of the reporting domain MUST be ignored, one with `l=` too. The key SHOULD be for `tlsrpt`; Google and Microsoft
 * use ordinary ones, so only the strict reading insists. A signer above or below the reporting domain is taken as it, with a remark.
 */
export function judgeSignatures(checks: readonly SignatureCheck[], rules: SignatureRules): Judgement {
  const objections = checks.map((check) => objection(check, rules));
  const good = checks.filter((_, index) => objections[index] === null);
  const exact = good.find(({ domain }) => domain === rules.reportingDomain) ?? good[0];
  if (exact !== undefined) {
    const { domain, selector, algorithm } = exact;
    const isHeaderProved = exact.signedHeaders.includes('tls-report-domain');
    return { kind: 'proved', proof: { domain, selector, algorithm }, remarks: remarksOf(exact, rules), isHeaderProved };
  }
  const waiting = checks.find(({ result, domain }) => result === 'again' && isRelated(domain, rules.reportingDomain));
  if (waiting !== undefined)
    return { kind: 'again', message: `the key of ${waiting.domain} could not be asked for: ${waiting.comment}` };
  const why = objections.flatMap((one) => one ?? []).join('; ');
  return { kind: 'unproved', message: checks.length === 0 ? 'the mail has no DKIM signature' : why };
}

function objection(check: SignatureCheck, { reportingDomain, isStrict }: SignatureRules): string | null {
  const { domain } = check;
  if (check.result !== 'pass') return `signature of ${domain}: ${check.comment}`;
  if (check.isPartial) return `signature of ${domain} covers a part of the body only (l=)`;
  if (check.isTesting) return `the key of ${domain} is in testing (t=y)`;
  if (!isRelated(domain, reportingDomain)) return `signed by ${domain}, and the report is from ${reportingDomain}`;
  if (!isStrict) return null;
  if (reportingDomain !== null && domain !== reportingDomain)
    return `signed by ${domain}, and strict reports are signed by ${reportingDomain} itself`;
  return check.services.includes('tlsrpt') ? null : `the key of ${domain} is not for TLS reports (s=tlsrpt)`;
}

/** A name of one label proves nothing about what is below it. */
function isRelated(signer: string, reportingDomain: string | null): boolean {
  if (reportingDomain === null || signer === reportingDomain) return true;
  return isWithin(signer, reportingDomain) || (signer.includes('.') && isWithin(reportingDomain, signer));
}

function remarksOf(check: SignatureCheck, { reportingDomain }: SignatureRules): readonly string[] {
  const { domain, services, signedHeaders } = check;
  const isForReports = services.includes('tlsrpt') || services.includes('*');
  const areSigned = signedHeaders.includes('tls-report-domain') && signedHeaders.includes('tls-report-submitter');
  return [
    ...(reportingDomain === null || domain === reportingDomain
      ? []
      : [remark('DKIM_OTHER_NAME', `signed by ${domain}, the report is from ${reportingDomain}`)]),
    ...(isForReports
      ? []
      : [remark('DKIM_KEY_SERVICE', `the key of ${domain} is for ${services.join(', ')}, not for tlsrpt`)]),
    ...(areSigned ? [] : [remark('DKIM_HEADERS', 'TLS-Report-Domain and TLS-Report-Submitter are not both signed')]),
  ];
}

function remark(code: ReportCode, message: string): string {
  return `${code} ${message}`;
}
