/** Changes against a zone: what they leave to write. */
import { isStillToMake, refuseBesideCname } from '../../src/core/change.ts';
import { recordKey, type RecordChange } from '../../src/core/record-set.ts';
import { requireAuthority } from './authority.ts';
import type { WantedSet } from './edit-zone.ts';
import { readSet } from './rdata.ts';
import type { Zone } from './zone.ts';

/** By `recordKey`: the sets that have to be written. */
export type PendingSets = ReadonlyMap<string, WantedSet>;

/**
 * `earlier` and what `changes`, made after those and in order, leave to write. Throws `CHANGED_SINCE_READ`, `PROVIDER_REFUSED`, and what
 * says that a name is not this zone's.
 */
export function addChanges(zone: Zone, earlier: PendingSets, changes: readonly RecordChange[]): PendingSets {
  const pending = new Map(earlier);
  for (const change of changes) {
    const { name, type, after } = change;
    requireAuthority(zone, name);
    const before = pending.get(recordKey(change));
    const found = before === undefined ? readSet(zone, name, type) : before.after;
    if (isStillToMake(change, found)) pending.set(recordKey(change), { name, type, after });
  }
  for (const { name, type } of changes) {
    const there = (zone.byOwner.get(name) ?? []).map((record) => record.type);
    const types = [...there, 'TXT', 'CNAME', 'A', 'AAAA', 'MX'].filter((one) => {
      const written = pending.get(`${name} ${one}`);
      return written === undefined ? there.includes(one) : written.after !== null;
    });
    refuseBesideCname({ name, type }, types);
  }
  return pending;
}
