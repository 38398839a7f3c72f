/**
 * Floor 3. The loop of the daemon: one run at a time, whatever asks for it. What is asked for during a run makes exactly one more after it.
 * No failure ends it: a config that is refused leaves the last good one in force, a run that comes to nothing is made at the next occasion.
 */
import type { Config, ConfigFault } from '../../core/config/model.ts';
import { StsyncError } from '../../core/error.ts';
import type { RunReport } from '../../core/plan/report.ts';
import type { Clock } from '../../effects/clock.ts';
import type { Log } from '../../effects/log.ts';
import type { CronSchedule } from '../../effects/schedule-cron.ts';
import { dueDomains, isScheduled, reachOf } from './back-off.ts';
import {
  afterBrokenRun,
  afterRun,
  type ConfigInForce,
  type FleetState,
  noFleet,
  type RefusedConfig,
  type RunReason,
  type SourceFailure,
} from './fleet-state.ts';
import { logRun } from './log-run.ts';
import { sentenceOf } from './sentence-of.ts';

/** A config that was read: whole, or refused whole. */
export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly commit: string | null }
  | {
      readonly ok: false;
      readonly faults: readonly ConfigFault[];
      readonly message: string;
      readonly commit: string | null;
    };

/** What a daemon begins with. `refused`: the newest config, where only an older one could be taken. */
export type First = Pick<ConfigInForce, 'config' | 'commit'> & Pick<FleetState, 'refused' | 'sourceFailure'>;

/** What outlives the process. */
export type Kept = Pick<FleetState, 'known' | 'lastGoodRunAt'>;

export interface RunRequest {
  readonly inForce: ConfigInForce;
  /** Null: all domains. */
  readonly only: readonly string[] | null;
  readonly paceMs: number;
  readonly signal: AbortSignal;
  /** To be called once with the report, and what it gives to be kept, while the state is still locked. */
  readonly keep: (report: RunReport) => Kept;
}

export interface LoopWorld {
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the config anew, secrets too; what it fetches for that, it gives up with the signal. Throws `StsyncError` where there is nothing to read. */
  readonly load: (reasons: readonly RunReason[], signal: AbortSignal) => Promise<Loaded>;
  /** One run as `sync` makes it. Throws `LOCKED` and what else leaves a run without a result. */
  readonly run: (request: RunRequest) => Promise<void>;
  readonly schedule: (config: Config, onDue: (reason: 'schedule' | 'missed') => void) => CronSchedule;
  /** After each run (its result is kept already), and when a config is refused or in force again. */
  readonly onNews: (before: FleetState, after: FleetState) => void;
}

/** Looks of a scheduled run begin so far apart, as long as half the interval is enough for all. */
const GAP_MS = 5;
/** What a stop waits for. A provider that takes no notice leaves a step as one that may have happened, and the next run reads it again. */
const STOP_MS = 9000;

export class RunLoop {
  readonly #world: LoopWorld;
  readonly #stop = new AbortController();
  readonly #pending = new Set<RunReason>();
  /** Of runs that came to nothing: they are made with the next one, so that a domain that was to be tried at once still is. */
  readonly #putOff = new Set<RunReason>();
  /** Domains whose certificate has come. */
  readonly #named = new Set<string>();
  #state: FleetState;
  #schedule: CronSchedule | null = null;
  #work: Promise<void> | null = null;

  /** Stands by until {@link lead}. */
  constructor(world: LoopWorld, { config, commit, refused, sourceFailure }: First) {
    this.#world = world;
    const inForce = { config, commit, loadedAt: world.clock.now() };
    this.#state = { ...noFleet, inForce, refused, sourceFailure };
  }

  readonly state = (): FleetState => this.#state;

