/** Floor 0. How the record of a host changes with what happened. Randomness comes as an argument, from 0 up to 1. */
import type { CertificateFacts, CertificateFailure, CertificateRecord, HeldCertificate, HeldOrder } from './model.ts';
import { firstRenewal } from './renewal.ts';

const MINUTE_MS = 60_000;
/**
 * After failures in a row: 5 minutes, doubled each time. Let's Encrypt takes 5 failed validations of a name in an hour; at the least waits 4
 * come into any hour.
 */
const FIRST_WAIT_MS = 5 * MINUTE_MS;
const LONGEST_WAIT_MS = 24 * 60 * MINUTE_MS;
/** Of an attempt that did not get as far as the CA, such as one without a host record: a person may be at work on it. */
const LONGEST_WAIT_BEFORE_CA_MS = 2 * 60 * MINUTE_MS;
/** Waits are longer by up to this part: what failed together is not tried again together. */
const JITTER = 1 / 4;
/** What a CA may ask for; beyond it is a mistake. */
const LONGEST_RETRY_AFTER_MS = 7 * 24 * 60 * MINUTE_MS;

/** The same host at the CA of `directoryUrl`: orders, failures and renewals of another CA say nothing there. Its certificate stays in use. */
export function atDirectory<T extends CertificateFacts>(record: T, directoryUrl: string): T {
  if (record.directoryUrl === directoryUrl) return record;
  return { ...record, directoryUrl, order: null, failures: 0, nextAttemptAt: null, lastFailure: null, renewal: null };
}

export function withOrder(record: CertificateRecord, order: HeldOrder): CertificateRecord {
  return { ...record, order, nextAttemptAt: null };
}

/** The CA does not know the order any more, or it came to nothing: nobody is to blame. */
export function withoutOrder(record: CertificateRecord): CertificateRecord {
  return { ...record, order: null };
}

export function withCertificate(
  record: CertificateRecord,
  certificate: HeldCertificate,
  now: Date,
  random: number,
): CertificateRecord {
  return {
    ...record,
    certificate,
    order: null,
    failures: 0,
    nextAttemptAt: null,
    lastFailure: null,
    renewal: firstRenewal(certificate, now, random),
  };
}

export interface FailedAttempt {
  readonly failure: CertificateFailure;
  /** Asked for by the CA; null: it said nothing. */
  readonly retryAfterMs: number | null;
  /** `over`: the order is lost. `going`: it lives on and is resumed. `none`: it did not come to one. */
  readonly order: 'over' | 'going' | 'none';
}

/** A reason of the host's own. */
export function withFailure(record: CertificateRecord, attempt: FailedAttempt, random: number): CertificateRecord {
  const { failure, retryAfterMs, order } = attempt;
  const failures = record.failures + 1;
  const waitMs = Math.max(backOffMs(failures, order === 'none', random), boundedRetryAfter(retryAfterMs));
  return {
    ...record,
    order: order === 'over' ? null : record.order,
    failures,
    lastFailure: failure,
    nextAttemptAt: new Date(failure.at.getTime() + waitMs),
  };
}

/** No reason of the host's: of the CA, of the state, or that the CA is not done yet. Nothing is counted. */
export function withPause(
  record: CertificateRecord,
  failure: CertificateFailure | null,
  until: Date,
): CertificateRecord {
  return { ...record, nextAttemptAt: until, lastFailure: failure ?? record.lastFailure };
}

/** How long after so many failures in a row nothing is tried. */
export function backOffMs(failures: number, isBeforeCa: boolean, random: number): number {
  const longestMs = isBeforeCa ? LONGEST_WAIT_BEFORE_CA_MS : LONGEST_WAIT_MS;
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 30), longestMs);
  return Math.round(waitMs * (1 + random * JITTER));
}

/** What a CA asks for, in bounds; 0 where it asks for nothing. */
export function boundedRetryAfter(retryAfterMs: number | null): number {
  return Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
}
