/** Floor 2. Record sets out of the sections of a message. */
import { byCodePoint } from '../../core/names.ts';
import type { WireRecord } from './decode-message.ts';
import type { LookupType } from './rdata.ts';

/** A set as looked up. `rdata` in presentation form exactly as RecordSet has it, sorted by code point. */
export interface LookupSet {
  readonly name: string;
  readonly type: LookupType;
  readonly ttlSeconds: number;
  readonly rdata: readonly string[];
}

/** The set of this name and type; null: none. Records that differ in TTL give the lowest (RFC 2181 §5.2). */
export function findSet(records: readonly WireRecord[], name: string, type: LookupType): LookupSet | null {
  const found = records.filter((record) => record.name === name && record.type === type);
  if (found.length === 0) return null;
  const ttlSeconds = Math.min(...found.map((record) => record.ttlSeconds));
  return { name, type, ttlSeconds, rdata: found.map(({ rdata }) => rdata).toSorted(byCodePoint) };
}

/** The target of the CNAME set; null when there is no such set. Several CNAMEs are an error of the zone: the first by code point counts. */
export function targetOf(set: LookupSet | null): string | null {
  return set?.rdata[0]?.replace(/\.$/, '') ?? null;
}
