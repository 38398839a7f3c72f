/** From changes of one zone to one request: what is taken away, byte for byte as it was read, and what comes. Pure. */
import { isStillToMake, refuseBesideCname } from '../../src/core/change.ts';
import { StsyncError } from '../../src/core/error.ts';
import { recordKey, sameRecordSet, type RecordChange, type RecordSet } from '../../src/core/record-set.ts';
import type { ListedSet } from './answer.ts';
import type { ChangeRequest } from './client.ts';
import { apiSetOf, setOf } from './rdata.ts';

/** All sets at the names of the changes, of any type, by `name type`. */
export type Standing = ReadonlyMap<string, ListedSet>;

/**
 * The request that makes `changes` in their order; null: all is there already. A deletion has to equal what is stored, so the service makes
 * the change only if nothing moved since the read. Throws `CHANGED_SINCE_READ` and `PROVIDER_REFUSED`.
 */
export function planChange(changes: readonly RecordChange[], standing: Standing): ChangeRequest | null {
  const wanted = new Map<string, RecordSet | null>();
  const liveOf = (change: RecordChange): RecordSet | null => {
    const listed = standing.get(recordKey(change));
    return listed === undefined ? null : setOf(change, listed.set);
  };
  const touched = new Map<string, RecordChange>();
  for (const change of changes) {
    const key = recordKey(change);
    const found = wanted.has(key) ? (wanted.get(key) ?? null) : liveOf(change);
    if (!isStillToMake(change, found)) continue;
    wanted.set(key, change.after);
    touched.set(key, change);
  }
  for (const change of changes)
    if (change.after !== null) refuseBesideCname(change, typesAfter(change.name, standing, wanted));
  const moving = [...touched.values()].filter(
    (change) => !sameRecordSet(wanted.get(recordKey(change)) ?? null, liveOf(change)),
  );
  if (moving.length === 0) return null;
  const deletions = moving.flatMap((change) => {
    const listed = standing.get(recordKey(change));
    if (listed?.isRouted === true) throw routed(change);
    return listed === undefined ? [] : [listed.set];
  });
  const additions = moving.flatMap((change) => {
    const set = wanted.get(recordKey(change)) ?? null;
    return set === null ? [] : [apiSetOf(set)];
  });
  return { additions, deletions };
}

/** The types that would stand at `name` after the changes. */
function typesAfter(
  name: string,
  standing: Standing,
  wanted: ReadonlyMap<string, RecordSet | null>,
): ReadonlySet<string> {
  const prefix = `${name} `;
  const keys = [...standing.keys(), ...[...wanted].flatMap(([key, set]) => (set === null ? [] : [key]))];
  const after = keys.filter((key) => key.startsWith(prefix) && wanted.get(key) !== null);
  return new Set(after.map((key) => key.slice(prefix.length)));
}

function routed({ name, type }: RecordChange): StsyncError {
  return new StsyncError('PROVIDER_REFUSED', `${type} at ${name} has a routing policy, which stsync does not touch`, {
    hint: 'replace it by a plain record set, or leave this record to another tool',
    where: name,
  });
}
