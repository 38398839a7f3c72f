/**
 * Data as Google has it and as the contract has it: nearly the same, both are presentation form. TXT is always sent in quotes: text without
 * them is cut at its blanks into several strings.
 */
import { rdataText, type RecordKey, type RecordSet, type RecordType } from '../../src/core/record-set.ts';
import { formatTxt, parseTxt } from '../../src/core/txt.ts';
import { NotAsDescribed } from '../json-answer.ts';
import type { ApiRecordSet } from './answer.ts';

export function setOf({ name, type }: RecordKey, { ttl, rrdatas }: ApiRecordSet): RecordSet {
  return { name, type, ttlSeconds: ttl, rdata: rrdatas.map((text) => rdataOf(type, text)) };
}

export function apiSetOf({ name, type, ttlSeconds, rdata }: RecordSet): ApiRecordSet {
  return { name: `${name}.`, type, ttl: ttlSeconds, rrdatas: rdata };
}

function rdataOf(type: RecordType, text: string): string {
  switch (type) {
    case 'TXT': {
      const strings = parseTxt(bytesOf(text));
      if (!strings.ok) throw new NotAsDescribed('a TXT record that cannot be read');
      return formatTxt(strings.value);
    }
    case 'CNAME':
    case 'MX':
      return `${text.replace(/\.$/, '').toLowerCase()}.`;
    case 'A':
      return text;
    case 'AAAA':
      return rdataText('AAAA', text);
  }
}

/** As a byte string: JSON may hold any character, a TXT record holds its bytes. */
function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
