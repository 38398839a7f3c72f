/** Floor 0. Several files as one: keys other than `domains` stand in exactly one file, domains in any, each domain once. */
import type { HostName } from '../names.ts';
import type { ConfigValues, SingleKey } from './config-shape.ts';
import { formatPlace, makeFault } from './fault.ts';
import type { ConfigFault } from './model.ts';
import type { DomainEntry, FileContent } from './read-file.ts';
import { placeOf } from './source-text.ts';

export interface MergedConfig {
  readonly values: Omit<ConfigValues, 'domains'>;
  /** In the order of the files, each domain once. */
  readonly domains: readonly DomainEntry[];
  readonly faults: readonly ConfigFault[];
  /** False: a file could not be read at all, so what seems to be missing may stand in it. */
  readonly isWhole: boolean;
}

const singleKeys = {
  version: true,
  providers: true,
  publisher: true,
  state: true,
  world: true,
  schedule: true,
  source: true,
  daemon: true,
  notifications: true,
  reports: true,
  limits: true,
  defaults: true,
  profiles: true,
} as const satisfies Record<SingleKey, true>;

/**
 * Codes: `KEY_IN_TWO_FILES`, `DUPLICATE_DOMAIN` (both name the other place), `MISSING_KEY` (no file has `version`). `isAllThere`: false where
 * there are more files, which could not be read.
 */
export function mergeFiles(files: readonly FileContent[], isAllThere = true): MergedConfig {
  const faults = files.flatMap((file) => file.faults);
  const isWhole = isAllThere && files.every((file) => file.values !== null);
  const values: ConfigValues = {};
  for (const { values: own } of files) {
    if (own !== null) Object.assign(values, takeSingleKeys(values, own, faults));
  }
  const [first] = files;
  if (values.version === undefined && isWhole && first !== undefined) {
    const where = files.length === 1 ? 'the config has' : 'no file of the folder has';
    const message = files.length === 1 ? `${where} no \`version\`` : `${where} \`version\``;
    faults.push(makeFault(first.source.placeAt(0), 'MISSING_KEY', message, 'begin with "version: 1"'));
  }
  return { values, domains: takeDomains(files, faults), faults, isWhole };
}

/** The keys of one file that no earlier file has. */
function takeSingleKeys(taken: ConfigValues, own: ConfigValues, faults: ConfigFault[]): ConfigValues {
  const { domains: _domains, ...single } = own;
  const fresh: Partial<Record<string, unknown>> = {};
  for (const [key, located] of Object.entries(single)) {
    const earlier = isSingleKey(key) ? taken[key] : undefined;
    if (earlier === undefined) fresh[key] = located;
    else {
      const message = `\`${key}\` stands in two files; the other is ${formatPlace(placeOf(earlier))}`;
      faults.push(makeFault(placeOf(located), 'KEY_IN_TWO_FILES', message, 'keep one; only `domains` is merged'));
    }
  }
  return fresh;
}

function isSingleKey(key: string): key is SingleKey {
  return Object.hasOwn(singleKeys, key);
}

function takeDomains(files: readonly FileContent[], faults: ConfigFault[]): readonly DomainEntry[] {
  const first = new Map<HostName, DomainEntry>();
  for (const { domains } of files) {
    for (const entry of domains) {
      const earlier = first.get(entry.key);
      if (earlier === undefined) first.set(entry.key, entry);
      else {
        const message = `the domain ${entry.key} stands here a second time; first at ${formatPlace(placeOf(earlier.located))}`;
        const hint = 'Unicode and A-labels, capitals and a final dot make no other domain';
        faults.push(makeFault(placeOf(entry.located), 'DUPLICATE_DOMAIN', message, hint));
      }
    }
  }
  return [...first.values()];
}
