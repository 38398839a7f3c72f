/** Floor 2. Rdata from the wire into presentation form, exactly as a `RecordSet` has it, for the types that stsync looks up. */
import { parseIpv6 } from '../../core/names.ts';
import type { RecordType } from '../../core/record-set.ts';
import { formatTxt } from '../../core/txt.ts';
import { Malformed, type WireReader } from './wire-reader.ts';

/** Types that can be looked up; sets of the RecordType union come as RecordSet has them, others as rdata text too. */
export type LookupType = RecordType | 'NS' | 'SOA' | 'CAA' | 'TLSA' | 'DS' | 'DNSKEY' | 'PTR';

type Format = (reader: WireReader) => string;

const hex = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();
/** Names in rdata are absolute, with the final dot; the root is the dot alone (null MX, RFC 7505). */
const name: Format = (reader) => `${reader.name()}.`;

/** Number on the wire and presentation form of each type. */
const types: { readonly [type in LookupType]: { readonly code: number; readonly format: Format } } = {
  A: { code: 1, format: (reader) => [...exactly(reader, 4)].join('.') },
  NS: { code: 2, format: name },
  CNAME: { code: 5, format: name },
  SOA: { code: 6, format: formatSoa },
  PTR: { code: 12, format: name },
  MX: { code: 15, format: (reader) => `${reader.uint16()} ${name(reader)}` },
  TXT: { code: 16, format: formatStrings },
  AAAA: { code: 28, format: formatIpv6 },
  DS: { code: 43, format: formatDigest },
  DNSKEY: { code: 48, format: formatDnskey },
  TLSA: { code: 52, format: formatTlsa },
  CAA: { code: 257, format: formatCaa },
};

const byCode = new Map(
  Object.keys(types)
    .filter(isLookupType)
    .map((type) => [types[type].code, type]),
);

function isLookupType(text: string): text is LookupType {
  return Object.hasOwn(types, text);
}

/** The type of a number on the wire; null: one that stsync does not look up. */
export function lookupTypeOf(code: number): LookupType | null {
  return byCode.get(code) ?? null;
}

/** The number of a type on the wire. */
export function codeOfType(type: LookupType): number {
  return types[type].code;
}

/** Reads the whole rdata; throws {@link Malformed} when it is shorter or longer than its type has it. */
export function formatRdata(type: LookupType, rdata: WireReader): string {
  const text = types[type].format(rdata);
  if (rdata.left !== 0) throw new Malformed(`${type} data longer than it can be`);
  return text;
}

function exactly(reader: WireReader, length: number): Buffer {
  if (reader.left !== length) throw new Malformed(`an address of ${reader.left} bytes`);
  return reader.take(length);
}

/** RFC 5952; what begins with ::ffff: stays hexadecimal, as the URL parser writes it. */
function formatIpv6(reader: WireReader): string {
  const groups = exactly(reader, 16).toString('hex').match(/.{4}/g) ?? [];
  return parseIpv6(groups.join(':')) ?? groups.join(':');
}

function formatStrings(reader: WireReader): string {
  const strings: string[] = [];
  do strings.push(reader.characterString());
  while (reader.left > 0);
  return formatTxt(strings);
}

/** RFC 1035 §3.3.13. */
function formatSoa(reader: WireReader): string {
  const names = [name(reader), name(reader)];
  return [...names, ...Array.from({ length: 5 }, () => reader.uint32())].join(' ');
}

/** RFC 4034 §5.3. */
function formatDigest(reader: WireReader): string {
  return [reader.uint16(), reader.uint8(), reader.uint8(), hex(reader.take(reader.left))].join(' ');
}

/** RFC 4034 §2.2. */
function formatDnskey(reader: WireReader): string {
  return [reader.uint16(), reader.uint8(), reader.uint8(), reader.take(reader.left).toString('base64')].join(' ');
}

/** RFC 6698 §2.2. */
function formatTlsa(reader: WireReader): string {
  return [reader.uint8(), reader.uint8(), reader.uint8(), hex(reader.take(reader.left))].join(' ');
}

/** RFC 8659 §4.1.1: flags, tag, quoted value. */
function formatCaa(reader: WireReader): string {
  const flags = reader.uint8();
  const tag = reader.characterString();
  if (!/^[a-z0-9]+$/i.test(tag)) throw new Malformed('a CAA tag that is not letters and digits');
  return `${flags} ${tag.toLowerCase()} ${formatTxt([reader.take(reader.left).toString('latin1')])}`;
}
