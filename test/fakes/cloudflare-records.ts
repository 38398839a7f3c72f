/** Records as Cloudflare's API has them, and what it checks when one is written. */
import { formatTxt, parseTxt, splitTxt } from '../../src/core/txt.ts';
import type { JsonObject } from './openapi.ts';
import { Refused, type ModelRecord, type ModelZone, type NewRecord, type Operation } from './zone-model.ts';

export type ApiRecord = JsonObject;

const MAX_TXT = 2048;
const MAX_TXT_AT_NAME = 8192;
const MAX_COMMENT_FREE = 100;
const TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'TXT'];
/** What `ttl: 1` ("automatic") is served with. */
const AUTOMATIC_SECONDS = 300;

/** The service says no. */
export class RecordRefused extends Error {
  readonly status: number;
  readonly code: number;
  readonly chain: readonly { readonly code: number; readonly message: string }[];

  constructor(status: number, code: number, message: string, chain: RecordRefused['chain'] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.chain = chain;
  }
}

/** The record of this id as the API shows it. Throws {@link Refused} when it is not there. */
export function recordOf(zone: ModelZone, id: string): ApiRecord {
  const record = zone.byId(id);
  if (record === undefined) throw new Refused('no-such-record', id);
  return apiRecord(record);
}

export function apiRecord(record: ModelRecord): ApiRecord {
  const { id, name, type, ttlSeconds, facts } = record;
  const [priority, exchange] = type === 'MX' ? record.rdata.split(' ') : [];
  return {
    id,
    name,
    type,
    content: contentOf(record),
    ...(exchange === undefined ? {} : { content: exchange.replace(/\.$/, ''), priority: Number(priority) }),
    ttl: ttlSeconds,
    proxied: facts['proxied'] === true,
    proxiable: ['A', 'AAAA', 'CNAME'].includes(type),
    settings: {},
    meta: {},
    comment: facts['comment'] ?? null,
    tags: facts['tags'] ?? [],
    created_on: '2026-01-01T00:00:00Z',
    modified_on: '2026-01-01T00:00:00Z',
  };
}

/** A test may put a bare TXT of before October 2024 there: facts `{ content: 'v=STSv1; id=1;' }`. */
function contentOf({ type, rdata, facts }: ModelRecord): unknown {
  return facts['content'] ?? (type === 'CNAME' ? rdata.replace(/\.$/, '') : rdata);
}

export function addRecord(zone: ModelZone, body: JsonObject): Operation {
  return { kind: 'add', record: checked(zone, body, null) };
}

/** What is left out stays. */
export function patchRecord(zone: ModelZone, body: JsonObject): Operation {
  const id = String(body['id']);
  return { kind: 'replace', id, record: checked(zone, { ...recordOf(zone, id), ...body }, id) };
}

/** What is left out goes back to its default: comment and tags are lost. */
export function putRecord(zone: ModelZone, body: JsonObject): Operation {
  const id = String(body['id']);
  recordOf(zone, id);
  return { kind: 'replace', id, record: checked(zone, body, id) };
}

export function dropRecord(id: string): Operation {
  return { kind: 'remove', id };
}

function checked(zone: ModelZone, body: JsonObject, id: string | null): NewRecord {
  const { name, type, content, ttl, proxied = false, comment = null, tags = [] } = body;
  if (typeof name !== 'string' || name.endsWith('.') || name !== name.toLowerCase())
    throw invalid(9000, 'DNS name is invalid.');
  if (typeof type !== 'string' || !TYPES.includes(type)) throw invalid(9004, 'DNS record type is invalid.');
  if (typeof content !== 'string') throw invalid(9020, 'DNS record content is required.');
  if (typeof ttl !== 'number' || (ttl !== 1 && (ttl < 60 || ttl > 86_400)))
    throw invalid(9021, 'TTL must be between 60 and 86400 seconds, or 1 for Automatic.');
  if (typeof comment === 'string' && comment.length > MAX_COMMENT_FREE)
    throw invalid(9200, 'Comment is longer than 100 characters.');
  const rdata = rdataFrom(type, content, body['priority']);
  if (type === 'TXT') refuseMuchTxt(zone, name, content, id);
  const isProxied = proxied === true;
  if (isProxied && type === 'TXT') throw invalid(9037, 'This record type cannot be proxied.');
  // A proxied record is served with the automatic TTL.
  const ttlSeconds = isProxied ? 1 : ttl;
  const served = ttlSeconds === 1 ? { servedTtlSeconds: AUTOMATIC_SECONDS } : {};
  return { name, type, ttlSeconds, rdata, facts: { comment, tags, proxied: isProxied, ...served } };
}

function rdataFrom(type: string, content: string, priority: unknown): string {
  if (type === 'MX') return `${String(priority)} ${content}.`;
  if (type === 'CNAME') {
    if (content.endsWith('.') || !/^[\w.*-]+$/.test(content))
      throw invalid(9007, 'Content for CNAME record is invalid.');
    return `${content}.`;
  }
  if (type !== 'TXT') return content;
  // Since October 2024 what comes without quotes is put into quotes.
  if (!content.startsWith('"')) return formatTxt(splitTxt(Buffer.from(content, 'utf8').toString('latin1')));
  const strings = parseTxt(Buffer.from(content, 'utf8').toString('latin1'));
  if (!strings.ok) throw invalid(9207, 'Content for TXT record is invalid: quotation marks do not match.');
  return formatTxt(strings.value);
}

function refuseMuchTxt(zone: ModelZone, name: string, content: string, id: string | null): void {
  if (content.length > MAX_TXT) throw invalid(9208, 'TXT record content is longer than 2048 characters.');
  const others = zone.records().filter((one) => one.name === name && one.type === 'TXT' && one.id !== id);
  const sum = others.reduce((total, { rdata }) => total + rdata.length, content.length);
  if (sum > MAX_TXT_AT_NAME) throw invalid(9209, 'TXT records at this name are longer than 8192 characters.');
}

function invalid(code: number, message: string): RecordRefused {
  return new RecordRefused(400, 1004, 'DNS Validation Error', [{ code, message }]);
}
