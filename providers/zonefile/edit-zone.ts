/**
 * The text of a zone file with other record sets in it and the next serial. What an edit does to the records around it (an owner or a TTL
 * that was taken over from a line now gone) is found by reading the new text, and mended; the result is proved before it is given.
 */
import { StsyncError } from '../../src/core/error.ts';
import { rdataText, type RecordKey, type RecordSet } from '../../src/core/record-set.ts';
import { formatRecord, spliceData, spliceOwner, spliceRemoval, spliceTtl } from './edit-record.ts';
import { placeOf, type Source } from './lexer.ts';
import { parseZone } from './parse-zone.ts';
import { canonicalRdata, readRdata, readSerial } from './rdata.ts';
import { nextSerial } from './serial.ts';
import { applySplices, type Splice } from './splice.ts';
import { recordsOf, type Zone, type ZoneRecord } from './zone.ts';

/** What a set shall be; null: nothing. */
export interface WantedSet extends RecordKey {
  readonly after: RecordSet | null;
}

/** A record of the new text: `record` is where it comes from, `data` is null where its text stays as it was. */
interface Expected {
  readonly record: ZoneRecord | null;
  readonly owner: string;
  readonly type: string;
  readonly ttlSeconds: number;
  readonly data: string | null;
}

type NewRecord = Expected & { readonly data: string };

interface Edit {
  readonly splices: Splice[];
  readonly removed: Set<ZoneRecord>;
  readonly edited: Map<ZoneRecord, Expected>;
  /** New records by the record they stand behind; null: at the end of the file. */
  readonly inserted: Map<ZoneRecord | null, Expected[]>;
}

const MAX_ROUNDS = 5;

/**
 * Gives the zone after the edit; its source is the new text. Throws `ZONE_UNWRITABLE` when a record of an included file would have to change, `PROVIDER_REFUSED` for data that is none, and
 * `ZONE_SYNTAX`.
 */
export function editZone(
  zone: Zone,
  wanted: readonly WantedSet[],
  now: Date,
  include: (path: string) => Source | null,
): Zone {
  const edit: Edit = { splices: [], removed: new Set(), edited: new Map(), inserted: new Map() };
  // New lines last: whether the file's last line stays decides about its line break.
  for (const records of wanted.map((set) => editSet(edit, zone, set))) insert(edit, zone, records);
  requireOwn(zone, zone.soa, 'the SOA with the serial');
  const serial = readSerial(zone.soa);
  const next = nextSerial(serial.value, now);
  edit.splices.push({ start: serial.token.start, end: serial.token.end, text: String(next) });

  const expected = expectedRecords(edit, zone);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const text = applySplices(zone.source.text, edit.splices);
    const result = reread(zone, text, include);
    const mends = differences(expected, result.records).map((at) => mend(expected[at], result.records[at], zone));
    if (mends.length === 0 && readSerial(result.soa).value === next) return result;
    edit.splices.push(...mends);
  }
  throw cannotEdit(zone, 'the records around the change would not stay as they are');
}

/** Edits and removes what is there; gives the records that have no line to take over. */
function editSet(edit: Edit, zone: Zone, { name, type, after }: WantedSet): readonly NewRecord[] {
  const ttlSeconds = after?.ttlSeconds ?? 0;
  const missing = new Map<string, string>();
  for (const rdata of after?.rdata ?? []) {
    const data = canonicalRdata(type, rdata);
    if (data === null) {
      throw new StsyncError('PROVIDER_REFUSED', `${JSON.stringify(rdata)} is no data of a ${type} record`, {
        where: name,
      });
    }
    missing.set(rdataText(type, data), data);
  }
  const there = recordsOf(zone, name, type);
  const isWanted = new Map(there.map((record) => [record, missing.has(rdataText(type, readRdata(type, record)))]));
  for (const record of there)
    if (isWanted.get(record) === true) missing.delete(rdataText(type, readRdata(type, record)));

  for (const record of there) {
    const [replacement] = missing;
    const isKept = isWanted.get(record) === true;
    const isChanged = !isKept || record.ttlSeconds !== ttlSeconds;
    if (isChanged) requireOwn(zone, record, `${name} ${type}`);
    if (!isKept && replacement === undefined) {
      edit.removed.add(record);
      edit.splices.push(spliceRemoval(record));
      continue;
    }
    if (record.ttlSeconds !== ttlSeconds) edit.splices.push(spliceTtl(record, ttlSeconds));
    if (!isKept && replacement !== undefined) {
      edit.splices.push(spliceData(record, replacement[1]));
      missing.delete(replacement[0]);
    }
    const data = isKept ? readRdata(type, record) : (replacement?.[1] ?? null);
    if (isChanged) edit.edited.set(record, { record, owner: name, type, ttlSeconds, data });
  }
  return [...missing.values()].map((data) => ({ record: null, owner: name, type, ttlSeconds, data }));
}

