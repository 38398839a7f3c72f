/** Data of records: from the presentation form of the contract to the wire and back. */
import { isIpv4, parseIpv6 } from '../../src/core/names.ts';
import type { RecordType } from '../../src/core/record-set.ts';
import { formatTxt, parseTxt } from '../../src/core/txt.ts';
import { encodeName, formatName, lowerCase, MalformedMessage, parseName, readName } from './wire-name.ts';

/** A record has at most this much data. */
const MAX_RDATA = 65_535;

/** The bytes of one record's data; null: it is no data of the type, or MX, which is never written. */
export function encodeRdata(type: RecordType, text: string): Buffer | null {
  switch (type) {
    case 'TXT': {
      const strings = parseTxt(text);
      if (!strings.ok) return null;
      const bytes = Buffer.concat(
        strings.value.flatMap((one) => [Buffer.from([one.length]), Buffer.from(one, 'latin1')]),
      );
      return bytes.length <= MAX_RDATA ? bytes : null;
    }
    case 'CNAME': {
      const labels = text.endsWith('.') ? parseName(text) : null;
      return labels === null ? null : encodeName(labels);
    }
    case 'A':
      return isIpv4(text) ? Buffer.from(text.split('.').map(Number)) : null;
    case 'AAAA': {
      const address = parseIpv6(text);
      return address === null ? null : ipv6Bytes(address);
    }
    case 'MX':
      return null;
  }
}

/** One record's data as text: TXT in the cut of the server, names absolute and in lower case. Throws {@link MalformedMessage}. */
export function decodeRdata(type: RecordType, rdata: Uint8Array): string {
  const bytes = Buffer.from(rdata);
  switch (type) {
    case 'TXT':
      return formatTxt(characterStrings(bytes));
    case 'CNAME':
      return nameText(bytes, 0);
    case 'MX':
      if (bytes.length < 3) throw new MalformedMessage('MX without a name');
      return `${bytes.readUInt16BE(0)} ${nameText(bytes, 2)}`;
    case 'A':
      if (bytes.length !== 4) throw new MalformedMessage('an IPv4 address has four bytes');
      return bytes.join('.');
    case 'AAAA': {
      if (bytes.length !== 16) throw new MalformedMessage('an IPv6 address has sixteen bytes');
      const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
      return parseIpv6(groups.join(':')) ?? groups.join(':');
    }
  }
}

function characterStrings(bytes: Buffer): readonly string[] {
  const strings: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (end > bytes.length) throw new MalformedMessage('a character-string runs over the end');
    strings.push(bytes.toString('latin1', at + 1, end));
    at = end;
  }
  if (strings.length === 0) throw new MalformedMessage('TXT without a character-string');
  return strings;
}

function nameText(bytes: Buffer, at: number): string {
  const { labels, end } = readName(bytes, at);
  if (end !== bytes.length) throw new MalformedMessage('bytes behind a name');
  const name = lowerCase(formatName(labels));
  return name === '.' ? name : `${name}.`;
}

/** Of an address in the form of RFC 5952, in which the URL parser gives it. */
function ipv6Bytes(address: string): Buffer {
  const [front = '', back] = address.split('::');
  const [head, tail] = [groupsOf(front), groupsOf(back ?? '')];
  const bytes = Buffer.alloc(16);
  for (const [at, group] of head.entries()) bytes.writeUInt16BE(group, at * 2);
  for (const [at, group] of tail.entries()) bytes.writeUInt16BE(group, (8 - tail.length + at) * 2);
  return bytes;
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number(`0x${group}`));
}
