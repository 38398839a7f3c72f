/** Floor 0. What a TLS report says (RFC 8460 §4), as the library gives it. */

/** The policy types of RFC 8460 §4.2. Reports may name others; they are kept as they stand. */
export const policyTypes = ['sts', 'tlsa', 'no-policy-found'] as const;

/** The result types of RFC 8460 §4.3. The registry is open, so reports may name others; they are kept as they stand. */
export const resultTypes = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
] as const;

/** One report. Texts are as the reporter wrote them, a stranger: escape them for whatever they are shown in. */
export interface TlsReport {
  /** Not proved by anything. */
  readonly organizationName: string;
  /** As a rule one day in UTC. `start` is never after `end`. */
  readonly dateRange: { readonly start: Date; readonly end: Date };
  readonly contactInfo: string | null;
  /** Unique for one reporter only, and some use it again for another day. */
  readonly reportId: string;
  readonly policies: readonly TlsReportPolicy[];
}

/** What one sender saw under one policy. */
export interface TlsReportPolicy {
  /** One of {@link policyTypes}, or what the report says. */
  readonly policyType: string;
  /** In A-labels, lower case, without final dot. For `tlsa` some senders put the MX host here. Null: missing or no host name. */
  readonly policyDomain: string | null;
  /** Lines of the policy that the sender held, or TLSA records. */
  readonly policyStrings: readonly string[];
  /** MX patterns of the policy. */
  readonly mxHosts: readonly string[];
  /** Whole, 0 to 2^53-1, as each count. */
  readonly totalSuccessfulSessionCount: number;
  readonly totalFailureSessionCount: number;
  /** They may add up to more than the total (RFC 8460 §4.2), and with some senders to less. */
  readonly failureDetails: readonly TlsReportFailure[];
}

/** Sessions that failed in one way. */
export interface TlsReportFailure {
  /** One of {@link resultTypes}, or what the report says. */
  readonly resultType: string;
  readonly failedSessionCount: number;
  readonly sendingMtaIp: string | null;
  readonly receivingMxHostname: string | null;
  readonly receivingMxHelo: string | null;
  readonly receivingIp: string | null;
  readonly additionalInformation: string | null;
  readonly failureReasonCode: string | null;
}
