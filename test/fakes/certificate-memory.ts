/** A store of certificates in memory; each write passes by the test first. */
import { type CertificateGlance, type CertificateRecord, glanceOf } from '../../src/core/certificates/model.ts';
import type { OrderQueue } from '../../src/core/certificates/order-queue.ts';
import { StsyncError } from '../../src/core/error.ts';
import type { CertificateStore } from '../../src/effects/certificate-store.ts';

export class MemoryCertificates implements CertificateStore {
  readonly records = new Map<string, CertificateRecord>();
  readonly queues = new Map<string, OrderQueue>();
  /** Called before each write, and after it; may throw. */
  onWrite: (when: 'before' | 'after') => void = () => undefined;
  /** Rows that cannot be read. */
  readonly damaged = new Set<string>();

  readonly read = (host: string): CertificateRecord | null => {
    if (this.damaged.has(host)) throw new StsyncError('STATE_UNREADABLE', `what is kept of ${host} cannot be read`);
    return this.records.get(host) ?? null;
  };
  readonly list = (): readonly CertificateRecord[] => [...this.records.values()];
  readonly glances = (): readonly CertificateGlance[] => this.list().map(glanceOf);
  readonly save = (records: readonly CertificateRecord[]): void => {
    this.onWrite('before');
    for (const record of records) this.records.set(record.host, record);
    this.onWrite('after');
  };
  readonly remove = (host: string): void => void this.records.delete(host);
  readonly account = (): null => null;
  readonly saveAccount = (): void => undefined;
  readonly queue = (directoryUrl: string): OrderQueue | null => this.queues.get(directoryUrl) ?? null;
  readonly saveQueue = (directoryUrl: string, queue: OrderQueue): void => {
    this.onWrite('before');
    this.queues.set(directoryUrl, queue);
    this.onWrite('after');
  };
  readonly close = (): void => undefined;
}
