/**
 * Floor 2. The config from the disk: a file, or a folder of `*.yaml` and `*.yml`, and the files that hold its secrets. Read synchronously:
 * parsing takes far longer than reading, and `validate` starts some milliseconds sooner.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ProviderDescriptor } from '../core/config/descriptor.ts';
import { makeFault, sortFaults } from '../core/config/fault.ts';
import type { ConfigFault } from '../core/config/model.ts';
import {
  parseConfig,
  type ParseContext,
  type ParsedConfig,
  type ParsedSource,
  parseSource,
} from '../core/config/parse-config.ts';
import type { ConfigFile } from '../core/config/source-text.ts';
import { StsyncError } from '../core/error.ts';
import { byCodePoint } from '../core/names.ts';
import type { CloneLink } from './clone-layout.ts';
import { readRepository } from './read-repository.ts';

/** Where the config is when nobody says; the first that is there. */
const defaultConfigPaths = ['domains.yaml', 'domains/'] as const;

export interface LoadOptions {
  /** Which commit of `source:` (default `current`, the newest fetched). */
  readonly clone?: CloneLink;
  /** A file or a folder; without it {@link defaultConfigPaths}. */
  readonly path?: string | undefined;
  readonly descriptors: readonly ProviderDescriptor[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where a relative `path` begins. */
  readonly workingDirectory: string;
  /** Called with the config itself and with each file that holds a secret, absolute, also with one that is not there: what a daemon watches. */
  readonly onRead?: (path: string) => void;
}

/** `commit`: of the repository that `source:` names, also where its YAML has faults; null without `source:`. */
export type LoadedConfig = ParsedConfig & { readonly commit: string | null };

/**
 * Reads and parses the config, with the clone of the repository that its `source:` names. Faults of what is written come back as
 * {@link ParsedConfig}; a file that is not there or cannot be read throws `BAD_CONFIG` with the cure: there is nothing to report on.
 * Throws `SOURCE_NOT_FETCHED` where there is no clone yet, `SOURCE_NOT_FOUND` where it has nothing at `source.path`.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const local = readLocalFiles(options);
  if ('fault' in local) return { ok: false, faults: [local.fault], schedule: null, commit: null };
  let commit: string | null = null;
  const parsed = parseConfig(local.files, {
    ...parseContext(options),
    readRepository: (source) => {
      const repository = readRepository(source, options.clone);
      commit = repository.commit;
      return repository;
    },
  });
  return { ...parsed, commit };
}

/**
 * As {@link loadConfig}, with the faults that node-cron finds in `schedule:`. It is loaded for a config that has one: that takes longer than all
 * else that `validate` does for a small config.
 */
export async function loadCheckedConfig(options: LoadOptions): Promise<LoadedConfig> {
  const loaded = loadConfig(options);
  const { schedule, commit } = loaded;
  if (schedule === null) return loaded;
  const { scheduleFaults } = await import('./schedule-faults.ts');
  const found = scheduleFaults(schedule);
  if (found.length === 0) return loaded;
  return { ok: false, faults: sortFaults([...(loaded.ok ? [] : loaded.faults), ...found]), schedule, commit };
}

/** What the local files say of `source:`, read before there is a clone. Throws `BAD_CONFIG` as {@link loadConfig} does. */
export function loadSource(options: LoadOptions): ParsedSource {
  const local = readLocalFiles(options);
  return 'fault' in local ? { ok: false, faults: [local.fault] } : parseSource(local.files, parseContext(options));
}

function parseContext(options: LoadOptions): ParseContext {
  return {
    descriptors: options.descriptors,
    secrets: { env: (name) => options.environment[name], file: (secret) => readSecret(secret, options.onRead) },
    resolvePath: (directory, relative) => path.resolve(directory, relative),
  };
}

function readLocalFiles(
  options: LoadOptions,
): { readonly files: readonly ConfigFile[] } | { readonly fault: ConfigFault } {
  const named = options.path ?? findDefault(options.workingDirectory);
  const absolute = path.resolve(options.workingDirectory, named);
  options.onRead?.(absolute);
  const isFolder = attempt(named, () => statSync(absolute)).isDirectory();
  const names = isFolder ? yamlNames(named, absolute) : [null];
  if (names.length === 0) {
    const place = { file: named, line: 1, column: 1 };
    const hint = 'put *.yaml or *.yml files into it, or name another with --config';
    return { fault: makeFault(place, 'NO_YAML_FILES', 'the folder holds no YAML file', hint) };
  }
  return { files: names.map((name) => readConfigFile(named, absolute, name)) };
}

function readConfigFile(named: string, absolute: string, name: string | null): ConfigFile {
  const file = name === null ? named : path.join(named, name);
  const full = name === null ? absolute : path.join(absolute, name);
  return { file, directory: path.dirname(full), text: attempt(file, () => readFileSync(full)) };
}

function yamlNames(named: string, absolute: string): readonly string[] {
  const entries = attempt(named, () => readdirSync(absolute, { withFileTypes: true }));
  const files = entries.filter((entry) => !entry.isDirectory() && /^[^.].*\.ya?ml$/.test(entry.name));
  return files.map((entry) => entry.name).toSorted(byCodePoint);
}

function findDefault(workingDirectory: string): string {
  const found = defaultConfigPaths.find((candidate) => existsSync(path.resolve(workingDirectory, candidate)));
  if (found !== undefined) return found;
  throw new StsyncError('BAD_CONFIG', `there is neither ${defaultConfigPaths.join(' nor ')} here`, {
    hint: 'name the file or folder with --config PATH; domains.example.yaml shows how one looks',
    where: workingDirectory,
  });
}

/** Null when it cannot be read; one final newline, as editors leave it, is not part of the secret. */
function readSecret(absolutePath: string, onRead: LoadOptions['onRead']): string | null {
  onRead?.(absolutePath);
  try {
    return readFileSync(absolutePath, 'utf8').replace(/\r?\n$/, '');
  } catch {
    return null;
  }
}

function attempt<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new StsyncError('BAD_CONFIG', isMissing ? `there is no ${where}` : `${where} cannot be read (${code})`, {
      hint: isMissing ? 'name the file or folder with --config PATH' : 'look at its rights and its owner',
      where,
      cause,
    });
  }
}
