/**
 * Floor 3. Gets a certificate for every wanted host and renews it, for as long as the daemon lives: paced to the limits of the CA, a few at once, and
 * each step in the state before the next. A host, a CA or a state that fails stops nobody else and ends nothing that is in use.
 */
import { atDirectory } from '../../core/certificates/change.ts';
import {
  type CertificateFailure,
  type CertificateRecord,
  newRecord,
  type WantedCertificate,
} from '../../core/certificates/model.ts';
import { type OrderLimits, turnAt, turnsOf } from '../../core/certificates/order-queue.ts';
import { StsyncError } from '../../core/error.ts';
import type { CertificateStore } from '../../effects/certificate-store.ts';
import { type Clock, sleep } from '../../effects/clock.ts';
import { attemptAsk, attemptOrder, attemptResume, type AttemptWorld } from './attempt.ts';
import { CertificateAuthority, type OrderBucket } from './certificate-authority.ts';
import { CertificateFleet } from './fleet.ts';

type FromCaller = 'acme' | 'directoryUrl' | 'profile' | 'solvers' | 'preflight' | 'onNews' | 'onTrouble' | 'random';

export interface CertificateWorkerOptions extends Pick<AttemptWorld, FromCaller> {
  readonly store: CertificateStore;
  readonly clock: Clock;
  /** Ends the worker as `close` does. */
  readonly signal: AbortSignal;
  /** Looked at every few seconds. The same array means: nothing is other than before. Each host once. */
  readonly wanted: () => readonly WantedCertificate[];
  readonly limits: OrderLimits;
  /** Shared with the other workers at this CA. */
  readonly bucket: OrderBucket;
  /** An attempt came to nothing; it is kept already. */
  readonly onFailure?: (host: string, failure: CertificateFailure) => void;
  /** So many hosts at once; 8. */
  readonly concurrency?: number;
}

export interface WorkerState {
  /** Of the CA or the account, with its code; null: all is well. */
  readonly trouble: StsyncError | null;
  /** Nothing is asked of the CA before; null: it may be asked. */
  readonly pausedUntil: Date | null;
  readonly underWay: number;
  /** Orders that wait for their turn. */
  readonly waiting: number;
}

export interface CertificateWorker {
  /** When the order of a host can begin; null: it waits for none. Cheap: for each host of a fleet in one go. */
  turnOf(host: string): Date | null;
  state(): WorkerState;
  /** Ends within a second. Orders under way are resumed by the next worker. */
  close(): Promise<void>;
}

const CONCURRENCY = 8;
const LOOK_MS = 5_000;
/** A state that cannot be written or read now. */
const STORE_RETRY_MS = 5_000;
const UNREADABLE_REST_MS = 600_000;
const CLOSE_MS = 900;
/** New hosts are kept so many at once. */
const BATCH = 1_000;
const TURNS_AGE_MS = 10_000;

/** Begins at once. Throws what the store throws when it cannot be read. */
export function openCertificateWorker(options: CertificateWorkerOptions): CertificateWorker {
  const worker = new Worker(options);
  const ended = worker.run();
  return {
    turnOf: (host) => worker.turnOf(host),
    state: () => worker.state(),
    close: () => worker.close(ended),
  };
}

class Worker {
  readonly #options: CertificateWorkerOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #fleet: CertificateFleet;
  readonly #authority: CertificateAuthority;
  readonly #world: AttemptWorld;
  readonly #running = new Set<Promise<void>>();
  #wake: () => void = doNothing;
  #toldOfStore: string | null = null;
  #turns: { readonly at: number; readonly of: ReadonlyMap<string, Date> } | null = null;

