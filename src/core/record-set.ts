/**
 * Floor 0. Record sets (RRsets, RFC 2181 §5), the unit in which stsync reads, compares and writes DNS. Rdata is in presentation form, as a
 * zone file has it; {@link rdataText} gives the text that people read and compare.
 */
import { byCodePoint, parseIpv6 } from './names.ts';
import { formatTxt, parseTxt, splitTxt } from './txt.ts';

/** The types stsync reads; MX is never written. */
export type RecordType = 'TXT' | 'CNAME' | 'A' | 'AAAA' | 'MX';

/**
 * One record set.
 * `name`: absolute, lower case, A-labels, no final dot. `ttlSeconds`: one for the set (RFC 2181 §5.2).
 * `rdata`: at least one entry, presentation form: TXT `"a" "b"`, CNAME `target.example.net.`, MX `10 mx1.example.com.` (names absolute with
 * the final dot, lower case), A and AAAA an address.
 */
export interface RecordSet {
  readonly name: string;
  readonly type: RecordType;
  readonly ttlSeconds: number;
  readonly rdata: readonly string[];
}

/** What names one record set. */
export type RecordKey = Pick<RecordSet, 'name' | 'type'>;

/**
 * One change: what is there (null: nothing) and what shall be there (null: nothing). `before` is the precondition: a provider that finds
 * something else changes nothing. Both, when given, have the same name and type.
 */
export interface RecordChange {
  readonly name: string;
  readonly type: RecordType;
  readonly before: RecordSet | null;
  readonly after: RecordSet | null;
}

/** A TXT set of whole values (byte strings), each cut as {@link splitTxt} cuts. */
export function txtSet(name: string, ttlSeconds: number, values: readonly string[]): RecordSet {
  return { name, type: 'TXT', ttlSeconds, rdata: values.map((value) => formatTxt(splitTxt(value))) };
}

/** The text of one rdata for people and for comparison: TXT unquoted and joined, names without the final dot, IPv6 as RFC 5952 writes it. */
export function rdataText(type: RecordType, rdata: string): string {
  if (type === 'TXT') {
    const strings = parseTxt(rdata);
    return strings.ok ? strings.value.join('') : rdata;
  }
  if (type === 'A') return rdata;
  if (type === 'AAAA') return parseIpv6(rdata) ?? rdata.toLowerCase();
  return rdata.replace(/\.$/, '').toLowerCase();
}

/** The texts of a whole set, sorted by code point; null for no set. This is `before` and `after` of a step. */
export function rdataTexts(set: RecordSet | null): readonly string[] | null {
  return set === null ? null : set.rdata.map((rdata) => rdataText(set.type, rdata)).toSorted(byCodePoint);
}

/**
 * Same data: name, type and texts in any order; the cut of TXT strings and the TTL do not count. Two records of one text stay two: senders
 * count records, so a set with `"v=STSv1; id=1;"` twice in different cuts is not the set with it once.
 */
export function sameRdata(a: RecordSet | null, b: RecordSet | null): boolean {
  if (a === null || b === null) return a === b;
  return a.name === b.name && a.type === b.type && JSON.stringify(rdataTexts(a)) === JSON.stringify(rdataTexts(b));
}

/** {@link sameRdata} and the same TTL. */
export function sameRecordSet(a: RecordSet | null, b: RecordSet | null): boolean {
  return sameRdata(a, b) && a?.ttlSeconds === b?.ttlSeconds;
}

/** The changes that turn `before` into `after`, by name and type; equal sets give none. Order: by name, then type. */
export function diffRecordSets(before: readonly RecordSet[], after: readonly RecordSet[]): readonly RecordChange[] {
  const old = new Map(before.map((set) => [recordKey(set), set]));
  const wanted = new Map(after.map((set) => [recordKey(set), set]));
  return [...new Set([...old.keys(), ...wanted.keys()])].toSorted(byCodePoint).flatMap((key) => {
    const [a, b] = [old.get(key) ?? null, wanted.get(key) ?? null];
    const set = b ?? a;
    return set === null || sameRecordSet(a, b) ? [] : [{ name: set.name, type: set.type, before: a, after: b }];
  });
}

/** `name` and `type` as one string, for maps. */
export function recordKey({ name, type }: RecordKey): string {
  return `${name} ${type}`;
}
