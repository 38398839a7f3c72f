/** Which zone file holds a name: the longest zone for which `<zone>.zone`, or else `<zone>.db`, stands in the directory. */
import { StsyncError } from '../../src/core/error.ts';
import type { ProviderContext } from '../../src/provider.ts';
import { withZoneFaults } from './faults.ts';

export interface ZonePlace {
  readonly zone: string;
  readonly path: string;
}

/** A directory that changes all the time (we write in it ourselves) is listed again at most so often. */
const LISTING_MS = 1_000;

/**
 * Finds zones in `directory`. The listing is kept while the directory is the same; names of files may be in upper case. Throws
 * `ZONE_NOT_FOUND` and, when the directory cannot be read, `ZONE_UNREADABLE`.
 */
export function openDirectory(
  directory: string,
  context: Pick<ProviderContext, 'files' | 'now'>,
): (name: string) => Promise<ZonePlace> {
  const { files } = context;
  let listing: { readonly version: string; readonly at: number; readonly zones: ReadonlyMap<string, string> } | null =
    null;

  async function zones(mayBeOld: boolean): Promise<ReadonlyMap<string, string>> {
    const at = context.now().getTime();
    if (mayBeOld && listing !== null && Math.abs(at - listing.at) < LISTING_MS) return listing.zones;
    const version = await files.version(directory);
    if (listing !== null && listing.version === version) return listing.zones;
    const names = await files.list(directory);
    if (names === null || version === null) {
      throw new StsyncError('ZONE_UNREADABLE', `the directory of the zone files, ${directory}, is not there`, {
        hint: 'create it, mount it, or correct `directory` of the provider',
        where: directory,
      });
    }
    listing = { version, at, zones: zoneFiles(names) };
    return listing.zones;
  }

  return async (name) =>
    withZoneFaults('ZONE_UNREADABLE', directory, async () => {
      // A miss is only believed of a fresh listing.
      const file = longestMatch(await zones(true), name) ?? longestMatch(await zones(false), name);
      if (file === null) {
        throw new StsyncError('ZONE_NOT_FOUND', `no zone file in ${directory} holds ${name}`, {
          hint: `create <zone>.zone or <zone>.db there, or choose another provider for the domain`,
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
