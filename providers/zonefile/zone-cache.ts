/** Zone files read and parsed once per version; looking again costs one stat a file. */
import { StsyncError } from '../../src/core/error.ts';
import type { FileAccess } from '../../src/provider.ts';
import { withZoneFaults } from './faults.ts';
import { syntaxError, type Source } from './lexer.ts';
import { includedPaths, parseZone } from './parse-zone.ts';
import type { Zone } from './zone.ts';
import type { ZonePlace } from './zone-directory.ts';

/** The texts that a zone is made of. */
export interface ZoneTexts {
  readonly source: Source;
  /** Included files by absolute path. */
  readonly included: ReadonlyMap<string, Source>;
  /** Version of every file, the zone file among them, by path. */
  readonly versions: ReadonlyMap<string, string>;
}

export interface LoadedZone extends ZoneTexts {
  readonly zone: Zone;
  /** The included file of this name, for reading the zone again after an edit. */
  readonly include: (name: string) => Source | null;
}

export interface ZoneCache {
  /**
   * The zone as its files are now. Throws `ZONE_SYNTAX`, `ZONE_UNREADABLE` (also for an included file that is missing: nobody knows what is
   * in it) and `ZONE_NOT_FOUND` for a zone file that is gone.
   */
  load(place: ZonePlace): Promise<LoadedZone>;
  /** Says what the files will be found to be, so that a zone just written is not parsed again. It is read again all the same. */
  expect(place: ZonePlace, loaded: LoadedZone): void;
}

/** Text kept at most, in characters; the zones not loaded for longest go first. */
const MAX_CACHED = 256 * 1024 * 1024;
const MAX_INCLUDED_FILES = 1_000;

/** Relative paths in `$INCLUDE` are looked up in `directory`. */
export function openCache(files: FileAccess, directory: string): ZoneCache {
  const cache = new Map<string, LoadedZone>();
  /** By path: the look that goes on, and the one that starts when it is over. */
  const looks = new Map<string, { readonly now: Promise<LoadedZone>; next: Promise<LoadedZone> | null }>();
  let size = 0;

  function keep(path: string, loaded: LoadedZone): void {
    forget(path);
    cache.set(path, loaded);
    size += loaded.source.text.length;
    for (const oldest of cache.keys()) {
      if (size <= MAX_CACHED || oldest === path) break;
      forget(oldest);
    }
  }

  function forget(path: string): void {
    size -= cache.get(path)?.source.text.length ?? 0;
    cache.delete(path);
  }

  async function isCurrent({ versions }: ZoneTexts): Promise<boolean> {
    for (const [file, version] of versions) if ((await files.version(file)) !== version) return false;
    return true;
  }

  async function look(place: ZonePlace): Promise<LoadedZone> {
    const old = cache.get(place.path);
    if (old !== undefined && (await isCurrent(old))) return old;
    const texts = await readTexts(files, directory, place);
    const loaded = old !== undefined && sameTexts(old, texts) ? { ...old, ...texts } : parse(directory, place, texts);
    keep(place.path, loaded);
    return loaded;
  }

  /** Many domains of one zone ask at once. They share a look that starts after they asked, so no answer is older than its question. */
  function share(place: ZonePlace): Promise<LoadedZone> {
    const { path } = place;
    const running = looks.get(path);
    if (running !== undefined) return (running.next ??= running.now.catch(() => null).then(() => begin(place)));
    return begin(place);
  }

  function begin(place: ZonePlace): Promise<LoadedZone> {
    const now = look(place);
    const entry = { now, next: null };
    looks.set(place.path, entry);
    const end = (): void => {
      if (looks.get(place.path) === entry) looks.delete(place.path);
    };
    now.then(end, end);
    return now;
  }

  return {
    load: (place) => withZoneFaults('ZONE_UNREADABLE', place.path, () => share(place)),
    expect: (place, loaded) => keep(place.path, { ...loaded, versions: new Map([[place.path, 'to be read']]) }),
  };
}

async function readTexts(files: FileAccess, directory: string, { path }: ZonePlace): Promise<ZoneTexts> {
  const versions = new Map<string, string>();
  const included = new Map<string, Source>();

  async function read(file: string): Promise<Source | null> {
    const content = await files.read(file);
    if (content === null) return null;
    versions.set(file, content.version);
    const { buffer, byteOffset, byteLength } = content.bytes;
    return { path: file, text: Buffer.from(buffer, byteOffset, byteLength).toString('latin1') };
  }

  async function readIncluded(from: Source): Promise<void> {
    for (const name of includedPaths(from)) {
      const file = inDirectory(directory, name);
      if (included.has(file)) continue;
      const found = await withZoneFaults('ZONE_UNREADABLE', file, () => read(file));
      if (found === null) {
        throw new StsyncError('ZONE_UNREADABLE', `${from.path} includes ${file}, which is not there`, {
          hint: 'relative paths are looked up in `directory`; write an absolute one, or put a link there',
          where: from.path,
        });
      }
      if (included.size >= MAX_INCLUDED_FILES) throw syntaxError(from, 0, 'too many included files');
      included.set(file, found);
      await readIncluded(found);
    }
  }

  const source = await read(path);
  if (source === null) {
    throw new StsyncError('ZONE_NOT_FOUND', `the zone file ${path} is gone`, { hint: 'run again', where: path });
  }
  await readIncluded(source);
  return { source, included, versions };
}

function parse(directory: string, place: ZonePlace, texts: ZoneTexts): LoadedZone {
  const include = (name: string): Source | null => texts.included.get(inDirectory(directory, name)) ?? null;
  return { ...texts, zone: parseZone(place.zone, texts.source, include), include };
}

function sameTexts(a: ZoneTexts, b: ZoneTexts): boolean {
  return (
    a.source.text === b.source.text &&
    a.included.size === b.included.size &&
    [...a.included].every(([path, { text }]) => b.included.get(path)?.text === text)
  );
}

function inDirectory(directory: string, name: string): string {
  return name.startsWith('/') ? name : `${directory}/${name}`;
}
