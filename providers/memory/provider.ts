/** The reference provider: record sets in a map. It reads like the contract and forgets everything when the process ends. */
import { isStillToMake, refuseBesideCname } from '../../src/core/change.ts';
import { StsyncError } from '../../src/core/error.ts';
import { isWithin } from '../../src/core/names.ts';
import { recordKey, type RecordSet, type RecordType } from '../../src/core/record-set.ts';
import type { OpenProvider, Provider } from '../../src/provider.ts';

const recordTypes: readonly RecordType[] = ['TXT', 'CNAME', 'A', 'AAAA', 'MX'];

/** From the config: empty, and every name is in a zone of it. */
export const open: OpenProvider = () => Promise.resolve(openMemory(null));

/**
 * A provider that holds `records`. `zones` are the names of its zones; null: it holds every name. `sets`, by `recordKey`, is the memory
 * itself: tests look into it and change it behind the provider's back.
 */
export function openMemory(
  zones: readonly string[] | null,
  records: readonly RecordSet[] = [],
  sets = new Map<string, RecordSet>(),
): Provider {
  for (const set of records) sets.set(recordKey(set), set);

  function requireZone(name: string): void {
    if (zones === null || zones.some((zone) => isWithin(name, zone))) return;
    throw new StsyncError('ZONE_NOT_FOUND', `no zone of this provider holds ${name}`, {
      hint: 'choose the provider that holds it, in `provider:` of the domain',
      where: name,
    });
  }

  return {
    capabilities: { isAtomic: true, hasCompareAndSwap: true, isReadLocal: true, canReadMx: true },

    async read(keys, signal) {
      signal.throwIfAborted();
      for (const { name } of keys) requireZone(name);
      return keys.flatMap((key) => sets.get(recordKey(key)) ?? []);
    },

    async exists(name, signal) {
      signal.throwIfAborted();
      requireZone(name);
      return [...sets.values()].some((set) => isWithin(set.name, name));
    },

    async apply(changes, signal) {
      signal.throwIfAborted();
      const next = new Map<string, RecordSet | null>();
      const found = (key: string): RecordSet | null =>
        next.get(key) ?? (next.has(key) ? null : (sets.get(key) ?? null));
      for (const change of changes) {
        requireZone(change.name);
        const key = recordKey(change);
        if (isStillToMake(change, found(key))) next.set(key, change.after);
      }
      for (const change of changes) {
        const { name } = change;
        refuseBesideCname(
          change,
          recordTypes.filter((type) => found(recordKey({ name, type })) !== null),
        );
      }
      // Everything is allowed: only now does the world change, all at once.
      for (const [key, set] of next) {
        if (set === null) sets.delete(key);
        else sets.set(key, set);
      }
    },

    adjust: (set) => set,
    close: () => Promise.resolve(),
  };
}
