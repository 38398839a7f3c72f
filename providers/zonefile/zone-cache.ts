/** Zone files read and parsed once per version; looking again costs one stat a file. */
import { StsyncError } from '../../src/core/error.ts';
import type { FileAccess } from '../../src/provider.ts';
import { withZoneFaults } from './faults.ts';
import { syntaxError, type Source } from './lexer.ts';
import { includedPaths, parseZone } from './parse-zone.ts';
import type { Zone } from './zone.ts';
import type { ZonePlace } from './zone-directory.ts';

export interface LoadedZone {
  readonly zone: Zone;
  /** The included files that were read, for reading the zone again after an edit. */
  readonly include: (path: string) => Source | null;
  /** Version of the zone file and of every included one, by path. */
  readonly versions: ReadonlyMap<string, string>;
}

/** Text kept at most, in characters; the zones not loaded for longest go first. */
const MAX_CACHED = 256 * 1024 * 1024;
const MAX_INCLUDED_FILES = 1_000;

/**
 * Loads zones. Relative paths in `$INCLUDE` are looked up in `directory`. Throws `ZONE_SYNTAX`, `ZONE_UNREADABLE` (also for an included file
 * that is missing: nobody knows what is in it) and `ZONE_NOT_FOUND` for a zone file that is gone.
 */
export function openCache(files: FileAccess, directory: string): (place: ZonePlace) => Promise<LoadedZone> {
  const cache = new Map<string, LoadedZone>();
  const loading = new Map<string, Promise<LoadedZone>>();
  let size = 0;

  async function isCurrent(loaded: LoadedZone, path: string, version: string | null): Promise<boolean> {
    for (const [file, known] of loaded.versions) {
      if ((file === path ? version : await files.version(file)) !== known) return false;
    }
    return true;
  }

  function forget(path: string): void {
    size -= cache.get(path)?.zone.source.text.length ?? 0;
    cache.delete(path);
  }

  async function load(place: ZonePlace): Promise<LoadedZone> {
    const { path } = place;
    const version = await files.version(path);
    const old = cache.get(path);
    if (old !== undefined && (await isCurrent(old, path, version))) return old;
    // Many domains of one zone ask at once. Only who saw the same version shares the work, so nobody gets an answer older than his question.
    const key = `${path} ${version}`;
    const running = loading.get(key);
    if (running !== undefined) return running;
    const work = readZone(files, directory, place);
    loading.set(key, work);
    try {
      const loaded = await work;
      keep(path, loaded);
      return loaded;
    } finally {
      loading.delete(key);
    }
  }

  function keep(path: string, loaded: LoadedZone): void {
    forget(path);
    cache.set(path, loaded);
    size += loaded.zone.source.text.length;
    for (const oldest of cache.keys()) {
      if (size <= MAX_CACHED || oldest === path) break;
      forget(oldest);
    }
  }

  return (place) => withZoneFaults('ZONE_UNREADABLE', place.path, () => load(place));
}

async function readZone(files: FileAccess, directory: string, { zone, path }: ZonePlace): Promise<LoadedZone> {
  const versions = new Map<string, string>();
  const included = new Map<string, Source>();
  const absolute = (name: string): string => (name.startsWith('/') ? name : `${directory}/${name}`);

  async function read(file: string): Promise<Source | null> {
    const content = await files.read(file);
    if (content === null) return null;
    versions.set(file, content.version);
    const { buffer, byteOffset, byteLength } = content.bytes;
    return { path: file, text: Buffer.from(buffer, byteOffset, byteLength).toString('latin1') };
  }

  async function readIncluded(source: Source): Promise<void> {
    for (const name of includedPaths(source)) {
      const file = absolute(name);
      if (included.has(file)) continue;
      const found = await withZoneFaults('ZONE_UNREADABLE', file, () => read(file));
      if (found === null) {
        throw new StsyncError('ZONE_UNREADABLE', `${source.path} includes ${file}, which is not there`, {
          hint: 'relative paths are looked up in `directory`; write an absolute one, or a link there',
          where: source.path,
        });
      }
      if (included.size >= MAX_INCLUDED_FILES) throw syntaxError(source, 0, 'too many included files');
      included.set(file, found);
      await readIncluded(found);
    }
  }

  const source = await read(path);
  if (source === null) {
    throw new StsyncError('ZONE_NOT_FOUND', `the zone file ${path} is gone`, { hint: 'run again', where: path });
  }
  await readIncluded(source);
  const include = (name: string): Source | null => included.get(absolute(name)) ?? null;
  return { zone: parseZone(zone, source, include), include, versions };
}
