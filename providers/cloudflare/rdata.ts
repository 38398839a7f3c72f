/** Content as Cloudflare has it, and rdata as the contract has it. Names there have no final dot, TXT is quoted or bare, MX is in two fields. */
import { rdataText, type RecordType } from '../../src/core/record-set.ts';
import { formatTxt, parseTxt, splitTxt } from '../../src/core/txt.ts';
import { NotAsDescribed } from '../json-answer.ts';
import type { ApiRecord } from './answer.ts';

/** What `ttl: 1`, "automatic", is served with. */
export const AUTOMATIC_SECONDS = 300;

export function rdataOf(type: RecordType, record: Pick<ApiRecord, 'content' | 'priority'>): string {
  const { content, priority } = record;
  switch (type) {
    case 'TXT':
      return readTxt(content);
    case 'CNAME':
      return absolute(content);
    case 'MX':
      return `${priority ?? 0} ${absolute(content)}`;
    case 'A':
      return content;
    case 'AAAA':
      return rdataText('AAAA', content);
  }
}

/** The `content` to send. TXT is always quoted: the dashboard warns about bare ones. */
export function contentOf(type: RecordType, rdata: string): string {
  return type === 'CNAME' || type === 'MX' ? rdata.replace(/\.$/, '') : rdata;
}

export function ttlOf(ttl: number): number {
  return ttl === 1 ? AUTOMATIC_SECONDS : ttl;
}

/** Records of before October 2024 may be bare: then the whole content is the text, blanks and all. */
function readTxt(content: string): string {
  const bytes = utf8(content);
  if (!content.startsWith('"')) return formatTxt(splitTxt(bytes));
  const strings = parseTxt(bytes);
  if (!strings.ok) throw new NotAsDescribed('a TXT record whose quotes do not match');
  return formatTxt(strings.value);
}

/** As a byte string: JSON may hold any character, a TXT record holds its bytes. */
function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** `.` alone is the root: a null MX (RFC 7505). */
function absolute(name: string): string {
  return `${name.replace(/\.$/, '').toLowerCase()}.`;
}
