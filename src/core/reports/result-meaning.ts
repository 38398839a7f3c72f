/** Floor 0. What the result types of RFC 8460 §4.3 mean: whose matter they are, in words, and the cure. */
import type { ReportFindingCode } from '../codes.ts';

/**
 * `mx`: what the MX host showed. `policy`: how the policy host served. `dane`: TLSA records and DNSSEC. Under MTA-STS in enforce the first makes senders
 * keep the mail; the second makes them go on with the policy they have, or without one.
 */
export type Matter = 'mx' | 'policy' | 'dane' | 'unknown';

export interface Meaning {
  readonly matter: Matter;
  readonly code: ReportFindingCode;
  /** After the host: `showed an expired certificate`. Of a policy: after `senders`. */
  readonly words: string;
  readonly hint: string;
}

const MX_CERTIFICATE = 'look at the certificate at port 25 of that host: `stsync check` shows what it gives now';

const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    'starttls-not-supported': mx(
      'REPORT_MX_STARTTLS',
      'offered no STARTTLS',
      'turn STARTTLS on there, for every sender: filters and greeting delays can hide it',
    ),
    'certificate-host-mismatch': mx(
      'REPORT_MX_CERTIFICATE',
      'showed a certificate for another name',
      `${MX_CERTIFICATE}; its names have to hold the MX name (RFC 8461 §4.2)`,
    ),
    'certificate-expired': mx(
      'REPORT_MX_CERTIFICATE',
      'showed an expired certificate',
      `${MX_CERTIFICATE}; renew it, and make the mail server load it`,
    ),
    'certificate-not-trusted': mx(
      'REPORT_MX_CERTIFICATE',
      'showed a certificate that is not trusted',
      `${MX_CERTIFICATE}; a public CA has to have issued it, and the chain has to be sent with it`,
    ),
    'validation-failure': mx(
      'REPORT_MX_FAILED',
      'failed validation',
      'the reporter gives no reason of the standard: `stsync reports show` has its own words',
    ),
    'sts-policy-fetch-error': policy(
      'REPORT_POLICY_FETCH',
      'could not fetch the policy',
      '`stsync check` fetches as they do: look for a redirect, a filter for robots, or an address that is down. Senders with a copy go on with that',
    ),
    'sts-policy-invalid': policy(
      'REPORT_POLICY_INVALID',
      'could not read the policy',
      '`stsync check` says what senders cannot read',
    ),
    'sts-webpki-invalid': policy(
      'REPORT_POLICY_CERTIFICATE',
      'did not trust the certificate of the policy host',
      'the certificate has to be for the policy host and from a public CA: `stsync check`',
    ),
    'tlsa-invalid': dane(
      'showed a certificate that its TLSA records do not fit',
      'publish the TLSA record of a new certificate before it is used (RFC 7671 §8.1)',
    ),
    'dnssec-invalid': dane('has DNS that fails DNSSEC', 'mend the signatures of its zone'),
    'dane-required': dane(
      'has no TLSA records that can be used, and the sender wants them',
      'publish them, or agree with the sender',
    ),
  }),
);

/** Also of a type that nobody knows. */
export function meaningOf(resultType: string): Meaning {
  return (
    MEANINGS.get(resultType) ?? {
      matter: 'unknown',
      code: 'REPORT_OTHER_FAILURE',
      words: `failed by "${resultType}"`,
      hint: 'RFC 8460 does not know this result: `stsync reports show` has what the reporter says',
    }
  );
}

/** Failures of this type make a sender that enforces MTA-STS keep the mail. */
export function isStsFailure(resultType: string, policyType: string): boolean {
  return policyType === 'sts' && meaningOf(resultType).matter === 'mx';
}

function mx(code: ReportFindingCode, words: string, hint: string): Meaning {
  return { matter: 'mx', code, words, hint };
}

function policy(code: ReportFindingCode, words: string, hint: string): Meaning {
  return { matter: 'policy', code, words, hint };
}

function dane(words: string, hint: string): Meaning {
  return { matter: 'dane', code: 'REPORT_DANE', words, hint };
}
