/** DNS messages (RFC 1035 §4.1): queries and updates (RFC 2136 §2) written, answers read. No EDNS: TCP needs none. */
import { encodeName, encodeText, formatName, lowerCase, MalformedMessage, readName } from './wire-name.ts';

/** Types by their numbers. The ones beyond `RecordType` are asked for where a CNAME shall stand alone, or carry the message. */
export const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  NSEC3: 50,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  TSIG: 250,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

export const CLASSES = { IN: 1, NONE: 254, ANY: 255 } as const;
export const OPCODES = { QUERY: 0, UPDATE: 5 } as const;

/** Rcodes of RFC 1035 §4.1.1 and RFC 2136 §2.2 by number. */
const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
] as const;
export type Rcode = (typeof RCODES)[number] | `RCODE${number}`;

/** A record to send. `name`: as everywhere in stsync. */
export interface OutRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly rdata: Uint8Array;
}

/** A record of an answer. `name` in lower case without the final dot; `rdata` with its names uncompressed, in the case of the server. */
export interface InRecord extends OutRecord {
  /** Where it begins in the message. */
  readonly start: number;
}

export interface Question {
  readonly name: string;
  readonly type: number;
}

export interface Message {
  readonly id: number;
  readonly isAnswer: boolean;
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly rcode: Rcode;
  /** Null: the answer repeats no question, as errors and answers to updates may. */
  readonly question: Question | null;
  readonly answers: readonly InRecord[];
  readonly authority: readonly InRecord[];
  readonly additional: readonly InRecord[];
}

/** One question, recursion not desired. */
export function formatQuery(id: number, { name, type }: Question): Buffer {
  return Buffer.concat([header(id, OPCODES.QUERY, [1, 0, 0, 0]), encodeText(name), numbers(type, CLASSES.IN)]);
}

/** An update of `zone`: all of `updates` in their order if every one of `prerequisites` holds, or nothing (RFC 2136 §3). */
export function formatUpdate(
  id: number,
  zone: string,
  prerequisites: readonly OutRecord[],
  updates: readonly OutRecord[],
): Buffer {
  return Buffer.concat([
    header(id, OPCODES.UPDATE, [1, prerequisites.length, updates.length, 0]),
    encodeText(zone),
    numbers(TYPES.SOA, CLASSES.IN),
    ...[...prerequisites, ...updates].map(formatRecord),
  ]);
}

export function formatRecord(record: OutRecord): Buffer {
  const ttl = Buffer.alloc(4);
  ttl.writeUInt32BE(record.ttlSeconds);
  const { rdata } = record;
  return Buffer.concat([
    encodeText(record.name),
    numbers(record.type, record.class),
    ttl,
    numbers(rdata.length),
    rdata,
  ]);
}

/** Numbers of 16 bits, one behind the other. */
export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
  return bytes;
}

/** Reads a whole message. Throws {@link MalformedMessage} for everything else, bytes behind the last record too. */
export function parseMessage(bytes: Uint8Array): Message {
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (message.length < 12) throw new MalformedMessage('shorter than a header');
  const flags = message.readUInt16BE(2);
  const count = (section: number): number => message.readUInt16BE(4 + section * 2);
  if (count(0) > 1) throw new MalformedMessage('more than one question');
  let at = 12;
  let question: Question | null = null;
  if (count(0) === 1) {
    const { labels, end } = readName(message, at);
    if (end + 4 > message.length) throw new MalformedMessage('the question runs over the end');
    question = { name: lowerCase(formatName(labels)), type: message.readUInt16BE(end) };
    at = end + 4;
  }
  const section = (index: number): readonly InRecord[] =>
    Array.from({ length: count(index) }, () => {
      const { record, end } = readRecord(message, at);
      at = end;
      return record;
    });
  const [answers, authority, additional] = [section(1), section(2), section(3)];
  if (at !== message.length) throw new MalformedMessage('bytes behind the last record');
  return {
    id: message.readUInt16BE(0),
    isAnswer: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    rcode: RCODES[flags & 0xf] ?? `RCODE${flags & 0xf}`,
    question,
    answers,
    authority,
    additional,
  };
}

function readRecord(message: Buffer, start: number): { record: InRecord; end: number } {
  const { labels, end } = readName(message, start);
  if (end + 10 > message.length) throw new MalformedMessage('a record runs over the end');
  const length = message.readUInt16BE(end + 8);
  const [from, to] = [end + 10, end + 10 + length];
  if (to > message.length) throw new MalformedMessage('a record runs over the end');
  const type = message.readUInt16BE(end);
  const ttl = message.readUInt32BE(end + 4);
  const record: InRecord = {
    name: lowerCase(formatName(labels)),
    type,
    class: message.readUInt16BE(end + 2),
    // RFC 2181 §8: a TTL with the first bit set is zero.
    ttlSeconds: ttl > 0x7f_ff_ff_ff ? 0 : ttl,
    rdata: uncompressed(message, type, from, to),
    start,
  };
  return { record, end: to };
}

/** Rdata whose names may be compressed (RFC 3597 §4) without pointers; of other types as it is. */
function uncompressed(message: Buffer, type: number, from: number, to: number): Buffer {
  const fixed = type === TYPES.MX ? 2 : 0;
  if (type !== TYPES.CNAME && type !== TYPES.MX) return message.subarray(from, to);
  const { labels, end } = readName(message, from + fixed);
  if (end !== to) throw new MalformedMessage('a name of another length than its record');
  return Buffer.concat([message.subarray(from, from + fixed), encodeName(labels)]);
}

function header(id: number, opcode: number, counts: readonly number[]): Buffer {
  return numbers(id, opcode << 11, ...counts);
}
