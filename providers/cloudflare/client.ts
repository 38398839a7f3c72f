/**
 * The official SDK, small and tame: only zones and records of it, so that a bundle stays near 34 kB; its own retries, its pager and its
 * reading of the environment are off. Each call has one deadline over head and body: the SDK's own ends with the head.
 */
import { APIError } from 'cloudflare/core/error';
import { BaseRecords, type RecordBatchParams } from 'cloudflare/resources/dns/records';
import { BaseZones } from 'cloudflare/resources/zones/zones';
import { createClient } from 'cloudflare/tree-shakable';

import { StsyncError } from '../../src/core/error.ts';
import type { RequestBudget } from '../../src/provider.ts';
import { NotAsDescribed } from '../json-answer.ts';
import { readEnvelope, readErrors, type ApiZone, type Envelope } from './answer.ts';
import { badAnswer, noAnswer, refusal, timedOut, type Api, type Asked } from './faults.ts';

export const API_URL = 'https://api.cloudflare.com/client/v4';
/** What this code was written for. The SDK would send the day of the call, and behaviour could change under a pinned SDK. */
const API_VERSION = '2026-07-27';

/** Which records of a zone: a name, or the end of names. */
export type NameFilter = { readonly exact: string } | { readonly endswith: string };
export type Batch = Omit<RecordBatchParams, 'zone_id'>;

/** One call each; nothing is repeated. All throw {@link StsyncError}, or the reason of `signal`. */
export interface Client {
  /** A page of the zones that the token sees, by name where one is given. */
  zones(page: number, perPage: number, name: string | null, signal: AbortSignal): Promise<Envelope>;
  records(zone: ApiZone, filter: NameFilter, page: number, perPage: number, signal: AbortSignal): Promise<Envelope>;
  batch(zone: ApiZone, body: Batch, signal: AbortSignal): Promise<Envelope>;
  /** The error for a result that is not as it should be. */
  unreadable(error: NotAsDescribed): StsyncError;
}

export function openClient(api: Api, budget: RequestBudget, timeoutMs: number): Client {
  const sdk = createClient({
    resources: [BaseRecords, BaseZones],
    apiToken: api.token.reveal(),
    // What these variables of the environment hold is for other programs.
    apiKey: null,
    apiEmail: null,
    userServiceKey: null,
    baseURL: api.baseUrl,
    apiVersion: API_VERSION,
    maxRetries: 0,
    // Ours comes first.
    timeout: timeoutMs * 2,
    logLevel: 'off',
    // The API never redirects, and the token goes nowhere else.
    fetchOptions: { redirect: 'error' },
  });

  async function call(
    asked: Asked,
    signal: AbortSignal,
    request: (options: { signal: AbortSignal }) => { asResponse(): Promise<Response> },
  ): Promise<Envelope> {
    return budget.run(signal, async () => {
      const deadline = AbortSignal.timeout(timeoutMs);
      try {
        const response = await request({ signal: AbortSignal.any([signal, deadline]) }).asResponse();
        learn(budget, response.headers);
        return readAnswer(api, asked, response.status, response.headers, await response.text());
      } catch (error) {
        if (error instanceof StsyncError) throw error;
        signal.throwIfAborted();
        if (deadline.aborted) throw timedOut(api, timeoutMs, asked);
        throw faultOf(api, asked, budget, error);
      }
    });
  }

  return {
    zones: (page, perPage, name, signal) =>
      call({ what: 'the zones', where: new URL(api.baseUrl).origin, permission: 'Zone:Zone:Read' }, signal, (options) =>
        sdk.zones.list({ page, per_page: perPage, ...(name === null ? {} : { name }) }, options),
      ),
    records: (zone, filter, page, perPage, signal) =>
      call({ what: `the records of ${zone.name}`, where: zone.name, permission: 'Zone:DNS:Read' }, signal, (options) =>
        sdk.dns.records.list({ zone_id: zone.id, name: filter, page, per_page: perPage }, options),
      ),
    batch: (zone, body, signal) =>
      call({ what: `the records of ${zone.name}`, where: zone.name, permission: 'Zone:DNS:Edit' }, signal, (options) =>
        sdk.dns.records.batch({ zone_id: zone.id, ...body }, options),
      ),
    unreadable: (error) => badAnswer(api, 200, error.message),
  };
}

function readAnswer(api: Api, asked: Asked, status: number, headers: Headers, text: string): Envelope {
  const type = headers.get('content-type') ?? 'nothing';
  if (!/^application\/json\b/i.test(type)) throw badAnswer(api, status, type.replace(/;.*/, ''));
  let envelope: Envelope;
  try {
    envelope = readEnvelope(text);
  } catch (error) {
    if (!(error instanceof NotAsDescribed)) throw error;
    throw badAnswer(api, status, error.message);
  }
  if (envelope.isSuccess) return envelope;
  throw refusal(api, asked, { status, errors: envelope.errors, retryAfterSeconds: null });
}

/** What the SDK threw, in our words: an answer that says no, or none. */
function faultOf(api: Api, asked: Asked, budget: RequestBudget, error: unknown): StsyncError {
  if (!(error instanceof APIError) || error.status === undefined || error.headers === undefined)
    return noAnswer(api, error);
  const status: number = error.status;
  const headers: Headers = error.headers;
  learn(budget, headers);
  const retryAfterSeconds = secondsIn(headers.get('retry-after'));
  if (status === 429 && retryAfterSeconds !== null) budget.learn(0, retryAfterSeconds);
  const body: unknown = error.error;
  const isOfApi = typeof body === 'object' && body !== null && 'success' in body;
  if (!isOfApi && status < 500 && status !== 429) return badAnswer(api, status, 'something else');
  return refusal(api, asked, { status, errors: readErrors(error.errors), retryAfterSeconds });
}

/** `Ratelimit: "default";r=50;t=30`: so many more in so many seconds. */
function learn(budget: RequestBudget, headers: Headers): void {
  const text = headers.get('ratelimit') ?? '';
  const left = secondsIn(/;\s*r=(\d+)/.exec(text)?.[1] ?? null);
  const reset = secondsIn(/;\s*t=(\d+)/.exec(text)?.[1] ?? null);
  if (left !== null && reset !== null) budget.learn(left, reset);
}

function secondsIn(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text.trim()) ? Number(text) : null;
}
