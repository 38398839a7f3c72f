/** Data of records: from the words of a zone file to the presentation form of the contract, and the fields of the SOA. */
import { isIpv4, parseIpv6 } from '../../src/core/names.ts';
import type { RecordSet, RecordType } from '../../src/core/record-set.ts';
import { formatTxt, parseTxt } from '../../src/core/txt.ts';
import { lexEntry, syntaxError, tokenText, type Entry, type Source, type Token } from './lexer.ts';
import { parseTtl } from './ttl.ts';
import { recordsOf, type Zone, type ZoneRecord } from './zone.ts';
import { readName } from './zone-name.ts';

/** The set of a name and type as a name server would serve it; null when there is none. TTLs that differ: the lowest (RFC 2181 §5.2). */
export function readSet(zone: Zone, name: string, type: RecordType): RecordSet | null {
  const records = recordsOf(zone, name, type);
  if (records.length === 0) return null;
  const ttlSeconds = Math.min(...records.map((record) => record.ttlSeconds));
  return { name, type, ttlSeconds, rdata: [...new Set(records.map((record) => readRdata(type, record)))] };
}

/** One record's data, names absolute and in lower case. Throws `ZONE_SYNTAX` for what is no data of the type. */
export function readRdata(type: RecordType, { source, start, dataToken, origin }: ZoneRecord): string {
  const entry = lexEntry(source, start);
  return dataOf(type, source, entry.tokens.slice(dataToken), entry.contentEnd, origin);
}

/** Data as a caller gives it, in the same form; null when it is no data of the type. So nothing that is no data comes into a file. */
export function canonicalRdata(type: RecordType, text: string): string | null {
  try {
    const source = { path: '', text };
    const { tokens, end } = lexEntry(source, 0);
    return end === text.length ? dataOf(type, source, tokens, end, '') : null;
  } catch {
    return null;
  }
}

/** The words of one record's data, and how the first of them is said to be wrong. */
interface Words {
  readonly texts: readonly string[];
  readonly fault: (message: string) => Error;
  readonly name: (at: number) => string;
}

function dataOf(type: RecordType, source: Source, tokens: readonly Token[], end: number, origin: string): string {
  const [first] = tokens;
  const texts = tokens.map((token) => tokenText(source, token));
  const fault = (message: string): Error => syntaxError(source, first?.start ?? end, message);
  const name = (at: number): string => {
    const token = tokens[at];
    if (token === undefined) throw fault(`${type} without a name`);
    return `${readName(source, token, origin)}.`;
  };
  if (texts[0] === '\\#') throw fault(`${type} in the generic form of RFC 3597, which stsync does not read`);
  return READERS[type]({ texts, fault, name });
}

const READERS: Readonly<Record<RecordType, (words: Words) => string>> = {
  TXT({ texts, fault }) {
    const strings = parseTxt(texts.join(' '));
    if (!strings.ok) throw fault(strings.issues[0]?.message ?? 'no TXT data');
    return formatTxt(strings.value);
  },
  CNAME({ texts, fault, name }) {
    if (texts.length !== 1) throw fault('CNAME has one name');
    return name(0);
  },
  MX({ texts, fault, name }) {
    const [preference = ''] = texts;
    if (texts.length !== 2 || !/^\d+$/.test(preference) || Number(preference) > 65_535) {
      throw fault('MX has a number up to 65535 and a name');
    }
    return `${Number(preference)} ${name(1)}`;
  },
  A({ texts, fault }) {
    const [address = ''] = texts;
    if (texts.length !== 1 || !isIpv4(address)) throw fault(`"${texts.join(' ')}" is no IPv4 address`);
    return address;
  },
  AAAA({ texts, fault }) {
    const address = parseIpv6(texts[0] ?? '');
    if (texts.length !== 1 || address === null) throw fault(`"${texts.join(' ')}" is no IPv6 address`);
    return address;
  },
};

/** Where the serial stands, and its value. Throws `ZONE_SYNTAX`. */
export function readSerial({ source, start, dataToken }: ZoneRecord): {
  readonly token: Token;
  readonly value: number;
} {
  const entry = lexEntry(source, start);
  const token = entry.tokens[dataToken + 2];
  const text = token === undefined ? '' : tokenText(source, token);
  if (token === undefined || !/^\d{1,10}$/.test(text) || Number(text) > 0xff_ff_ff_ff) {
    throw syntaxError(source, token?.start ?? entry.contentEnd, 'the SOA has no serial, a number up to 4294967295');
  }
  return { token, value: Number(text) };
}

/** The last field of the SOA whose data starts at token `dataToken`. */
export function soaMinimum(source: Source, entry: Entry, dataToken: number): number {
  const token = entry.tokens[dataToken + 6];
  const minimum = token === undefined ? null : parseTtl(tokenText(source, token));
  if (minimum === null) throw syntaxError(source, entry.start, 'an SOA has seven fields: two names and five numbers');
  return minimum;
}
