/** Floor 2. The certificates in the state and the accounts at CAs, as the worker that gets them keeps them. `store-sqlite-certificates.ts` is the one. */
import type { CertificateFacts, CertificateGlance, CertificateRecord } from '../core/certificates/model.ts';
import type { OrderQueue } from '../core/certificates/order-queue.ts';

/** At one CA. Keys are PEM: secrets. */
export interface StoredAccount {
  readonly keyPem: string;
  /** Being changed to: kept until the CA has been seen to know it (RFC 8555 §7.3.5). Null: no change is under way. */
  readonly newKeyPem: string | null;
  /** Null: not known yet. */
  readonly url: string | null;
}

/**
 * Each method is all or nothing, and outlives the process when it returns. They throw `STATE_UNREADABLE`, `STATE_UNWRITABLE`, and `LOCKED`
 * (retryable) when another program writes for longer than this one waits.
 */
export interface CertificateStore {
  read(host: string): CertificateRecord | null;
  /** Of all hosts, sorted by code point; without PEMs, so that 100,000 are little. A damaged row is left out and told of. */
  list(): readonly CertificateFacts[];
  /** The same in a tenth of the time: the loop of the daemon waits for it. Damaged rows are `list`'s to tell of. */
  glances(): readonly CertificateGlance[];
  /** All or none. Also outlives a power cut: an order and its key are worth more than the time this takes. */
  save(records: readonly CertificateRecord[]): void;
  remove(host: string): void;
  /** By the URL of the CA's directory; null: there is none yet. */
  account(directoryUrl: string): StoredAccount | null;
  saveAccount(directoryUrl: string, account: StoredAccount): void;
  /** What is left of the CA's limits; null: nothing was ordered there yet. */
  queue(directoryUrl: string): OrderQueue | null;
  saveQueue(directoryUrl: string, queue: OrderQueue): void;
  close(): void;
}
