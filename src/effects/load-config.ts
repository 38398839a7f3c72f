/**
 * Floor 2. The config from the disk: a file, or a folder of `*.yaml` and `*.yml`, and the files that hold its secrets. Read synchronously:
 * parsing takes far longer than reading, and `validate` starts some milliseconds sooner.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ProviderDescriptor } from '../core/config/descriptor.ts';
import { makeFault } from '../core/config/fault.ts';
import { parseConfig, type ParsedConfig } from '../core/config/parse-config.ts';
import type { ConfigFile } from '../core/config/source-text.ts';
import { StsyncError } from '../core/error.ts';
import { byCodePoint } from '../core/names.ts';

/** Where the config is when nobody says; the first that is there. */
const defaultConfigPaths = ['domains.yaml', 'domains/'] as const;

export interface LoadOptions {
  /** A file or a folder; without it {@link defaultConfigPaths}. */
  readonly path?: string | undefined;
  readonly descriptors: readonly ProviderDescriptor[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where a relative `path` begins. */
  readonly workingDirectory: string;
}

/**
 * Reads and parses the config. Faults of what is written come back as {@link ParsedConfig}; a file that is not there or cannot be read
 * throws `BAD_CONFIG` with the cure: there is nothing to report on.
 */
export function loadConfig(options: LoadOptions): ParsedConfig {
  const named = options.path ?? findDefault(options.workingDirectory);
  const absolute = path.resolve(options.workingDirectory, named);
  const isFolder = attempt(named, () => statSync(absolute)).isDirectory();
  const names = isFolder ? yamlNames(named, absolute) : [null];
  if (names.length === 0) {
    const place = { file: named, line: 1, column: 1 };
    const hint = 'put *.yaml or *.yml files into it, or name another with --config';
    return { ok: false, faults: [makeFault(place, 'NO_YAML_FILES', 'the folder holds no YAML file', hint)] };
  }
  const files = names.map((name) => readConfigFile(named, absolute, name));
  return parseConfig(files, {
    descriptors: options.descriptors,
    secrets: { env: (name) => options.environment[name], file: readSecret },
    resolvePath: (directory, relative) => path.resolve(directory, relative),
  });
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
function readSecret(absolutePath: string): string | null {
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
