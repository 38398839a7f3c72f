/**
 * Floor 2. The state of stsync behind one interface: memory of each domain and the journal. SQLite is the default engine
 * (`store-sqlite.ts`); another one follows by keeping these promises. No SQL outside `store*`.
 */
import type { CertificateFacts } from '../core/certificates/model.ts';
import type { OrderQueue } from '../core/certificates/order-queue.ts';
import type { JournalEntry, JournalOutcome } from '../core/journal.ts';
import type { KnownStatus } from '../core/known-status.ts';
import type { DomainMemory } from '../core/memory.ts';
import type { ReportFacts } from '../core/reports/finding-model.ts';

export type JournalFilter =
  | { readonly domain?: string; readonly limit?: number; readonly isUnfinished?: undefined }
  | { readonly isUnfinished: true };

/** The reading half, which dry runs hold. All methods throw `STATE_UNREADABLE` when the state cannot be read. */
export interface StoreReader {
  /** Every domain that has a memory, sorted by code point. */
  domains(): readonly string[];
  /** `noMemory` for a domain never saved. */
  memory(domain: string): DomainMemory;
  /**
   * Newest last. `limit` takes the newest. `isUnfinished`: only the newest entry of each record (not of policies), where that is not `done`.
   */
  journal(filter: JournalFilter): readonly JournalEntry[];
  /** What the daemon last kept of each domain; empty where none ever ran. */
  domainStates(): ReadonlyMap<string, KnownStatus>;
  /** The end of the daemon's last good run. */
  lastGoodRunAt(): Date | null;
  /** What our own policy host serves for this host (`mta-sts.example.com`); null: nothing. */
  policyBody(host: string): string | null;
  /** What is known of the certificate for this host; null: nothing was ever asked for. */
  certificate(host: string): CertificateFacts | null;
  /** Of all hosts, sorted by code point. */
  certificates(): readonly CertificateFacts[];
  /** What is left of the limits of the CA with this directory; null: nothing was ordered there. */
  orderQueue(directoryUrl: string): OrderQueue | null;
  /** What TLS reports say of a domain since a day (UTC, `2026-09-07`); null: there are none. */
  reportFacts(domain: string, since: string): ReportFacts | null;
  close(): void;
}

/** The writing half. Each method is all or nothing, and outlives the process when it returns; they throw `STATE_UNWRITABLE`. */
export interface Store extends StoreReader {
  saveMemory(domain: string, memory: DomainMemory): void;
  /** The same for many domains in one transaction. */
  saveMemories(memories: ReadonlyMap<string, DomainMemory>): void;
  /** Drops the memories of these domains in one transaction; their journal stays. */
  forget(domains: readonly string[]): void;
  /** Writes an entry with outcome `started` and gives its number. */
  beginStep(entry: Omit<JournalEntry, 'outcome' | 'note'>): number;
  endStep(number: number, outcome: JournalOutcome, note: string | null): void;
  /** From now on these are the domain states, and no others; what is kept already is not written again. */
  saveDomainStates(states: ReadonlyMap<string, KnownStatus>, lastGoodRunAt: Date | null): void;
  /** Null takes it away. Also outlives a power cut. Our policy host serves it from then on, whichever process runs it. */
  savePolicyBody(host: string, body: string | null): void;
}
