/**
 * Floor 3. Reports that came by HTTPS, from the spool into the state: one after the other, in the order of arrival,
 * with rests for what else the process does.
 */
import { StsyncError } from '../../core/error.ts';
import { type Clock, sleep } from '../../effects/clock.ts';
import type { Log } from '../../effects/log.ts';
import type { ReportSpool } from '../../effects/reports/report-spool.ts';
import type { TakeIn } from './take-in.ts';

export interface SpoolWorkerWorld {
  readonly spool: Pick<ReportSpool, 'list' | 'read' | 'remove'>;
  readonly takeIn: TakeIn;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug' | 'warn' | 'error'>;
}

export interface SpoolWorker {
  /** There is something new. */
  readonly wake: () => void;
  /** Ends after the report that is under way; the others stay. */
  readonly close: () => Promise<void>;
}

/** What another process has left is seen this much later. */
const RESCAN_MS = 60_000;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [1_000, 300_000];
/** After a report as long as it took, and nine times as long after a large one: a flood of those, a second each, leaves the process to policies and runs. */
const QUICK_MS = 20;
const REST_FACTOR = 9;
const LONGEST_REST_MS = 30_000;

/** Begins with what is left from before. */
export function openSpoolWorker(world: SpoolWorkerWorld): SpoolWorker {
  const worker = new Worker(world);
  worker.wake();
  return { wake: () => worker.wake(), close: () => worker.close() };
}

class Worker {
  readonly #world: SpoolWorkerWorld;
  readonly #stopping = new AbortController();
  /** What this process cannot take in whatever it does; another version perhaps can. */
  readonly #stuck = new Set<string>();
  #pass: Promise<void> | null = null;
  #isWoken = false;
  /** Of the last time that the state could not be written; 0: all went well. */
  #backOffMs = 0;
  #cancel: () => void = () => undefined;

  constructor(world: SpoolWorkerWorld) {
    this.#world = world;
  }

  wake(): void {
    this.#isWoken = true;
    // While the state cannot be written, more reports are no reason to try sooner.
    if (this.#pass === null && this.#backOffMs === 0) this.#start();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#cancel();
    await this.#pass;
  }

  #start(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancel();
    this.#pass = this.#run();
  }

  async #run(): Promise<void> {
    let nextMs = RESCAN_MS;
    try {
      do {
        this.#isWoken = false;
        await this.#workOff();
      } while (this.#isWoken && !this.#stopping.signal.aborted);
      this.#backOffMs = 0;
    } catch (error) {
      nextMs = this.#backOff(error);
    }
    this.#pass = null;
    if (!this.#stopping.signal.aborted) this.#cancel = this.#world.clock.after(nextMs, () => this.#start());
  }

  /** Throws what the state or the spool says. */
  async #workOff(): Promise<void> {
    const { spool, clock } = this.#world;
    for (const name of await spool.list()) {
      if (this.#stopping.signal.aborted) return;
      if (this.#stuck.has(name)) continue;
      const startMs = clock.now().getTime();
      await this.#takeInOne(name);
      // The clock may have been set back.
      const tookMs = Math.max(0, clock.now().getTime() - startMs);
      const restMs = tookMs <= QUICK_MS ? tookMs : Math.min(LONGEST_REST_MS, tookMs * REST_FACTOR);
      await sleep(clock, restMs, this.#stopping.signal).catch(() => undefined);
    }
  }

  async #takeInOne(name: string): Promise<void> {
    const { spool, takeIn, log } = this.#world;
    const found = await spool.read(name);
    if (found === null) return;
    const source = found.peer === null ? 'https' : `https ${found.peer}`;
    try {
      const { stored, again } = await takeIn({ source, bytes: found.bytes, way: 'https' });
      if (again !== null) return;
      await spool.remove(name);
      log.debug({ source, stored }, 'TLS report by HTTPS taken in');
    } catch (error) {
      if (error instanceof StsyncError && error.code !== 'INTERNAL') throw error;
      // One that nobody foresaw must not keep those after it from coming in.
      this.#stuck.add(name);
      const kind = error instanceof Error ? error.name : typeof error;
      log.error({ name, kind }, 'a TLS report by HTTPS stays in the spool: it cannot be taken in');
    }
  }

  #backOff(error: unknown): number {
    const { log } = this.#world;
    const reason = error instanceof StsyncError ? `${error.code} ${error.message}` : String(error);
    const tell = this.#backOffMs === 0 ? log.warn : log.debug;
    this.#backOffMs = Math.min(LONGEST_WAIT_MS, this.#backOffMs === 0 ? FIRST_WAIT_MS : this.#backOffMs * 2);
    tell({ reason, againMs: this.#backOffMs }, 'TLS reports by HTTPS wait in the spool');
    return this.#backOffMs;
  }
}
