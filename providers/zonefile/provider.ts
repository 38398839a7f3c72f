/** The provider `zonefile`: reads zone files and edits them by place, so that every byte it does not mean survives. */
import { isStillToMake, refuseBesideCname } from '../../src/core/change.ts';
import { StsyncError } from '../../src/core/error.ts';
import { recordKey, type RecordChange, type RecordSet } from '../../src/core/record-set.ts';
import type { OpenProvider, Provider } from '../../src/provider.ts';
import { nameExists, requireAuthority, requireWritable } from './authority.ts';
import { zoneCommands } from './commands.ts';
import { editZone, type WantedSet } from './edit-zone.ts';
import { withZoneFaults } from './faults.ts';
import { readSet } from './rdata.ts';
import type { Zone } from './zone.ts';
import { openCache } from './zone-cache.ts';
import { openDirectory, type ZonePlace } from './zone-directory.ts';

/** Options: `directory`, `check`, `reload` (see descriptor.ts). Touches nothing until something is read or applied. */
export const open: OpenProvider = async (options, context) => {
  const { files } = context;
  const directory = textOption(options['directory']) ?? '.';
  const commands = zoneCommands(context, textOption(options['check']), textOption(options['reload']));
  const find = openDirectory(directory, context);
  const load = openCache(files, directory);

  async function applyToZone(place: ZonePlace, changes: readonly RecordChange[], signal: AbortSignal): Promise<void> {
    const { zone, include, versions } = await load(place);
    const wanted = pendingSets(zone, changes);
    if (wanted.length > 0) {
      await requireWritable(files, place, zone);
      const bytes = Buffer.from(editZone(zone, wanted, context.now(), include), 'latin1');
      await files.writeAtomic(place.path, bytes, async (temporary) => {
        await commands.check(place, temporary, signal);
        signal.throwIfAborted();
        // Whoever edits by hand takes no lock: the last look is just before the rename.
        if ((await files.version(place.path)) !== versions.get(place.path)) await requireSame(place, zone);
      });
    }
    // Also when all is there already: who asks for it again has seen that the name server does not serve it yet.
    await commands.reload(place, signal);
  }

  /** A version may differ for a file that was changed a moment ago; only other bytes stop the write. */
  async function requireSame(place: ZonePlace, zone: Zone): Promise<void> {
    const found = await files.read(place.path);
    if (found !== null && Buffer.from(found.bytes).equals(Buffer.from(zone.source.text, 'latin1'))) return;
    throw new StsyncError(
      'CHANGED_SINCE_READ',
      `${place.path} was changed by somebody else while it was being edited`,
      {
        hint: 'run stsync again; nothing was changed',
        where: place.path,
        retryable: true,
      },
    );
  }

  const provider: Provider = {
    capabilities: { isAtomic: true, hasCompareAndSwap: true, isReadLocal: true, canReadMx: true },

    async read(keys, signal) {
      const sets: RecordSet[] = [];
      const zones = new Map<string, Zone>();
      for (const { name, type } of keys) {
        signal.throwIfAborted();
        const place = await find(name);
        const zone = zones.get(place.path) ?? (await load(place)).zone;
        zones.set(place.path, zone);
        requireAuthority(zone, name);
        const set = readSet(zone, name, type);
        if (set !== null) sets.push(set);
      }
      return sets;
    },

    async exists(name, signal) {
      signal.throwIfAborted();
      const { zone } = await load(await find(name));
      return nameExists(zone, name);
    },

    async apply(changes, signal) {
      const places = new Map<string, { readonly place: ZonePlace; readonly changes: RecordChange[] }>();
      for (const change of changes) {
        const place = await find(change.name);
        const group = places.get(place.path) ?? { place, changes: [] };
        group.changes.push(change);
        places.set(place.path, group);
      }
      for (const group of places.values()) {
        signal.throwIfAborted();
        await withZoneFaults('ZONE_UNWRITABLE', group.place.path, () =>
          files.withLock(group.place.path, () => applyToZone(group.place, group.changes, signal)),
        );
      }
    },

    adjust: (set) => set,
    close: () => Promise.resolve(),
  };
  return provider;
};

/** What the changes, made in order, leave to write. Throws `CHANGED_SINCE_READ`, `PROVIDER_REFUSED`, and what says that the name is not ours. */
function pendingSets(zone: Zone, changes: readonly RecordChange[]): readonly WantedSet[] {
  const wanted = new Map<string, WantedSet>();
  for (const change of changes) {
    const { name, type, after } = change;
    requireAuthority(zone, name);
    const earlier = wanted.get(recordKey(change));
    const found = earlier === undefined ? readSet(zone, name, type) : earlier.after;
    if (isStillToMake(change, found)) wanted.set(recordKey(change), { name, type, after });
  }
  for (const { name, type } of wanted.values()) {
    const stay = (zone.byOwner.get(name) ?? []).map((record) => record.type);
    const types = stay.filter((one) => !wanted.has(`${name} ${one}`));
    const come = [...wanted.values()].filter((set) => set.name === name && set.after !== null);
    refuseBesideCname({ name, type }, [...types, ...come.map((set) => set.type)]);
  }
  return [...wanted.values()];
}

function textOption(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
