/**
 * Floor 0. What the state keeps of the certificate of one policy host: the one in use, the order under way, and what went wrong last. Changes
 * of it are pure (`change.ts`), what is next follows from it alone (`decide.ts`).
 */
import type { ErrorCode } from '../codes.ts';

/** What can be known of a certificate without its PEM. */
export interface CertificateValidity {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** When it came here. */
  readonly issuedAt: Date;
  /** The directory of the CA that it came from: one of a staging CA is none for senders. */
  readonly directoryUrl: string;
  /** Other for each other chain. Whoever has the certificate in use compares it. */
  readonly stamp: string;
}

export interface OrderUnderWay {
  readonly url: string;
  readonly startedAt: Date;
}

/** Why the last attempt led to no certificate, in words for a person. */
export interface CertificateFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly at: Date;
}

export interface Renewal {
  /** The moment chosen, at random, once. */
  readonly renewAt: Date;
  /** When the CA is asked (again) for a better one; null: now. */
  readonly askAgainAt: Date | null;
  /** `renewAt` lies in a window that the CA suggested (RFC 9773): the renewal is then exempt from its limits. */
  readonly isSuggested: boolean;
}

/** All but the PEMs: of 100,000 hosts these are read and held at once. */
export interface CertificateFacts {
  /** `mta-sts.example.com`. */
  readonly host: string;
  /** The CA that order, failures and renewal are about. */
  readonly directoryUrl: string;
  readonly wantedSince: Date;
  readonly certificate: CertificateValidity | null;
  readonly order: OrderUnderWay | null;
  /** Attempts in a row that failed for a reason of this host. */
  readonly failures: number;
  /** Null: nothing is waited for. */
  readonly nextAttemptAt: Date | null;
  readonly lastFailure: CertificateFailure | null;
  readonly renewal: Renewal | null;
}

/** What a look at all hosts needs, after each run. */
export interface CertificateGlance {
  readonly host: string;
  readonly directoryUrl: string;
  /** Of the certificate in use; null: there is none. */
  readonly notAfter: Date | null;
  readonly isOrdered: boolean;
  /** The last attempt led to no certificate. */
  readonly hasFailed: boolean;
}

export function glanceOf({ host, directoryUrl, certificate, order, lastFailure }: CertificateFacts): CertificateGlance {
  const notAfter = certificate?.notAfter ?? null;
  return { host, directoryUrl, notAfter, isOrdered: order !== null, hasFailed: lastFailure !== null };
}

/** PEM texts; keys are PKCS #8. Secrets: in no log and no message. */
export interface HeldCertificate extends CertificateValidity {
  /** Leaf first. */
  readonly chainPem: string;
  readonly keyPem: string;
}

/** `keyPem`: of the certificate to come. Kept with the URL before the CA hears of it: without it the certificate would be lost. */
export interface HeldOrder extends OrderUnderWay {
  readonly keyPem: string;
}

export interface CertificateRecord extends CertificateFacts {
  readonly certificate: HeldCertificate | null;
  readonly order: HeldOrder | null;
}

/** A host that has to have a certificate. */
export interface WantedCertificate {
  readonly host: string;
}

/** Of a host that nobody has heard of before. */
export function newRecord(host: string, directoryUrl: string, wantedSince: Date): CertificateRecord {
  return {
    host,
    directoryUrl,
    wantedSince,
    certificate: null,
    order: null,
    failures: 0,
    nextAttemptAt: null,
    lastFailure: null,
    renewal: null,
  };
}