  /** From now on this is the daemon that works. `kept`: what an earlier one left. */
  lead(reason: 'start' | 'takeover', kept: Kept): void {
    this.#state = { ...this.#state, ...kept, role: 'leader' };
    const { refused } = this.#state;
    // It may have been pushed while nobody was there to say so. A takeover reads it again.
    if (reason === 'start' && refused !== null) this.#tellRefused({ ...this.#state, refused: null }, refused);
    this.#reschedule();
    this.trigger(reason);
  }

  /** What became of the last attempt to follow the repository; null: it went well. */
  readonly noteSource = (sourceFailure: SourceFailure | null): void => {
    const before = this.#state;
    if (before.sourceFailure === sourceFailure) return;
    this.#state = { ...before, sourceFailure };
    this.#world.onNews(before, this.#state);
  };

  /** Asks for a run. A stand-by leaves it to the one that works. `domains`: those that a run for a `certificate` is about. */
  readonly trigger = (reason: RunReason, domains: readonly string[] = []): void => {
    if (this.#state.role !== 'leader') return;
    for (const domain of domains) this.#named.add(domain);
    this.#pending.add(reason);
    this.#work ??= this.#drain();
  };

  /** Ends the run between two steps. False where it did not end in time. */
  async stop(): Promise<boolean> {
    this.#state = { ...this.#state, role: 'stopping', nextRunAt: null };
    this.#schedule?.stop();
    this.#stop.abort(
      new StsyncError('INTERRUPTED', 'the daemon stops', { hint: 'start it again: it goes on from what is there' }),
    );
    const work = this.#work ?? Promise.resolve();
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#world.clock.after(STOP_MS, () => resolve(false));
    const isEnded = await Promise.race([work.then(() => true), late]);
    cancel();
    return isEnded;
  }

  async #drain(): Promise<void> {
    // Not in the call that asks: what else happens in the same instant is the same run.
    await Promise.resolve();
    while (this.#pending.size > 0 && !this.#stop.signal.aborted) await this.#answer();
    // In the same breath as the last look: what is asked for from now on begins anew.
    this.#work = null;
  }

  async #answer(): Promise<void> {
    const reasons = [...this.#pending, ...this.#putOff];
    this.#pending.clear();
    this.#putOff.clear();
    try {
      const isRefused = reasons.some(asksForConfig) && !(await this.#reload(reasons));
      if (this.#stop.signal.aborted) return;
      if (!isRefused || !reasons.every(isOfConfigAlone)) await this.#runFor(reasons);
    } catch (error) {
      // A fault of ours; the next run may fare better.
      this.#world.log.error({ error: sentenceOf(error) }, 'the daemon goes on after a fault of stsync itself');
    }
  }

  /** True: the newest config is in force now. */
  async #reload(reasons: readonly RunReason[]): Promise<boolean> {
    const { clock, log, load } = this.#world;
    const { signal } = this.#stop;
    const loaded = await load(reasons, signal).catch(refusalOf);
    if (signal.aborted) return false;
    const at = clock.now();
    const fault = loaded.ok ? this.#objection(loaded.config) : null;
    if (!loaded.ok || fault !== null) {
      const { faults, message } = loaded.ok ? { faults: [], message: fault ?? '' } : loaded;
      const before = this.#state;
      const refused = { faults, message, commit: loaded.commit, at };
      this.#state = { ...before, refused };
      this.#tellRefused(before, refused);
      return false;
    }
    const { config, commit } = loaded;
    const before = this.#state;
    this.#state = { ...before, inForce: { config, commit, loadedAt: at }, refused: null };
    if (before.refused !== null) this.#world.onNews(before, this.#state);
    log.info({ commit, domains: config.domains.length }, 'config in force');
    this.#reschedule();
    return true;
  }

  #tellRefused(before: FleetState, { commit, faults, message }: RefusedConfig): void {
    this.#world.onNews(before, this.#state);
    const places = faults.map(({ code, place }) => `${place.file}:${place.line}:${place.column}: ${code}`);
    this.#world.log.error({ commit, faults: places }, `config refused, the last good one stays in force: ${message}`);
  }

