/** Floor 0. Everything that one look from outside shows of a domain: what a sender would see, and what explains it. Only facts; no judgement. */
import type { CaaSet } from '../caa.ts';
import type { ErrorCode, FindingCode } from '../codes.ts';
import type { MxFact, Unreadable } from '../plan/observation.ts';

/** What stands at one name and type. */
export interface NameFact {
  readonly name: string;
  /** Where CNAMEs lead, in order; empty: there is none. */
  readonly chain: readonly string[];
  /** The texts at the end of the chain (`rdataText`); all of them where the name servers differ. */
  readonly texts: readonly string[];
  readonly ttlSeconds: number | null;
  /** What each name server shows; empty where they all show the same. */
  readonly views: readonly { readonly server: string; readonly texts: readonly string[] }[];
  /** False: only a resolver could be asked. */
  readonly isAuthoritative: boolean;
  /** Null: it could be read. */
  readonly unreadable: Unreadable | null;
}

/** A name and the addresses that it leads to. */
export interface HostFact {
  readonly name: string;
  readonly chain: readonly string[];
  readonly addresses: readonly string[];
  readonly unreadable: Unreadable | null;
}

export interface CertificateFact {
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly issuer: string;
  /** The chain leads to a known root and is in date. */
  readonly isTrusted: boolean;
}

/** One fetch of the policy, at one address of the policy host. `body` (with a byte order mark, if it has one) or `failure`. */
export interface PolicyFetch {
  readonly address: string;
  readonly body: string | null;
  /** `Content-Type`, as it stands there. */
  readonly mediaType: string | null;
  readonly certificate: CertificateFact | null;
  readonly failure: FetchFailure | null;
  /** What is no fault for senders and should be known; each message finishes "HOST at ADDRESS: ". */
  readonly warnings: readonly { readonly code: FindingCode; readonly message: string }[];
}

export interface FetchFailure {
  readonly code: ErrorCode | FindingCode;
  readonly message: string;
  readonly hint: string | null;
}

/** What one address of an MX host offers at port 25. */
export interface OfferFact {
  readonly address: string;
  readonly verdict: 'good' | 'bad' | 'unreachable';
  /** Finishes "mx1.example.com ...". Empty where it is good. */
  readonly reason: string;
}

export interface MxHostFact extends HostFact {
  /** Known provider of the host. */
  readonly provider: string | null;
  /** Null: port 25 was not asked. */
  readonly offers: readonly OfferFact[] | null;
  /** TLSA texts at `_25._tcp.<host>` (RFC 7672). */
  readonly tlsa: readonly string[];
  /** Does the zone of the host have a DS at its parent? Null: it could not be told. */
  readonly isSigned: boolean | null;
}

export interface CheckFacts {
  readonly domain: string;
  /** When this was seen. */
  readonly at: Date;
  readonly mx: MxFact;
  /** One for each live host, in its order. */
  readonly mxHosts: readonly MxHostFact[];
  readonly idRecord: NameFact;
  readonly policyHost: HostFact;
  /** One for each address of the policy host. */
  readonly fetches: readonly PolicyFetch[];
  readonly reports: NameFact;
  /** The CAA set that counts for the policy host (RFC 8659 §3), and the name at which it stands; no name: there is none. */
  readonly caa: CaaSet;
  /** The zone of the domain, and whether it has a DS at its parent. */
  readonly zone: { readonly name: string | null; readonly isSigned: boolean | null };
  /** What a label that nobody would create shows: a wildcard, or nothing. */
  readonly wildcard: {
    readonly name: string;
    readonly texts: readonly string[];
    readonly addresses: readonly string[];
  };
  /** For a domain below another one: does that one have an id record? Null: not asked. */
  readonly parent: { readonly domain: string; readonly hasIdRecord: boolean } | null;
}
