/** Floor 4. The config of a daemon: read again and again, each time with its secrets and its commit; the repository of `source:` is followed. */
import { resolve } from 'node:path';
import { descriptors } from '../../providers/registry.ts';
import { formatFault } from '../core/config/fault.ts';
import type { Config, ConfigFault } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { secretValues } from '../core/secret-values.ts';
import { type CloneLink, cloneLayout, linkedTree } from '../effects/clone-layout.ts';
import { systemClock } from '../effects/clock.ts';
import { commitOf } from '../effects/git-commit.ts';
import { markGood, pollSource } from '../effects/git-source.ts';
import { loadCheckedConfig, type LoadOptions, loadSource } from '../effects/load-config.ts';
import type { Log } from '../effects/log.ts';
import type { FleetState, RefusedConfig, RunReason } from '../services/daemon/fleet-state.ts';
import { type Asked, SourceFollower } from '../services/daemon/follow-source.ts';
import type { First, Loaded } from '../services/daemon/run-loop.ts';
import { sentenceOf } from '../services/daemon/sentence-of.ts';
import type { ConfigOptions } from './program.ts';
import { statePathOf } from './wiring.ts';

/** Why there is nothing to begin with. */
export interface Faulty {
  readonly faults: readonly ConfigFault[];
}

/** `whole`: there is no `source:`. `source`: the repository has to be fetched before the config can be read. */
export type Begun =
  | ({ readonly kind: 'faulty' } & Faulty)
  | { readonly kind: 'whole'; readonly statePath: string; readonly first: First }
  | { readonly kind: 'source'; readonly statePath: string; readonly first: null };

export interface DaemonConfigEvents {
  /** There is a commit that was not read so far. */
  readonly onUnread: () => void;
  readonly onFailure: (failure: FleetState['sourceFailure']) => void;
}

type Good = Extract<Loaded, { ok: true }> & { readonly warnings: readonly ConfigFault[] };
type Read = Good | Extract<Loaded, { ok: false }>;

export class DaemonConfigFiles {
  readonly follower: SourceFollower;
  readonly #log: Log;
  readonly #options: LoadOptions;
  #paths: readonly string[];
  /** Paths of the reading that is going on. */
  #reading: string[] = [];

  constructor({ config: path }: ConfigOptions, log: Log, events: DaemonConfigEvents) {
    this.#log = log;
    this.#paths = path === undefined ? [] : [resolve(path)];
    const onRead = (one: string): void => void this.#reading.push(one);
    this.#options = { path, descriptors, environment: process.env, workingDirectory: process.cwd(), onRead };
    this.follower = new SourceFollower({ clock: systemClock, log, poll: pollSource, ...events });
  }

  /** What was read the last time: the YAML (a file or a folder) and the files of its secrets. Absolute. */
  readonly paths = (): readonly string[] => this.#paths;

  /** At the start. Throws `BAD_CONFIG` where there is nothing to read. */
  async begin(): Promise<Begun> {
    const whole = await this.#readWithoutSource();
    if (whole?.ok === true)
      return { kind: 'whole', statePath: statePathOf(whole.config), first: this.#first(whole, null) };
    const local = this.#watching(() => loadSource(this.#options));
    if (whole !== null && (!local.ok || local.source === null)) return { kind: 'faulty', faults: whole.faults };
    if (!local.ok) return { kind: 'faulty', faults: local.faults };
    this.follower.follow(local.source);
    return { kind: 'source', statePath: statePathOf(local), first: null };
  }

  /** For one that works: the newest commit; where that cannot be fetched or taken, the last good one. Throws `SOURCE_*` where there is none. */
  async fetchFirst(signal: AbortSignal): Promise<First | Faulty> {
    return this.#openFirst(await this.follower.ask(signal));
  }

  /** For a stand-by: what the one that works has fetched. Null: nothing so far. */
  async readFirst(): Promise<First | Faulty | null> {
    try {
      return await this.#openFirst(null);
    } catch (error) {
      if (isOfSource(error) && error.code === 'SOURCE_NOT_FETCHED') return null;
      throw error;
    }
  }

  readonly load = async (reasons: readonly RunReason[], signal: AbortSignal): Promise<Loaded> => {
    const whole = this.follower.source === null ? await this.#readWithoutSource() : null;
    if (whole?.ok === true) return this.#taken(whole);
    const local = this.#watching(() => loadSource(this.#options));
    // With those that are seen only in the whole.
    if (!local.ok) return this.#read('current');
    const isOther = this.follower.follow(local.source);
    if (isOther || reasons.some(asksRepository)) await this.follower.ask(signal);
    try {
      const newest = await this.#readNewest(true);
      return newest.ok ? this.#taken(newest) : newest;
    } catch (error) {
      if (!isOfSource(error)) throw error;
      // Where there is no clone, what has to be told is why not.
      const { failure } = this.follower;
      const message = error.code === 'SOURCE_NOT_FETCHED' ? failure?.message : undefined;
      return { ok: false, faults: [], message: message ?? sentenceOf(error), commit: this.#commitOfClone() };
    }
  };

  /** `asked`: null for a stand-by, which leaves no mark in the clone. */
  async #openFirst(asked: Asked | null): Promise<First | Faulty> {
    const at = systemClock.now();
    try {
      if (asked?.ok === false) throw asked.error;
      const newest = await this.#readNewest(asked !== null);
      if (newest.ok) return this.#first(newest, null);
      const older = await this.#readOlder();
      return older === null ? newest : this.#first(older, { ...newest, at });
    } catch (error) {
      const older = await this.#readOlder();
      if (older === null) throw error;
      const commit = asked?.ok === false ? null : this.#commitOfClone();
      return this.#first(older, { faults: [], message: sentenceOf(error), commit, at });
    }
  }

  #first(read: Good, refused: RefusedConfig | null): First {
    const { config, commit } = this.#taken(read);
    return { config, commit, refused, sourceFailure: this.follower.failure };
  }

