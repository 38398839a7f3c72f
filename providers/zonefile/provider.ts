/** The provider `zonefile`: reads zone files and edits them by place, so that every byte it does not mean survives. */
import type { RecordChange, RecordSet } from '../../src/core/record-set.ts';
import type { OpenProvider } from '../../src/provider.ts';
import { nameExists, requireAuthority } from './authority.ts';
import { zoneCommands } from './commands.ts';
import { readSet } from './rdata.ts';
import { openWriter } from './write-zone.ts';
import type { Zone } from './zone.ts';
import { openCache } from './zone-cache.ts';
import { openDirectory, type ZonePlace } from './zone-directory.ts';

/** Options: `directory`, `check`, `reload` (see descriptor.ts). Touches nothing until something is read or applied. */
export const open: OpenProvider = async (options, context) => {
  const directory = textOption(options['directory']) ?? '.';
  const find = openDirectory(directory, context);
  const cache = openCache(context.files, directory);
  const commands = zoneCommands(context, textOption(options['check']), textOption(options['reload']));
  const write = openWriter(context, cache, commands);

  return {
    capabilities: { isAtomic: true, hasCompareAndSwap: true, isReadLocal: true, canReadMx: true },

    async read(keys, signal) {
      const sets: RecordSet[] = [];
      const zones = new Map<string, Zone>();
      for (const { name, type } of keys) {
        signal.throwIfAborted();
        const place = await find(name);
        const zone = zones.get(place.path) ?? (await cache.load(place)).zone;
        zones.set(place.path, zone);
        requireAuthority(zone, name);
        const set = readSet(zone, name, type);
        if (set !== null) sets.push(set);
      }
      return sets;
    },

    async exists(name, signal) {
      signal.throwIfAborted();
      const { zone } = await cache.load(await find(name));
      return nameExists(zone, name);
    },

    async apply(changes, signal) {
      signal.throwIfAborted();
      const zones = new Map<string, { readonly place: ZonePlace; readonly changes: RecordChange[] }>();
      for (const change of changes) {
        const place = await find(change.name);
        const zone = zones.get(place.path) ?? { place, changes: [] };
        zone.changes.push(change);
        zones.set(place.path, zone);
      }
      for (const zone of zones.values()) await write(zone.place, zone.changes, signal);
    },

    adjust: (set) => set,
    close: () => Promise.resolve(),
  };
};

function textOption(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
