/** Floor 2. The YAML of the clone of `source:`. Reads only, asks no network and starts no git, so every command can. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

import { makeFault } from '../core/config/fault.ts';
import type { ConfigFault, SourceConfig } from '../core/config/model.ts';
import type { RepositoryFiles } from '../core/config/parse-config.ts';
import type { ConfigFile } from '../core/config/source-text.ts';
import { StsyncError } from '../core/error.ts';
import { byCodePoint } from '../core/names.ts';
import { type CloneLink, cloneLayout, linkedTree } from './clone-layout.ts';

/** Names that the folder form of the config reads too. */
const YAML_NAME = /^[^.].*\.ya?ml$/;

/**
 * The files of one commit, named `source:PATH` by their path in the repository. A link that leads out of the repository is a fault and is not
 * read: its text would stand in the faults of the YAML. Throws `SOURCE_NOT_FETCHED` where there is no clone, `SOURCE_NOT_FOUND` where the
 * commit has nothing at `path`.
 */
export function readRepository(source: SourceConfig, link: CloneLink = 'current'): RepositoryFiles {
  const tree = linkedTree(cloneLayout(source), link);
  if (tree === null) throw notFetched(source);
  const root = orNull(() => realpathSync(tree.path));
  if (root === null) throw notFetched(source);
  const files: ConfigFile[] = [];
  const faults: ConfigFault[] = [];
  for (const name of namesAt(root, tree.commit, source, faults)) {
    const full = join(root, name);
    const real = orNull(() => realpathSync(full));
    const text = real === null || !isInside(real, root) ? null : orNull(() => readFileSync(real));
    if (text === null) faults.push(leadsOut(name));
    else files.push({ file: `source:${name}`, directory: dirname(full), text });
  }
  return { commit: tree.commit, files, faults };
}

/** Paths from the root of the repository, with `/` between names. */
function namesAt(root: string, commit: string, source: SourceConfig, faults: ConfigFault[]): readonly string[] {
  const inner = source.path === '.' ? root : join(root, source.path);
  const real = orNull(() => realpathSync(inner));
  if (real === null) {
    const message = `the commit ${commit.slice(0, 12)} of branch ${source.branch} has no ${source.path}`;
    throw new StsyncError('SOURCE_NOT_FOUND', message, { hint: 'correct `path:` under `source:`', where: source.git });
  }
  if (!isInside(real, root)) {
    faults.push(leadsOut(source.path));
    return [];
  }
  if (!statSync(real).isDirectory()) return [source.path];
  const entries = readdirSync(real, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const names = entries.map((entry) => entry.name).filter((name) => YAML_NAME.test(name));
  if (names.length === 0) {
    const place = { file: `source:${source.path}`, line: 1, column: 1 };
    const hint = 'put *.yaml or *.yml files into it, or correct `path:` under `source:`';
    faults.push(makeFault(place, 'NO_YAML_FILES', 'the folder of the repository holds no YAML file', hint));
  }
  return names.toSorted(byCodePoint).map((name) => (source.path === '.' ? name : `${source.path}/${name}`));
}

function leadsOut(name: string): ConfigFault {
  const place = { file: `source:${name}`, line: 1, column: 1 };
  return makeFault(place, 'BAD_VALUE', 'the link leads to nothing in the repository', 'put the file itself there');
}

function isInside(path: string, root: string): boolean {
  const inner = relative(root, path);
  return inner !== '..' && !inner.startsWith(`..${sep}`);
}

function notFetched(source: SourceConfig): StsyncError {
  return new StsyncError('SOURCE_NOT_FETCHED', `branch ${source.branch} has not been fetched yet`, {
    hint: '`stsync daemon` fetches it; without the daemon, `git clone` it and name the clone with --config',
    where: source.git,
  });
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