  /** What a running daemon cannot change; null: nothing of it changed. */
  #objection({ state }: Config): string | null {
    const now = this.#state.inForce?.config.state;
    const isSame = now === undefined || (now.kind === 'file' && state.kind === 'file' && now.path === state.path);
    return isSame ? null : '`state` is another one: stop the daemon, move the state, and start it again';
  }

  #reschedule(): void {
    const { inForce } = this.#state;
    this.#schedule?.stop();
    this.#schedule = inForce === null ? null : this.#world.schedule(inForce.config, this.trigger);
    this.#state = { ...this.#state, ...this.#times() };
  }

  async #runFor(reasons: readonly RunReason[]): Promise<void> {
    const { clock, log, run, onNews } = this.#world;
    const before = this.#state;
    const { inForce } = before;
    if (inForce === null) return;
    // One that came at the same time as another is no reason to leave anything out.
    const reason = reasons.toSorted((a, b) => reachOf(b) - reachOf(a))[0] ?? 'schedule';
    const named = new Set(this.#named);
    this.#named.clear();
    const startedAt = clock.now();
    const due = this.#due(inForce.config, reason, named, startedAt);
    this.#state = { ...before, isRunning: true };
    log.debug({ reasons, domains: due.count }, 'a run begins');
    const ended: FleetState[] = [];
    const keep = (report: RunReport): Kept => {
      // A run that was cut short says nothing about those it did not come to.
      this.#stop.signal.throwIfAborted();
      const times = { startedAt, endedAt: clock.now(), intervalMs: due.intervalMs };
      const after = afterRun(this.#state, { report, config: inForce.config, reason, ...times });
      ended.push(after);
      return after;
    };
    let error: string | null = null;
    try {
      await run({ inForce, only: due.only, paceMs: due.paceMs, signal: this.#stop.signal, keep });
    } catch (thrown) {
      error = sentenceOf(thrown);
      for (const one of reasons) if (!isScheduled(one)) this.#putOff.add(one);
      for (const domain of named) this.#named.add(domain);
    }
    const lastRun = { startedAt, endedAt: clock.now(), reason, error };
    const after = error === null ? (ended[0] ?? this.#state) : afterBrokenRun(this.#state, lastRun);
    // These two go their own way while a run is on, and are told then.
    const { role, sourceFailure } = this.#state;
    this.#state = { ...after, role, sourceFailure, isRunning: false, ...this.#times() };
    logRun(log, { before, after: this.#state, reasons, isInterrupted: this.#stop.signal.aborted });
    onNews({ ...before, sourceFailure }, this.#state);
  }

  #due(
    config: Config,
    reason: RunReason,
    named: ReadonlySet<string>,
    now: Date,
  ): Pick<RunRequest, 'only' | 'paceMs'> & { count: number; intervalMs: number } {
    const names = config.domains.map((one) => one.domain);
    const only = dueDomains(names, this.#state.domains, { reason, named, now });
    const { length: count } = only ?? names;
    const intervalMs = this.#schedule?.intervalMs() ?? 0;
    const paceMs = isScheduled(reason) ? Math.min(intervalMs / 2, GAP_MS * count) : 0;
    return { only, paceMs, count, intervalMs };
  }

  #times(): Pick<FleetState, 'nextRunAt' | 'intervalMs'> {
    const nextRunAt = this.#stop.signal.aborted ? null : (this.#schedule?.nextAt() ?? null);
    return { nextRunAt, intervalMs: this.#schedule?.intervalMs() ?? 0 };
  }
}

/** The config may be another one. */
function asksForConfig(reason: RunReason): boolean {
  return isOfConfigAlone(reason) || reason === 'sighup' || reason === 'takeover';
}

/** There is nothing to do for it when the new config is refused. */
function isOfConfigAlone(reason: RunReason): boolean {
  return reason === 'config' || reason === 'git' || reason === 'hook';
}

function refusalOf(error: unknown): Loaded {
  return { ok: false, faults: [], message: sentenceOf(error), commit: null };
}