  constructor(options: CertificateWorkerOptions) {
    const { store, clock, limits, bucket, directoryUrl, random, onTrouble } = options;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#fleet = new CertificateFleet(store.list(), directoryUrl);
    this.#authority = new CertificateAuthority(bucket, {
      limits,
      random,
      onTrouble,
      now: clock.now,
      // The CA counts too: what could not be kept it says by itself.
      save: (queue) => void this.#stores(() => store.saveQueue(directoryUrl, queue)),
    });
    this.#world = {
      ...options,
      signal: this.#signal,
      authority: this.#authority,
      now: clock.now,
      keep: (record) => this.#keep([record]),
      stumbles: new Map(),
    };
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.#meetNewHosts();
        this.#begin();
      } catch (error) {
        if (!this.#signal.aborted) this.#options.onTrouble(internal('the certificates', error));
      }
      await this.#pause();
    }
  }

  async close(ended: Promise<void>): Promise<void> {
    this.#stop.abort(new Error('the daemon ends'));
    const late = new Promise<void>((resolve) => this.#options.clock.after(CLOSE_MS, resolve));
    await Promise.race([Promise.all([ended, ...this.#running]), late]);
  }

  state(): WorkerState {
    const { trouble, pausedUntil } = this.#authority;
    const { counted, exempt } = this.#fleet.known;
    return { trouble, pausedUntil, underWay: this.#fleet.underWay, waiting: counted.length + exempt.length };
  }

  turnOf(host: string): Date | null {
    const now = this.#options.clock.now();
    if (this.#turns === null || Math.abs(now.getTime() - this.#turns.at) > TURNS_AGE_MS) {
      const { counted, exempt } = this.#fleet.known;
      const of = turnsOf([...counted, ...exempt], this.#authority.queue, this.#options.limits, now);
      this.#turns = { at: now.getTime(), of };
    }
    const turn = this.#turns.of.get(host) ?? null;
    const { pausedUntil } = this.#authority;
    return turn !== null && pausedUntil !== null && pausedUntil > turn ? pausedUntil : turn;
  }

  async #meetNewHosts(): Promise<void> {
    const unknown = this.#fleet.unknown(this.#options.wanted(), this.#options.clock.now());
    for (let at = 0; at < unknown.length; at += BATCH) {
      const batch = unknown.slice(at, at + BATCH).filter((record) => this.#isUnheard(record.host));
      await this.#keep(batch);
    }
  }

  /** Also a row that could not be read makes a host unknown: nothing is written over it, for what is in use may be in it. */
  #isUnheard(host: string): boolean {
    try {
      const kept = this.#options.store.read(host);
      if (kept !== null) this.#fleet.learn(kept);
      return kept === null;
    } catch (error) {
      if (!(error instanceof StsyncError)) throw error;
      this.#fleet.leaveOut(host);
      return false;
    }
  }

  /** As many as may be at once; what was begun before goes first. */
  #begin(): void {
    const { concurrency = CONCURRENCY, wanted, clock } = this.#options;
    if (this.#authority.pausedUntil !== null) return;
    const places = this.#authority.isOnTrial ? 1 : concurrency;
    const ready = this.#fleet.ready(wanted(), clock.now());
    while (this.#fleet.underWay < places) {
      const resumed = ready.resumes.shift();
      const turn = resumed === undefined ? this.#fleet.takeTurn(this.#authority.openTurns) : null;
      const asked = resumed === undefined && turn === null ? ready.asks.shift() : undefined;
      if (resumed !== undefined) this.#start(resumed, (record) => attemptResume(record, this.#world));
      else if (turn !== null) {
        const reserved = turn.isExempt ? null : this.#authority.reserve();
        this.#start(turn.host, (record) => attemptOrder(record, reserved, this.#world));
      } else if (asked !== undefined) this.#start(asked, (record) => attemptAsk(record, this.#world));
      else return;
    }
  }

  #start(host: string, attempt: (record: CertificateRecord) => Promise<void>): void {
    this.#fleet.begin(host);
    const work = this.#attempt(host, attempt).then(() => {
      this.#fleet.end(host, this.#options.clock.now());
      this.#running.delete(work);
      this.#wake();
    });
    this.#running.add(work);
  }

  async #attempt(host: string, attempt: (record: CertificateRecord) => Promise<void>): Promise<void> {
    const { store, directoryUrl, clock, onTrouble } = this.#options;
    try {
      const kept = store.read(host) ?? newRecord(host, directoryUrl, clock.now());
      await attempt(atDirectory(kept, directoryUrl));
    } catch (error) {
      if (this.#signal.aborted) return;
      // A row that cannot be read, or a fault of ours: nobody else has to wait.
      onTrouble(error instanceof StsyncError ? error : internal(host, error));
      this.#fleet.rest(host, new Date(clock.now().getTime() + UNREADABLE_REST_MS));
    }
  }

  /** Until it is kept, or the worker ends. */
  async #keep(records: readonly CertificateRecord[]): Promise<void> {
    const { store, clock } = this.#options;
    while (!this.#stores(() => store.save(records))) await sleep(clock, STORE_RETRY_MS, this.#signal);
    for (const record of records) {
      const { host, lastFailure } = record;
      const isNew = lastFailure !== null && lastFailure.at.getTime() !== this.#fleet.lastFailure(host)?.at.getTime();
      this.#fleet.learn(record);
      if (isNew) this.#options.onFailure?.(host, lastFailure);
    }
  }

  /** False when the state cannot be written now, which is told once. */
  #stores(write: () => void): boolean {
    try {
      write();
      this.#toldOfStore = null;
      return true;
    } catch (error) {
      if (!(error instanceof StsyncError)) throw error;
      if (this.#toldOfStore !== error.message) this.#options.onTrouble(error);
      this.#toldOfStore = error.message;
      return false;
    }
  }

  /** Until something may have become due, or an attempt has ended. */
  #pause(): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#signal.removeEventListener('abort', end);
        this.#wake = doNothing;
        resolve();
      };
      const cancel = this.#options.clock.after(this.#restMs(), end);
      this.#wake = end;
      this.#signal.addEventListener('abort', end, { once: true });
    });
  }

  #restMs(): number {
    const { clock, limits } = this.#options;
    const now = clock.now();
    const { pausedUntil, queue } = this.#authority;
    const nextTurn = this.#fleet.known.counted.length === 0 ? [] : [turnAt(queue, limits, now, 0).getTime()];
    const isFull = this.#fleet.underWay > 0 && this.#authority.openTurns === 0;
    const due = pausedUntil === null ? [this.#fleet.dueAt, ...nextTurn] : [pausedUntil.getTime()];
    const restMs = Math.min(...due, now.getTime() + LOOK_MS) - now.getTime();
    return isFull ? LOOK_MS : Math.max(restMs, 1);
  }
}

function internal(what: string, error: unknown): StsyncError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StsyncError('INTERNAL', `${what}: ${reason}`, { cause: error });
}

function doNothing(): void {
  // Nobody waits.
}
