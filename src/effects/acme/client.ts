/**
 * Floor 2. A client of ACME (RFC 8555) with renewal information (RFC 9773) and profiles (draft-ietf-acme-profiles). It keeps nothing: account key
 * and URL of an order are the caller's to store. Nothing is repeated but `badNonce`; when to try again is for the scheduler to say.
 */
import type { SecureContext } from 'node:tls';

import type { Clock } from '../clock.ts';
import { openAccount } from './account.ts';
import { answerChallenge, type Challenge, openChallenges } from './authorization.ts';
import { openTransport } from './http.ts';
import { downloadCertificate, finalize, newOrder, type Order, type OrderOptions, readOrder } from './order.ts';
import { fetchRenewalInfo, type RenewalInfo } from './renewal-info.ts';
import { openSession } from './session.ts';

export type { Challenge, ChallengeType } from './authorization.ts';
export { certificateId, dnsValue, makeCsr, makeKey, tlsAlpnCertificate } from './certificates.ts';
export type { Order, OrderOptions } from './order.ts';
export { AcmeProblem } from './problem.ts';
export type { RenewalInfo } from './renewal-info.ts';

const TIMEOUT_MS = 30_000;
const PATIENCE_MS = 180_000;

export interface AcmeOptions {
  readonly directoryUrl: string;
  /** Whom to believe that it is the CA: `loadTrust(caFile)`. */
  readonly ca: SecureContext;
  /** P-256, PKCS #8: `makeKey()`. A secret. */
  readonly accountKeyPem: string;
  /** URIs, `mailto:ops@example.net`. An account that shows others gets these. */
  readonly contact: readonly string[];
  /** Where the CA wants to know its customer (§7.3.4). `hmacKey`: base64url, a secret. */
  readonly externalAccount: { readonly keyId: string; readonly hmacKey: string } | null;
  /** For the waits between two looks, and for dates in Retry-After. */
  readonly clock: Clock;
  /** Ends every call, with its reason, and the connections. */
  readonly signal: AbortSignal;
  /** Of one request; 30 s. */
  readonly timeoutMs?: number;
  /** Of all waits in one `answer` or `finalize`; 3 minutes. */
  readonly patienceMs?: number;
  /** Of stsync, for the User-Agent (§6.1). */
  readonly version?: string;
}

export interface DirectoryFacts {
  /** Name and what the CA says about it; empty: it has none. */
  readonly profiles: ReadonlyMap<string, string>;
  readonly hasRenewalInfo: boolean;
  /** What CAA has to name (RFC 8659 §4.2); empty: the CA does not say. */
  readonly caaIdentities: readonly string[];
  readonly isExternalAccountRequired: boolean;
  /** What is agreed to by making an account (§7.3.3). */
  readonly termsOfService: string | null;
}

/**
 * Every call throws `AcmeProblem`, whose `scope` says what it stops: `ACME_ACCOUNT` (account: stop, a person has to act), `ACME_BUSY` (queue: no
 * order before `retryAfterMs`), `ACME_REFUSED` (domain: tell of it, go on with others), `ACME_FAILED` (network: try later); or the signal's reason.
 */
export interface Acme {
  /** §7.1.1. */
  directory(): Promise<DirectoryFacts>;
  /** Finds the account of the key, or makes it and agrees to the terms (§7.3); gives its URL. The other calls do so by themselves. */
  account(): Promise<string>;
  /**
   * An order for one host, in A-labels (§7.4). Store its `url` before anything else. A CA may give one that is `ready` at once. `alreadyReplaced`
   * is ordered again without `replaces`. A profile that the CA does not have: `invalidProfile`, scope account.
   */
  newOrder(host: string, options?: OrderOptions): Promise<Order>;
  /** An order as it is now, also one of an earlier process. `malformed` or 404: the CA has forgotten it, so order anew. */
  readOrder(url: string): Promise<Order>;
  /** Of the authorizations that are not valid yet; none: finalize. Throws the CA's problem when one has failed already: order anew. */
  challenges(order: Order): Promise<readonly Challenge[]>;
  /**
   * Tells the CA to look, and waits until the authorization is valid (§7.5.1). What the CA is to find has to be there before, and to stay until
   * this ends. `stillPending` (retryable): it did not look in time; `readOrder` and `challenges` later.
   */
  answer(challenge: Challenge): Promise<void>;
  /**
   * Hands in the request and waits while the order is `processing`. Also for one that was handed in before a crash: then `csr` is not sent. An
   * order goes stale: take it from `readOrder` after the last `answer`. `stillProcessing` (retryable): `readOrder` later.
   */
  finalize(order: Order, csr: Uint8Array): Promise<Order>;
  /** The chain of a `valid` order, leaf first, PEM (§7.4.2). That it fits the key is for the caller to check: only the caller has it. */
  certificate(order: Order): Promise<string>;
  /** Null: ask the lifetime instead (RFC 9773). */
  renewalInfo(certificatePem: string): Promise<RenewalInfo | null>;
  /**
   * Changes the key of the account (§7.3.5). Store the new key beside the old one before. When it throws or the process dies, call it again with the same
   * two keys: it looks first which one the CA knows. The other calls go on with the new key.
   */
  rollOver(newAccountKeyPem: string): Promise<void>;
}

/** Asks nothing yet. Throws `ACME_ACCOUNT` when the key is no P-256 key. */
export function openAcme(options: AcmeOptions): Acme {
  const { directoryUrl, ca, clock, signal, timeoutMs = TIMEOUT_MS, patienceMs = PATIENCE_MS, version } = options;
  const send = openTransport({ trust: ca, clock, signal, timeoutMs, version });
  const session = openSession(directoryUrl, send, clock);
  const { accountKeyPem: keyPem, contact, externalAccount } = options;
  const account = openAccount(session, { keyPem, contact, externalAccount });
  const world = { clock, signal, patienceMs };
  return {
    directory: async () => {
      const { profiles, renewalInfo, caaIdentities, isExternalAccountRequired, termsOfService } =
        await session.directory();
      return {
        profiles,
        hasRenewalInfo: renewalInfo !== null,
        caaIdentities,
        isExternalAccountRequired,
        termsOfService,
      };
    },
    account: () => account.url(),
    newOrder: (host, orderOptions = {}) => newOrder(session, account, host, orderOptions),
    readOrder: (url) => readOrder(account, url),
    challenges: (order) => openChallenges(account, order),
    answer: (challenge) => answerChallenge(account, world, challenge),
    finalize: (order, csr) => finalize(account, world, order, csr),
    certificate: (order) => downloadCertificate(account, order),
    renewalInfo: (certificatePem) => fetchRenewalInfo(session, certificatePem),
    rollOver: (newAccountKeyPem) => account.rollOver(newAccountKeyPem),
  };
}
