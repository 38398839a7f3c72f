/** A zone as its file says it: records in file order with the places they came from, found by name. */
import type { Generator } from './generate.ts';
import type { Source } from './lexer.ts';

/**
 * One record. The text stays in the file; its entry goes from `start` to `end`. `origin`, `ttlSeconds` and `owner` are what was in effect
 * there, `hasOwner` and `ttlFrom` say whether the record itself says so (`previous`: the record before it, RFC 1035 §5.1).
 */
export interface ZoneRecord {
  readonly owner: string;
  /** Upper case; `TYPE16` is `TXT`. */
  readonly type: string;
  readonly ttlSeconds: number;
  readonly source: Source;
  readonly start: number;
  readonly end: number;
  /** Which of the entry's tokens come first: TTL, class or type; and the first of the data. */
  readonly headToken: number;
  readonly dataToken: number;
  readonly origin: string;
  readonly hasOwner: boolean;
  readonly ttlFrom: 'record' | 'default' | 'previous';
}

export interface Zone {
  readonly name: string;
  /** The zone file itself; records of included files have another source. */
  readonly source: Source;
  readonly records: readonly ZoneRecord[];
  readonly byOwner: ReadonlyMap<string, readonly ZoneRecord[]>;
  readonly soa: ZoneRecord;
  /** The `$ORIGIN` in effect at the end of the zone file. */
  readonly endOrigin: string;
  readonly generators: readonly Generator[];
  /** Names that hold records or have some below them; made when first asked for. */
  readonly names: () => ReadonlySet<string>;
}

/** The records of one name and type, in file order. */
export function recordsOf(zone: Zone, name: string, type: string): readonly ZoneRecord[] {
  return zone.byOwner.get(name)?.filter((record) => record.type === type) ?? [];
}

/**
 * The record that takes `name` out of this zone's hands: an NS below the apex at it or above it (RFC 1034 §4.2.1), or a DNAME above it
 * (RFC 6672 §2.3). Null: the zone is the authority for the name.
 */
export function cutAbove(zone: Zone, name: string): ZoneRecord | null {
  for (let at = name; at !== zone.name; at = at.slice(at.indexOf('.') + 1)) {
    const ns = recordsOf(zone, at, 'NS')[0];
    const dname = at === name ? undefined : recordsOf(zone, at, 'DNAME')[0];
    const cut = ns ?? dname;
    if (cut !== undefined) return cut;
    if (!at.includes('.')) break;
  }
  return name === zone.name ? null : (recordsOf(zone, zone.name, 'DNAME')[0] ?? null);
}
