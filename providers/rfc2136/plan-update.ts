/** From changes to one update message of a zone: what has to be there still, what goes, what comes (RFC 2136 §2.4, §2.5). Pure. */
import { isStillToMake, refuseBesideCname } from '../../src/core/change.ts';
import { StsyncError } from '../../src/core/error.ts';
import {
  recordKey,
  sameRecordSet,
  type RecordChange,
  type RecordKey,
  type RecordSet,
  type RecordType,
} from '../../src/core/record-set.ts';
import type { LiveSet } from './look-up.ts';
import { CLASSES, TYPES, type OutRecord } from './message.ts';
import { encodeRdata } from './rdata.ts';
import { parseName } from './wire-name.ts';

/** What stands at the server now. */
export interface Standing {
  /** The sets of all keys of the changes, and the CNAME at each name of them. */
  readonly live: ReadonlyMap<string, LiveSet>;
  /** Every type at each name where a CNAME shall come, by number. */
  readonly types: ReadonlyMap<string, ReadonlySet<number>>;
}

export interface ZoneUpdate {
  readonly prerequisites: readonly OutRecord[];
  readonly updates: readonly OutRecord[];
  /** What has to stand there afterwards, by key; null: nothing. */
  readonly wanted: ReadonlyMap<string, RecordSet | null>;
  readonly keys: readonly RecordKey[];
}

const NO_DATA = Buffer.alloc(0);
const OUR_TYPES: readonly RecordType[] = ['TXT', 'CNAME', 'A', 'AAAA', 'MX'];

/**
 * The update that makes `changes`, all of one zone, in their order; null: all is there already. Throws `CHANGED_SINCE_READ` and
 * `PROVIDER_REFUSED` (other data beside a CNAME, data of the wrong form).
 */
export function planUpdate(changes: readonly RecordChange[], standing: Standing): ZoneUpdate | null {
  const wanted = new Map<string, RecordSet | null>();
  const keys = new Map<string, RecordKey>();
  const liveOf = (key: RecordKey): RecordSet | null => standing.live.get(recordKey(key))?.set ?? null;
  const setOf = (key: RecordKey): RecordSet | null =>
    wanted.get(recordKey(key)) ?? (wanted.has(recordKey(key)) ? null : liveOf(key));
  for (const change of changes) {
    if (!isStillToMake(change, setOf(change))) continue;
    wanted.set(recordKey(change), change.after);
    keys.set(recordKey(change), change);
  }
  for (const change of changes) {
    if (change.after !== null) refuseBesideCname(change, typesAfter(change.name, standing, wanted));
  }
  const touched = [...keys.values()].filter((key) => !sameRecordSet(setOf(key), liveOf(key)));
  if (touched.length === 0) return null;
  const adds = touched.flatMap((key) => {
    const set = setOf(key);
    return set === null ? [] : recordsOf(set);
  });
  return {
    prerequisites: prerequisitesOf(touched, standing, setOf),
    // Deletes first: a CNAME is taken only where nothing else stands any more (RFC 2136 §3.4.2.2).
    updates: [
      ...touched
        .filter((key) => liveOf(key) !== null)
        .map((key) => emptyRecord(key.name, TYPES[key.type], CLASSES.ANY)),
      ...adds,
    ],
    wanted,
    keys: touched,
  };
}

/** RFC 2136 §2.4: every touched set is still what was read, byte for byte, and nothing came where a CNAME stands alone. */
function prerequisitesOf(
  touched: readonly RecordKey[],
  { live, types }: Standing,
  setOf: (key: RecordKey) => RecordSet | null,
): readonly OutRecord[] {
  const names = [...new Set(touched.map(({ name }) => name))];
  const unused = names.filter((name) => types.get(name)?.size === 0);
  return [
    // §2.4.5, name is not in use: a first CNAME comes where nothing is, of no type.
    ...unused.map((name) => emptyRecord(name, TYPES.ANY, CLASSES.NONE)),
    ...touched.flatMap(({ name, type }) => {
      const found = live.get(recordKey({ name, type }));
      // §2.4.3, RRset does not exist; §2.4.2, RRset exists (value dependent).
      if (found === undefined) return unused.includes(name) ? [] : [emptyRecord(name, TYPES[type], CLASSES.NONE)];
      return found.wire.map((rdata) => ({ name, type: TYPES[type], class: CLASSES.IN, ttlSeconds: 0, rdata }));
    }),
    ...names
      .filter((name) => !touched.some((key) => key.name === name && key.type === 'CNAME'))
      .filter((name) => touched.some((key) => key.name === name && setOf(key) !== null))
      .map((name) => emptyRecord(name, TYPES.CNAME, CLASSES.NONE)),
  ];
}

/** The types that would stand at `name` after the changes. */
function typesAfter(
  name: string,
  { live, types }: Standing,
  wanted: ReadonlyMap<string, RecordSet | null>,
): ReadonlySet<string> {
  const after = new Set([...(types.get(name) ?? [])].map(typeName));
  for (const { set } of live.values()) if (set.name === name) after.add(set.type);
  for (const type of OUR_TYPES) {
    const set = wanted.get(recordKey({ name, type }));
    if (set === null) after.delete(type);
    else if (set !== undefined) after.add(type);
  }
  return after;
}

function recordsOf({ name, type, ttlSeconds, rdata }: RecordSet): readonly OutRecord[] {
  if (parseName(name) === null) throw notWritable(name, `${JSON.stringify(name)} is not a name`);
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 0 || ttlSeconds > 0x7f_ff_ff_ff) {
    throw notWritable(name, `${type} at ${name}: ${ttlSeconds} is no TTL`);
  }
  return rdata.map((text) => {
    const bytes = encodeRdata(type, text);
    if (bytes === null)
      throw notWritable(name, `${type} at ${name} cannot be written with the data ${JSON.stringify(text)}`);
    return { name, type: TYPES[type], class: CLASSES.IN, ttlSeconds, rdata: bytes };
  });
}

function emptyRecord(name: string, type: number, recordClass: number): OutRecord {
  return { name, type, class: recordClass, ttlSeconds: 0, rdata: NO_DATA };
}

function typeName(type: number): string {
  return Object.entries(TYPES).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
}

function notWritable(where: string, message: string): StsyncError {
  return new StsyncError('PROVIDER_REFUSED', message, { hint: 'this is no data of the type', where });
}
