/** One call of `apply`: look, decide for every zone, then one update message a zone, and look again. */
import { StsyncError } from '../../src/core/error.ts';
import { rdataTexts, recordKey, sameRecordSet, type RecordChange, type RecordKey } from '../../src/core/record-set.ts';
import { findZones } from './find-zone.ts';
import { lookThroughWildcards, lookUp, typesAt, type LiveSet, type Source } from './look-up.ts';
import { planUpdate, type ZoneUpdate } from './plan-update.ts';

/** Makes the changes, or throws (contract, apply). All zones are judged before the first is written. */
export async function writeChanges(
  source: Source,
  changes: readonly RecordChange[],
  signal: AbortSignal,
): Promise<void> {
  if (changes.length === 0) return;
  const names = changes.map(({ name }) => name);
  const cnames = names.map((name): RecordKey => ({ name, type: 'CNAME' }));
  const [zones, live] = await Promise.all([
    findZones(source, names, signal),
    lookUp(source, [...changes, ...cnames], signal),
  ]);
  const types = new Map<string, ReadonlySet<number>>();
  for (const { name, type, after } of changes) {
    if (type !== 'CNAME' || after === null || live.has(recordKey({ name, type }))) continue;
    types.set(name, await typesAt(source, name, signal));
  }
  const updates = [...new Set(zones.values())].flatMap((zone) => {
    const update = planUpdate(
      changes.filter(({ name }) => zones.get(name) === zone),
      { live, types },
    );
    return update === null ? [] : [{ zone, update }];
  });
  for (const { zone, update } of updates) {
    await source.session.update(zone, update.prerequisites, update.updates, signal);
    await readBack(source, update, signal);
  }
}

/** BIND and Knot say NOERROR to a CNAME beside other data, and the reverse, and do nothing (RFC 2136 §3.4.2.2). */
async function readBack(source: Source, { keys, wanted }: ZoneUpdate, signal: AbortSignal): Promise<void> {
  const isRight = (key: RecordKey, found: ReadonlyMap<string, LiveSet>): boolean =>
    sameRecordSet(found.get(recordKey(key))?.set ?? null, wanted.get(recordKey(key)) ?? null);
  const first = await lookThroughWildcards(source, keys, signal);
  if (keys.every((key) => isRight(key, first))) return;
  const now = await lookUp(source, keys, signal);
  for (const key of keys) {
    if (isRight(key, now)) continue;
    const shown = now.get(recordKey(key))?.set ?? null;
    const { server } = source;
    const texts =
      rdataTexts(shown)
        ?.map((text) => JSON.stringify(text))
        .join(', ') ?? 'nothing';
    throw new StsyncError(
      'PROVIDER_REFUSED',
      `${server.text} took the change of ${key.name} ${key.type}, but shows ${texts}${shown === null ? '' : ` with TTL ${shown.ttlSeconds}`}`,
      {
        hint: 'look at the name there: a record of another type beside it, or another program that writes it',
        where: key.name,
      },
    );
  }
}
