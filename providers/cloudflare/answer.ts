/** Answers of the API, read: the envelope and what is in it. Nothing of the SDK's reading is trusted: it gives null for `success: false`. */
import { isObject, listOf, NotAsDescribed, objectOf, parseJson } from '../json-answer.ts';

/** A record as far as this provider looks at it. */
export interface ApiRecord {
  readonly id: string;
  /** Lower case. */
  readonly name: string;
  readonly type: string;
  /** As it was stored: TXT may be quoted or bare. */
  readonly content: string;
  readonly ttl: number;
  readonly isProxied: boolean;
  readonly comment: string | null;
  /** MX only. */
  readonly priority: number | null;
}

export interface ApiZone {
  readonly id: string;
  readonly name: string;
  /** `full` is the only one whose records Cloudflare serves and lets be changed. */
  readonly type: string;
  readonly isFree: boolean;
}

/** What is said beside the result. */
export interface Envelope {
  readonly isSuccess: boolean;
  readonly errors: readonly ApiError[];
  readonly result: unknown;
  /** Of a list: how many there are in all; null where it is not said. */
  readonly total: number | null;
}

export interface ApiError {
  readonly code: number;
  readonly message: string;
  readonly chain: readonly ApiError[];
}

/** Throws {@link NotAsDescribed}. */
export function readEnvelope(text: string): Envelope {
  const body = objectOf(parseJson(text), 'an answer');
  if (typeof body['success'] !== 'boolean') throw new NotAsDescribed('an answer without `success`');
  const info = isObject(body['result_info']) ? body['result_info'] : {};
  const total = info['total_count'];
  return {
    isSuccess: body['success'],
    errors: readErrors(body['errors']),
    result: body['result'],
    total: typeof total === 'number' ? total : null,
  };
}

/** The errors of an answer, as far as there are any that can be read. */
export function readErrors(value: unknown): readonly ApiError[] {
  return (Array.isArray(value) ? value : []).filter(isObject).map((error) => ({
    code: typeof error['code'] === 'number' ? error['code'] : 0,
    message: typeof error['message'] === 'string' ? error['message'] : '',
    chain: readErrors(error['error_chain']),
  }));
}

/** Records of a list or of one part of a batch; null is an empty one. */
export function readRecords(value: unknown): readonly ApiRecord[] {
  return listOf(value).map((one) => {
    const { id, name, type, content, ttl, proxied, comment, priority } = objectOf(one, 'a record');
    if (typeof id !== 'string' || typeof name !== 'string' || typeof type !== 'string' || typeof ttl !== 'number')
      throw new NotAsDescribed('a record without id, name, type or ttl');
    return {
      id,
      name: name.toLowerCase(),
      type,
      content: typeof content === 'string' ? content : '',
      ttl,
      isProxied: proxied === true,
      comment: typeof comment === 'string' ? comment : null,
      priority: typeof priority === 'number' ? priority : null,
    };
  });
}

export function readZones(value: unknown): readonly ApiZone[] {
  return listOf(value).map((one) => {
    const { id, name, type, plan } = objectOf(one, 'a zone');
    if (typeof id !== 'string' || typeof name !== 'string') throw new NotAsDescribed('a zone without id or name');
    return {
      id,
      name: name.toLowerCase(),
      type: typeof type === 'string' ? type : 'full',
      isFree: isObject(plan) && plan['legacy_id'] === 'free',
    };
  });
}

/** What a batch says that it patched and posted. */
export function readBatch(value: unknown): { patches: readonly ApiRecord[]; posts: readonly ApiRecord[] } {
  const { patches, posts } = objectOf(value, 'the result of a batch');
  return { patches: readRecords(patches), posts: readRecords(posts) };
}
