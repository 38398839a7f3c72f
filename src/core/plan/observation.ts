/** Floor 0. What one look at the world showed of one domain: facts, or the errors that hid them. Never a guess. */
import type { ErrorCode, FindingCode } from '../codes.ts';
import type { StsPolicy } from '../policy.ts';
import type { RecordKey, RecordSet } from '../record-set.ts';
import type { Label } from './record-names.ts';

/** A fact that could not be learned. It never means "empty" (rule 1). */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly code: ErrorCode | FindingCode;
  readonly message: string;
  readonly hint: string | null;
}

/** The MX of the domain. Five different facts, as rule 1 has it, with `no-mx` split by the address that makes the domain its own MX. */
export type MxFact = (ReadMx & { readonly isAuthoritative: boolean }) | Unreadable;

/** `isAuthoritative` false: only a resolver was reached. It may show drift; it never narrows, removes, rotates or ends a wait (rule 1). */
type ReadMx =
  | { readonly kind: 'hosts'; readonly hosts: readonly string[]; readonly ttlSeconds: number | null }
  /** RFC 7505: the domain takes no mail. */
  | { readonly kind: 'null-mx' }
  /** RFC 5321 §5.1: without MX the domain itself is the host, if it has an address. */
  | { readonly kind: 'no-mx'; readonly hasAddress: boolean }
  | { readonly kind: 'no-domain' };

/**
 * A body. `policy` is null where the body is none by RFC 8461 §3.2; `message` then says why. `unproved`: a fetch from outside failed at some
 * address, or the addresses serve different things; `bodies` are those that were seen.
 */
export type PolicyFact =
  | {
      readonly kind: 'body';
      readonly body: string;
      readonly policy: StsPolicy | null;
      readonly message: string | null;
      /** Addresses of a family that has no route from here, so that nobody looked there (rule 5). */
      readonly leftOut: readonly string[];
    }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'unproved';
      readonly code: ErrorCode | FindingCode;
      readonly message: string;
      readonly hint: string | null;
      readonly bodies: readonly string[];
    }
  | Unreadable;

/** What the live MX hosts offer at port 25 (RFC 8461 §4.2). */
export interface MxOffer {
  readonly host: string;
  /** `unreachable`: no address answered at port 25, which may be this machine's own network. */
  readonly verdict: 'good' | 'bad' | 'unreachable';
  /** Finishes "mx1.example.com ...": `offers no STARTTLS at 192.0.2.1`. Empty where it is good. */
  readonly reason: string;
}

/** The record sets of the domain's names at one provider. */
export type ProviderView =
  | {
      readonly kind: 'read';
      readonly provider: string;
      /** `_mta-sts`, `mta-sts` and `_smtp._tls` with the types TXT, CNAME, A and AAAA: what stands there. */
      readonly sets: readonly RecordSet[];
      /** What this provider makes of the wanted TTL (`adjust`). */
      readonly ttlSeconds: number;
    }
  | (Unreadable & { readonly provider: string });

/** A provider that could be read. */
export type ReadView = Extract<ProviderView, { kind: 'read' }>;

/**
 * Where the customer's name leads, as the authoritative servers of its zone say. `here`: to the name of this domain in our zone, by however many
 * CNAMEs. `ttlSeconds`: for so long resolvers may hold what they were told. `isWhole`: every server answered, so none of them can say otherwise.
 */
export type DelegationFact =
  | { readonly kind: 'here'; readonly ttlSeconds: number; readonly isWhole: boolean }
  /** NXDOMAIN, or a name without a record that counts here. */
  | { readonly kind: 'missing'; readonly isWhole: boolean }
  | {
      readonly kind: 'elsewhere';
      /** Where its CNAMEs end; null: the record itself stands there. */
      readonly target: string | null;
      /** The TXT, A and AAAA records that senders find there. */
      readonly sets: readonly RecordSet[];
      readonly ttlSeconds: number;
      readonly isWhole: boolean;
    }
  /** The servers do not agree: it is being changed. `others`: what some of them show that is not the name in our zone. */
  | { readonly kind: 'differs'; readonly others: readonly string[]; readonly ttlSeconds: number }
  | Unreadable;

/** What a look showed of the customer's CNAMEs. */
export interface SeenDelegation {
  readonly facts: Readonly<Record<Label, DelegationFact>>;
  /** What our own host serves for the domain, while its name leads elsewhere; null: not asked. */
  readonly atTarget: PolicyFact | null;
}

export interface Observation {
  readonly mx: MxFact;
  /** One for each provider of the domain, in the order of the YAML. */
  readonly views: readonly ProviderView[];
  /** What senders can fetch. */
  readonly policy: PolicyFact;
  /**
   * What the publisher holds. The same fact as `policy` where the proof is made by reading it, or where somebody else serves; before the host
   * record is there, what they serve at its target.
   */
  readonly published: PolicyFact;
  /** Null: not asked (mode is not enforce, or `smtpProbe: off`). */
  readonly offers: readonly MxOffer[] | null;
  /** What the providers have and not every authoritative server shows yet. */
  readonly spreading: readonly RecordKey[];
  /** Null: the domain is not delegated. */
  readonly delegation: SeenDelegation | null;
}

/** The hosts that mail goes to now; null when that could not be read. */
export function liveMxHosts(domain: string, mx: MxFact): readonly string[] | null {
  switch (mx.kind) {
    case 'hosts':
      return mx.hosts;
    case 'no-mx':
      return mx.hasAddress ? [domain] : [];
    case 'null-mx':
    case 'no-domain':
      return [];
    case 'unreadable':
      return null;
  }
}

/** {@link liveMxHosts}, as far as it may be built upon: null also where only a resolver said so. */
export function trustedMxHosts(domain: string, mx: MxFact): readonly string[] | null {
  return mx.kind !== 'unreadable' && !mx.isAuthoritative ? null : liveMxHosts(domain, mx);
}

/** The live policy, where there is one. */
export function livePolicy(observation: Observation): StsPolicy | null {
  return observation.policy.kind === 'body' ? observation.policy.policy : null;
}
