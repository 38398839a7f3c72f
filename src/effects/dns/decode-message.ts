/** Floor 2. A DNS message from the wire (RFC 1035 §4), as a value: a message, or why it is none. Any bytes give one of both. */
import { codeOfType, formatRdata, lookupTypeOf, type LookupType } from './rdata.ts';
import { Malformed, WireReader } from './wire-reader.ts';

/** A record of class IN and of a type that stsync looks up. `name`: lower case, no final dot. */
export interface WireRecord {
  readonly name: string;
  readonly type: LookupType;
  readonly ttlSeconds: number;
  readonly rdata: string;
}

export interface Message {
  readonly id: number;
  readonly isResponse: boolean;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  /** With the upper bits of EDNS (RFC 6891 §6.1.3). */
  readonly rcode: number;
  /** Null: no question section. Servers leave it out of some errors. `code`: type on the wire; `classCode`: 1 is IN. */
  readonly question: { readonly name: string; readonly code: number; readonly classCode: number } | null;
  readonly answers: readonly WireRecord[];
  readonly authorities: readonly WireRecord[];
  readonly additionals: readonly WireRecord[];
}

export type Decoded =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'malformed'; readonly reason: string };

const CLASS_IN = 1;
const TYPE_OPT = 41;

/** Reads one whole message. Records of other classes and types are skipped, not judged. */
export function decodeMessage(bytes: Buffer): Decoded {
  try {
    return { kind: 'message', message: readMessage(new WireReader(bytes)) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

/** True when `message` answers this very question (RFC 5452 §4.2). An error without a question section counts, RFC 1035 §4.1.1 permits it. */
export function answersQuestion(message: Message, name: string, type: LookupType): boolean {
  const { question, rcode } = message;
  if (question === null) return rcode !== 0 && rcode !== 3;
  return question.name === name && question.code === codeOfType(type) && question.classCode === CLASS_IN;
}

function readMessage(reader: WireReader): Message {
  const [id, flags] = [reader.uint16(), reader.uint16()];
  const [questions, answers, authorities, additionals] = [
    reader.uint16(),
    reader.uint16(),
    reader.uint16(),
    reader.uint16(),
  ];
  if (((flags >> 11) & 0xf) !== 0) throw new Malformed('the answer to something that is not a query');
  if (questions > 1) throw new Malformed(`${questions} questions`);
  const question = questions === 0 ? null : { name: reader.name(), code: reader.uint16(), classCode: reader.uint16() };
  const edns = { upperRcode: 0 };
  const head = {
    id,
    isResponse: (flags & 0x8000) !== 0,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
  };
  // What was cut off is asked again over TCP: nothing after the question counts.
  if (head.isTruncated) return { ...head, rcode: flags & 0xf, question, answers: [], authorities: [], additionals: [] };
  const sections = {
    answers: readRecords(reader, answers, edns),
    authorities: readRecords(reader, authorities, edns),
    additionals: readRecords(reader, additionals, edns),
  };
  if (reader.left > 0) throw new Malformed(`${reader.left} bytes behind the message`);
  return { ...head, rcode: (edns.upperRcode << 4) | (flags & 0xf), question, ...sections };
}

function readRecords(reader: WireReader, count: number, edns: { upperRcode: number }): readonly WireRecord[] {
  const records: WireRecord[] = [];
  for (let index = 0; index < count; index++) {
    const name = reader.name();
    const [code, classCode, ttl, length] = [reader.uint16(), reader.uint16(), reader.uint32(), reader.uint16()];
    const rdata = new WireReader(reader.bytes, reader.at, reader.at + length);
    reader.take(length);
    if (code === TYPE_OPT) edns.upperRcode = ttl >>> 24;
    const type = classCode === CLASS_IN ? lookupTypeOf(code) : null;
    // RFC 2181 §8: a TTL with the top bit set is zero.
    const ttlSeconds = ttl > 0x7fffffff ? 0 : ttl;
    if (type !== null) records.push({ name, type, ttlSeconds, rdata: formatRdata(type, rdata) });
  }
  return records;
}
