/** Floor 0. TLS reports as they are kept: each with who proved it, cut by policy domain; and what was not counted, with the reason. */
import type { ReportCode } from '../codes.ts';
import type { TlsReport, TlsReportPolicy } from '../tls-report/model.ts';

/**
 * `dkim`: signed by the reporting domain. `file`: it came by the operator's hand. `unsigned`: by mail, taken because the operator accepts that. `https`: by HTTPS,
 * where nothing proves who sent it (RFC 8460 §7).
 */
export const verdicts = ['dkim', 'file', 'unsigned', 'https'] as const;
export type Verdict = (typeof verdicts)[number];

/**
 * How it came. `mail`: from strangers, so what is no mail is not looked into. `https`: from strangers, without any proof. `hand`: from the operator, a
 * mail or a report.
 */
export const ways = ['mail', 'https', 'hand'] as const;
export type Way = (typeof ways)[number];

/** The signature that proved a report. */
export interface Proof {
  readonly domain: string;
  readonly selector: string;
  /** `rsa-sha256`, `ed25519-sha256`. */
  readonly algorithm: string;
}

/** What one report says about one policy domain. */
export interface KeptReport extends Pick<TlsReport, 'organizationName' | 'contactInfo' | 'reportId' | 'dateRange'> {
  /** A-labels; what is counted is counted for it. */
  readonly domain: string;
  readonly verdict: Verdict;
  /** Null unless `verdict` is `dkim`. */
  readonly proof: Proof | null;
  readonly policies: readonly TlsReportPolicy[];
  /** `CODE message` each: how it was read, and what is odd about its signature. */
  readonly remarks: readonly string[];
  /** Where it came from, for people: a path, a Message-ID. */
  readonly source: string;
  readonly receivedAt: Date;
}

/** Something that was taken in and not counted. `quarantined`: it can be read, and nothing proves it or it is not ours. */
export interface SetAside {
  readonly state: 'rejected' | 'quarantined';
  readonly code: ReportCode | (string & {});
  readonly message: string;
  readonly source: string;
  readonly way: Way;
  /** As far as they are known. */
  readonly organization: string | null;
  readonly domain: string | null;
  /** SHA-256, hex, of what was taken in. */
  readonly digest: string;
  /** What was taken in; null: too large to keep. */
  readonly content: Uint8Array | null;
  readonly at: Date;
}
