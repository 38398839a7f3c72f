/**
 * Floor 2. Tells when the config on the disk is another: the file or folder of YAML, and the files that hold its secrets. The kernel says so
 * at once where it can; a slow look at the contents finds what it does not tell of (network file systems, links that were moved).
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import type { Clock } from './clock.ts';

export interface WatchOptions {
  /** Absolute: files, or folders of YAML. Asked for anew at each look: the next config may name other secrets. */
  readonly paths: () => readonly string[];
  readonly clock: Clock;
  readonly onChange: () => void;
}

export interface ConfigWatch {
  /** Looks now, as after each event. */
  readonly look: () => void;
  readonly stop: () => void;
}

/** An editor writes a file in several steps. */
const SETTLE_MS = 300;
const POLL_MS = 15_000;

/** Begins with what is there now. Never throws: what cannot be watched is looked at, and what cannot be read counts as other content. */
export function watchConfig({ paths, clock, onChange }: WatchOptions): ConfigWatch {
  let known = hashesOf(paths());
  const watchers = new Map<string, FSWatcher>();
  let cancelSettling: (() => void) | null = null;
  const look = (): void => {
    const before = known;
    known = hashesOf(paths());
    watchFolders(watchers, paths, settle);
    // A path that was not asked for before is not one that changed: whoever asks for it has just read it.
    if (Array.from(before).some(([file, hash]) => known.has(file) && known.get(file) !== hash)) onChange();
  };
  const settle = (): void => {
    cancelSettling?.();
    cancelSettling = clock.after(SETTLE_MS, look);
  };
  let cancelPoll: (() => void) | null = null;
  const poll = (): void => {
    cancelPoll = clock.after(POLL_MS, () => {
      look();
      poll();
    });
  };
  watchFolders(watchers, paths, settle);
  poll();
  return {
    look,
    stop: () => {
      cancelSettling?.();
      cancelPoll?.();
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** Watches the folders that hold the paths: a file that is replaced by another of its name is another file, its folder stays. */
function watchFolders(watchers: Map<string, FSWatcher>, paths: () => readonly string[], onEvent: () => void): void {
  const wanted = new Set(paths().map((one) => (isFolder(one) ? one : path.dirname(one))));
  for (const [folder, watcher] of watchers) {
    if (wanted.has(folder)) continue;
    watcher.close();
    watchers.delete(folder);
  }
  const isNamed = (name: string): boolean => paths().some((one) => path.basename(one) === name);
  for (const folder of wanted) {
    if (watchers.has(folder)) continue;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        // The state may lie beside the YAML, and is written all the time. `..data` is how Kubernetes moves a mounted volume on.
        if (name === null || name.startsWith('..') || /\.ya?ml$/.test(name) || isNamed(name)) onEvent();
      });
      watcher.on('error', () => {
        watcher.close();
        watchers.delete(folder);
      });
      watchers.set(folder, watcher);
    } catch {
      // No watches left, or no such folder (yet): the slow look has to do, and tries again.
    }
  }
}

/** By path; of a folder, the YAML in it. */
function hashesOf(paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map(paths.map((one) => [one, isFolder(one) ? hashOfFolder(one) : hashOf(one)]));
}

function hashOfFolder(folder: string): string {
  try {
    const names = readdirSync(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
    return names
      .toSorted()
      .map((name) => `${name} ${hashOf(path.join(folder, name))}`)
      .join('\n');
  } catch (error) {
    return codeOf(error);
  }
}

function hashOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    return codeOf(error);
  }
}

function isFolder(name: string): boolean {
  try {
    return statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // No right to look, a link in a circle: thrown in a timer it would end the daemon.
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
