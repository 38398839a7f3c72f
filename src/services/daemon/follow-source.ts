/**
 * Floor 3. Follows the repository of `source:`: asks it each interval, and at once where somebody says that there is something new. No failure
 * ends it: what was fetched before stays, and the next interval tries again.
 */
import type { SourceConfig } from '../../core/config/model.ts';
import { StsyncError } from '../../core/error.ts';
import type { Clock } from '../../effects/clock.ts';
import type { Log } from '../../effects/log.ts';
import type { SourceFailure } from './fleet-state.ts';
import { sentenceOf } from './sentence-of.ts';

export interface FollowWorld {
  readonly clock: Clock;
  readonly log: Log;
  /** Brings the clone to the newest commit. It is not called again before it has ended, and ends at once with the signal. */
  readonly poll: (
    source: SourceConfig,
    options: { readonly now: Date; readonly signal: AbortSignal },
  ) => Promise<{ readonly commit: string; readonly isNew: boolean }>;
  /** The clone has what was not read so far. Called again with the next interval as long as nobody reads it. */
  readonly onUnread: () => void;
  /** After each attempt that failed, and when one went well after that. */
  readonly onFailure: (failure: SourceFailure | null) => void;
}

/** `commit`: of the clone now; null where nothing is followed. */
export type Asked =
  | { readonly ok: true; readonly commit: string | null }
  | { readonly ok: false; readonly error: unknown };

interface Following {
  readonly source: SourceConfig;
  readonly end: AbortController;
}

export class SourceFollower {
  readonly #world: FollowWorld;
  #following: Following | null = null;
  #failure: SourceFailure | null = null;
  /** The commit that the config was read from; null: another one has to be read, whichever it is. */
  #read: string | null = null;
  #hasChanged = false;
  /** Two attempts at once would write the same clone. */
  #queue: Promise<unknown> = Promise.resolve();
  #cancelTimer: (() => void) | null = null;

  constructor(world: FollowWorld) {
    this.#world = world;
  }

  get source(): SourceConfig | null {
    return this.#following?.source ?? null;
  }

  get failure(): SourceFailure | null {
    return this.#failure;
  }

  /** From now on this one, which nothing is asked of before {@link ask}; null: none. True: it is another one than before. */
  follow(source: SourceConfig | null): boolean {
    if (JSON.stringify(source) === JSON.stringify(this.source)) return false;
    this.stop();
    this.#following = source === null ? null : { source, end: new AbortController() };
    this.#read = null;
    this.#note(null);
    return true;
  }

  /** Asks now, and from then on each interval. Throws nothing but the reason of the signal. */
  ask(signal: AbortSignal): Promise<Asked> {
    const asked = this.#queue.then(() => this.#ask(signal));
    this.#queue = asked.catch(() => undefined);
    return asked;
  }

  /** The config was read from this commit of the clone, with faults or without. Null: it was not read from the newest one. */
  noteRead(commit: string | null): void {
    this.#read = commit;
    this.#hasChanged = false;
  }

  /** Ends what runs. */
  stop(): void {
    this.#cancelTimer?.();
    this.#following?.end.abort(new StsyncError('INTERRUPTED', 'the repository is not followed any more'));
    this.#following = null;
  }

  async #ask(signal: AbortSignal): Promise<Asked> {
    signal.throwIfAborted();
    const following = this.#following;
    if (following === null) return { ok: true, commit: null };
    this.#cancelTimer?.();
    const { source, end } = following;
    const either = AbortSignal.any([signal, end.signal]);
    const asked = await this.#world.poll(source, { now: this.#world.clock.now(), signal: either }).then(
      ({ commit, isNew }) => ({ ok: true, commit, isNew }) as const,
      (error: unknown) => ({ ok: false, error }) as const,
    );
    signal.throwIfAborted();
    // Somebody follows another one now: this one is of no interest any more.
    if (this.#following !== following) return asked;
    this.#cancelTimer = this.#world.clock.after(source.intervalSeconds * 1000, () => void this.#askAgain(end.signal));
    if (asked.ok) {
      // Also the same commit, where its files were not what they should be.
      if (asked.isNew) this.#hasChanged = true;
      if (this.#failure !== null) this.#world.log.info({ source: source.git }, 'the repository can be followed again');
      this.#note(null);
    } else this.#noteFailure(asked.error, source);
    return asked;
  }

  async #askAgain(signal: AbortSignal): Promise<void> {
    const asked = await this.ask(signal).catch(() => null);
    if (asked?.ok === true && !signal.aborted && (this.#hasChanged || asked.commit !== this.#read))
      this.#world.onUnread();
  }

  #noteFailure(error: unknown, { git }: SourceConfig): void {
    const message = sentenceOf(error);
    const { message: before, since = this.#world.clock.now(), failures = 0 } = this.#failure ?? {};
    const hint = error instanceof StsyncError ? error.hint : undefined;
    if (message !== before)
      this.#world.log.warn(
        { source: git, ...(hint === undefined ? {} : { hint }) },
        `${message}; what was fetched before stays`,
      );
    this.#note({ message, since, failures: failures + 1 });
  }

  #note(failure: SourceFailure | null): void {
    const before = this.#failure;
    this.#failure = failure;
    if (before !== failure) this.#world.onFailure(failure);
  }
}