  #taken(read: Good): Good {
    this.#log.hide(secretsOf(read.config));
    for (const warning of read.warnings) this.#log.warn({}, formatFault(warning));
    return read;
  }

  /** The newest commit of the clone. Throws `SOURCE_NOT_FETCHED`, and `SOURCE_NOT_FOUND` where that commit has nothing at the path. */
  async #readNewest(isWorking: boolean): Promise<Read> {
    const { source } = this.follower;
    this.follower.noteRead(this.#commitOfClone());
    const loaded = await this.#read('current');
    if (isWorking && source !== null && loaded.ok && loaded.commit !== null) {
      try {
        markGood(source, loaded.commit, systemClock.now());
      } catch (error) {
        this.#log.warn({}, `${sentenceOf(error)}; a start on a broken commit would not find this one`);
      }
    }
    return loaded;
  }

  #commitOfClone(): string | null {
    const { source } = this.follower;
    return source === null ? null : (linkedTree(cloneLayout(source), 'current')?.commit ?? null);
  }

  /** Of the clone: the last good commit; the newest one where none was ever called good. Null: neither can be taken. */
  async #readOlder(): Promise<Good | null> {
    for (const link of ['good', 'current'] as const) {
      const loaded = await this.#read(link).catch(() => null);
      if (loaded?.ok === true) return loaded;
    }
    return null;
  }

  /** Null: `source:` stands in it. A config without is read once, and may be long. */
  async #readWithoutSource(): Promise<Read | null> {
    try {
      const loaded = await this.#read('current');
      return loaded.ok && loaded.config.source !== null ? null : loaded;
    } catch (error) {
      if (isOfSource(error)) return null;
      throw error;
    }
  }

  async #read(clone: CloneLink): Promise<Read> {
    const parsed = await this.#watching(() => loadCheckedConfig({ ...this.#options, clone }));
    const commit = parsed.commit ?? (await commitOf(this.#paths[0] ?? '.'));
    if (!parsed.ok) return refusedFor(parsed.faults, commit);
    const { config, warnings } = parsed;
    return { ok: true, config, commit, warnings };
  }

  /** Also what could not be read is watched. */
  #watching<T>(read: () => T): T {
    this.#reading = [];
    try {
      return read();
    } finally {
      if (this.#reading.length > 0) this.#paths = [...new Set(this.#reading)];
    }
  }
}

/** Somebody says that there may be a newer commit. */
function asksRepository(reason: RunReason): boolean {
  return reason === 'git' || reason === 'hook' || reason === 'sighup' || reason === 'takeover';
}

function isOfSource(error: unknown): error is StsyncError {
  return error instanceof StsyncError && error.code.startsWith('SOURCE_');
}

function refusedFor(faults: readonly ConfigFault[], commit: string | null): Extract<Loaded, { ok: false }> {
  return { ok: false, faults, message: faults.map(formatFault)[0] ?? 'it has faults', commit };
}

/** Domains hold none, and there may be 100,000. */
function secretsOf({ domains: _domains, ...rest }: Config): Iterable<string> {
  return secretValues(rest);
}