/** Behind the last record of the set, or of the name, or at the end of the file. */
function insert(edit: Edit, zone: Zone, records: readonly NewRecord[]): void {
  const [first] = records;
  if (first === undefined) return;
  const own = (zone.byOwner.get(first.owner) ?? []).filter(({ source }) => source === zone.source);
  const { text } = zone.source;
  const last = zone.records.findLast(({ source }) => source === zone.source) ?? zone.soa;
  // What ends the file is behind its last record too: one place, so one order.
  const atEnd = last.source === zone.source && last.end === text.length ? last : null;
  const anchor = own.findLast(({ type }) => type === first.type) ?? own.at(-1) ?? atEnd;
  const at = anchor?.end ?? text.length;
  const lines = records.map((record) => formatRecord(record, anchor?.origin ?? zone.endOrigin, anchor ?? last));
  // A last line without its line break gets one, unless that line goes.
  const isOpen = at === text.length && !text.endsWith('\n') && !(anchor !== null && edit.removed.has(anchor));
  const isFirst = !edit.splices.some((splice) => splice.start === at && splice.end === at);
  const lead = isOpen && isFirst ? (/\r?\n$/.exec(lines[0] ?? '')?.[0] ?? '') : '';
  edit.splices.push({ start: at, end: at, text: lead + lines.join('') });
  edit.inserted.set(anchor, [...(edit.inserted.get(anchor) ?? []), ...records]);
}

function expectedRecords(edit: Edit, zone: Zone): readonly Expected[] {
  return [
    ...zone.records.flatMap((record) => [
      ...(edit.removed.has(record) ? [] : [edit.edited.get(record) ?? unchanged(record)]),
      ...(edit.inserted.get(record) ?? []),
    ]),
    ...(edit.inserted.get(null) ?? []),
  ];
}

function unchanged(record: ZoneRecord): Expected {
  const { owner, type, ttlSeconds } = record;
  return { record, owner, type, ttlSeconds, data: null };
}

/** Where `found` is not as expected; of several in a row the first, since the others follow it. */
function differences(expected: readonly Expected[], found: readonly ZoneRecord[]): readonly number[] {
  const places: number[] = [];
  let isAfterDifference = false;
  for (let at = 0; at < Math.max(expected.length, found.length); at++) {
    const isDifferent = !isAs(expected[at], found[at]);
    if (isDifferent && !isAfterDifference) places.push(at);
    isAfterDifference = isDifferent;
  }
  return places;
}

function isAs(expected: Expected | undefined, found: ZoneRecord | undefined): boolean {
  return (
    expected !== undefined &&
    found !== undefined &&
    expected.owner === found.owner &&
    expected.type === found.type &&
    expected.ttlSeconds === found.ttlSeconds &&
    (expected.record === null || expected.record.origin === found.origin) &&
    (expected.data === null || hasData(found, expected.data))
  );
}

function hasData(record: ZoneRecord, data: string): boolean {
  const { type } = record;
  const isOurs = type === 'TXT' || type === 'CNAME' || type === 'A' || type === 'AAAA' || type === 'MX';
  return isOurs && rdataText(type, readRdata(type, record)) === rdataText(type, data);
}

/** Writes out what the record took over before, so that it says the same again. */
function mend(expected: Expected | undefined, found: ZoneRecord | undefined, zone: Zone): Splice {
  const record = expected?.record ?? null;
  if (expected !== undefined && record !== null && record.source === zone.source && found?.type === record.type) {
    if (found.owner !== record.owner && !record.hasOwner) return spliceOwner(record);
    if (found.ttlSeconds !== expected.ttlSeconds && record.ttlFrom === 'previous')
      return spliceTtl(record, expected.ttlSeconds);
  }
  throw cannotEdit(zone, 'a record behind the change takes over its owner or TTL in a way that cannot be kept');
}

function reread(zone: Zone, text: string, include: (path: string) => Source | null): Zone {
  try {
    return parseZone(zone.name, { path: zone.source.path, text }, include);
  } catch (error) {
    throw cannotEdit(zone, 'the edited text would not be a zone', error);
  }
}

function requireOwn(zone: Zone, record: ZoneRecord, what: string): void {
  if (record.source === zone.source) return;
  throw new StsyncError(
    'ZONE_UNWRITABLE',
    `${what} stands in an included file, ${placeOf(record.source, record.start)}, and stsync edits only ${zone.source.path}`,
    { hint: 'move it into the zone file itself, or change it there by hand', where: zone.source.path },
  );
}

function cannotEdit(zone: Zone, why: string, cause?: unknown): StsyncError {
  return new StsyncError('ZONE_UNWRITABLE', `${zone.source.path} cannot be edited: ${why}; nothing was changed`, {
    hint: 'write owner and TTL on the lines around the record, then run again',
    where: zone.source.path,
    cause,
  });
}
