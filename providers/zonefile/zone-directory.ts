/** Which zone file holds a name: the longest zone for which `<zone>.zone`, or else `<zone>.db`, stands in the directory. */
import { StsyncError } from '../../src/core/error.ts';
import type { ProviderContext } from '../../src/provider.ts';
import { withZoneFaults } from './faults.ts';

export interface ZonePlace {
  readonly zone: string;
  readonly path: string;
}

/** So long a listing is believed without a look at the directory; a run asks for thousands of names. */
const LISTING_MS = 1_000;

interface Listing {
  readonly version: string;
  /** Zone to file name. */
  readonly zones: ReadonlyMap<string, string>;
}

/**
 * Finds zones in `directory`. Names of files may be in upper case. A new file is seen after a second at the latest, and at once for a name
 * that had no zone. Throws `ZONE_NOT_FOUND` and, when the directory cannot be read, `ZONE_UNREADABLE`.
 */
export function openDirectory(
  directory: string,
  context: Pick<ProviderContext, 'files' | 'now'>,
): (name: string) => Promise<ZonePlace> {
  let current: Promise<Listing> | null = null;
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function look(old: Listing | null): Promise<Listing> {
    const version = await context.files.version(directory);
    if (old !== null && old.version === version) return old;
    const names = await context.files.list(directory);
    if (names !== null && version !== null) return { version, zones: zoneFiles(names) };
    throw new StsyncError('ZONE_UNREADABLE', `the directory of the zone files, ${directory}, is not there`, {
      hint: 'create it, mount it, or correct `directory` of the provider',
      where: directory,
    });
  }

  async function listing(mustBeFresh: boolean): Promise<Listing> {
    const now = context.now().getTime();
    if (current === null || mustBeFresh || Math.abs(now - lookedAt) >= LISTING_MS) {
      const last = current;
      lookedAt = now;
      current = (async () => look((await last?.catch(() => null)) ?? null))();
    }
    return current;
  }

  return (name) =>
    withZoneFaults('ZONE_UNREADABLE', directory, async () => {
      // Only a listing made after the question is believed about what it does not have.
      const file = longestMatch((await listing(false)).zones, name) ?? longestMatch((await listing(true)).zones, name);
      if (file === null) {
        throw new StsyncError('ZONE_NOT_FOUND', `no zone file in ${directory} holds ${name}`, {
          hint: 'create <zone>.zone or <zone>.db there, or choose another provider for the domain',
          where: name,
        });
      }
      return { zone: file[0], path: `${directory}/${file[1]}` };
    });
}

function longestMatch(zones: ReadonlyMap<string, string>, name: string): readonly [string, string] | null {
  for (let at = name; ; at = at.slice(at.indexOf('.') + 1)) {
    const file = zones.get(at);
    if (file !== undefined) return [at, file];
    if (!at.includes('.')) return null;
  }
}

/** Zone to file name: `.zone` before `.db`, the exact lower-case spelling before others. */
function zoneFiles(names: readonly string[]): ReadonlyMap<string, string> {
  const zones = new Map<string, string>();
  for (const ending of ['.db', '.zone']) {
    const files = names.filter((name) => name.toLowerCase().endsWith(ending) && name.length > ending.length);
    // Lower case sorts behind upper case, so the exact spelling comes last and stays.
    for (const file of files.toSorted()) zones.set(file.slice(0, -ending.length).toLowerCase(), file);
  }
  return zones;
}
