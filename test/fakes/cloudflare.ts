/** Cloudflare's API v4 as far as DNS goes, over the zone model. Every request and answer is judged by the description (cloudflare-spec.ts). */
import type { RecordSet } from '../../src/core/record-set.ts';
import type { Certificate } from '../support/ca.ts';
import {
  addRecord,
  apiRecord,
  dropRecord,
  patchRecord,
  putRecord,
  recordOf,
  type ApiRecord,
  RecordRefused,
} from './cloudflare-records.ts';
import { cloudflareJudge } from './cloudflare-spec.ts';
import { startFakeServer, type FakeServer, type Mood, type Reply, type SeenRequest, type Skin } from './fake-server.ts';
import { asObject, type JsonObject } from './openapi.ts';
import { Refused, ZoneModel, type ModelZone, type Operation, type Refusal } from './zone-model.ts';

/** What a token may do. `zones`: the names it sees; null: all. */
export interface TokenRights {
  readonly zones: readonly string[] | null;
  readonly canEdit: boolean;
}

/** Facts of a zone that the API shows. */
export interface CloudflareZone {
  readonly type?: 'full' | 'partial' | 'secondary';
  readonly status?: 'active' | 'pending';
  readonly plan?: 'free' | 'pro';
}

export interface CloudflareFake extends FakeServer {
  readonly model: ZoneModel;
  /** For the option `baseUrl`. */
  readonly baseUrl: string;
  readonly tokens: Map<string, TokenRights>;
  /** Requests in a window of five minutes; `left` counts down and is the test's to fill up again. */
  readonly budget: { quota: number; left: number; resetSeconds: number };
  /** Where request or answer broke the description. `stop` throws when there are any. */
  readonly violations: readonly string[];
  addZone(apex: string, records?: readonly RecordSet[], facts?: CloudflareZone): ModelZone;
}

/** The token of the tests; a test greps all output for it. */
export const FAKE_TOKEN = 'fake-cloudflare-token-Xq7vN2mK9pR4tW8zB1cD5fG3hJ6';

const PREFIX = '/client/v4';
const FREE_RECORDS = 200;
const FREE_OPERATIONS = 200;
const PAID_OPERATIONS = 3500;

interface Failure {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly chain?: readonly { readonly code: number; readonly message: string }[];
}

const REFUSALS: Readonly<Record<Refusal, Failure>> = {
  'beside-cname': {
    status: 400,
    code: 81053,
    message: 'An A, AAAA, or CNAME record with that host already exists.',
  },
  'second-cname': { status: 400, code: 81054, message: 'A CNAME record with that host already exists.' },
  identical: { status: 400, code: 81058, message: 'An identical record already exists.' },
  'no-such-record': { status: 404, code: 81044, message: 'Record does not exist.' },
  'outside-zone': { status: 400, code: 1004, message: 'DNS Validation Error' },
};

export async function startCloudflare(tls: Certificate | null = null): Promise<CloudflareFake> {
  const model = new ZoneModel();
  const tokens = new Map<string, TokenRights>([[FAKE_TOKEN, { zones: null, canEdit: true }]]);
  const budget = { quota: 1200, left: 1200, resetSeconds: 300 };
  const violations: string[] = [];
  const judge = cloudflareJudge();

  const answer = (request: SeenRequest, authorization: string | null, mood: Mood): Reply => {
    if (budget.left <= 0) return skin.busy(budget.resetSeconds);
    budget.left--;
    const faults = judge.request(request);
    violations.push(...faults);
    const reply =
      faults.length > 0
        ? failed({ status: 400, code: 1004, message: `the request is not as described: ${faults.join('; ')}` })
        : answerRequest(model, tokens, request, authorization, mood);
    violations.push(...judge.reply(request, reply));
    return withBudget(reply);
  };
  const withBudget = (reply: Reply): Reply => ({
    ...reply,
    headers: {
      ...reply.headers,
      Ratelimit: `"default";r=${budget.left};t=${budget.resetSeconds}`,
      'Ratelimit-Policy': `"default";q=${budget.quota};w=300`,
    },
  });
  const skin: Skin = {
    answer,
    busy: (retryAfterSeconds) => ({
      ...failed({ status: 429, code: 10000, message: 'More than 1200 requests per 300 seconds reached.' }),
      ...(retryAfterSeconds === null ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
    }),
    broken: (status) => failed({ status, code: 1000, message: 'Internal error' }),
    unsuccessful: () => ({ ...failed({ status: 200, code: 1004, message: 'Something did not work' }), status: 200 }),
  };
  const server = await startFakeServer(skin, tls);

  const stopServer = server.stop.bind(server);
  const stop = async (): Promise<void> => {
    await stopServer();
    if (violations.length > 0) throw new Error(`not as Cloudflare describes it:\n${violations.join('\n')}`);
  };
  return Object.assign(server, {
    model,
    baseUrl: `${server.origin}${PREFIX}`,
    tokens,
    budget,
    violations,
    addZone: (apex: string, records: readonly RecordSet[] = [], facts: CloudflareZone = {}) =>
      model.addZone(apex, records, { type: 'full', status: 'active', plan: 'free', ...facts }),
    stop,
    [Symbol.asyncDispose]: stop,
  });
}

function answerRequest(
  model: ZoneModel,
  tokens: ReadonlyMap<string, TokenRights>,
  request: SeenRequest,
  authorization: string | null,
  mood: Mood,
): Reply {
  const token = /^Bearer ([\w-]{20,})$/.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    const chain = [{ code: 6111, message: 'Invalid format for Authorization header' }];
    return failed({ status: 400, code: 6003, message: 'Invalid request headers', chain });
  }
  const rights = tokens.get(token);
  if (rights === undefined) return failed({ status: 403, code: 9109, message: 'Invalid access token' });
  const sees = (zone: ModelZone): boolean => rights.zones === null || rights.zones.includes(zone.apex);
  const path = request.path.slice(PREFIX.length);
  if (path === '/user/tokens/verify') return single({ id: 'f'.repeat(32), status: 'active' });
  if (path === '/zones') return listZones(model.zones().filter(sees), request, mood);
  const [, zoneId = '', rest = ''] = /^\/zones\/([^/]+)\/dns_records(.*)$/.exec(path) ?? [];
  const zone = model.byId(zoneId);
  if (zone === undefined) {
    return failed({ status: 404, code: 7003, message: 'Could not route, perhaps your object identifier is invalid?' });
  }
  if (!sees(zone) || (request.method !== 'GET' && !rights.canEdit))
    return failed({ status: 403, code: 10000, message: 'Authentication error' });
  return answerRecords(zone, rest, request, mood);
}

function answerRecords(zone: ModelZone, rest: string, request: SeenRequest, mood: Mood): Reply {
  const body = request.body === null ? {} : asObject(request.body);
  const id = rest.slice(1);
  try {
    if (rest === '/usage')
      return single({ record_usage: zone.records().length, record_quota: isFree(zone) ? FREE_RECORDS : null });
    if (rest === '/batch') return batch(zone, body);
    if (request.method === 'GET') return id === '' ? listRecords(zone, request, mood) : oneRecord(zone, id);
    if (request.method === 'DELETE') {
      commit(zone, [dropRecord(id)]);
      return single({ id });
    }
    const operation =
      request.method === 'POST'
        ? addRecord(zone, body)
        : request.method === 'PATCH'
          ? patchRecord(zone, { ...body, id })
          : putRecord(zone, { ...body, id });
    return single(commit(zone, [operation])[0]);
  } catch (error) {
    if (error instanceof Refused) return failed(REFUSALS[error.refusal]);
    if (!(error instanceof RecordRefused)) throw error;
    return failed(error);
  }
}

/** In this order, in one transaction, as the description says. */
function batch(zone: ModelZone, body: JsonObject): Reply {
  const parts = ['deletes', 'patches', 'puts', 'posts'].map((name) => arrayOf(body[name]));
  const [deletes = [], patches = [], puts = [], posts = []] = parts;
  const limit = isFree(zone) ? FREE_OPERATIONS : PAID_OPERATIONS;
  if (parts.flat().length > limit) throw new RecordRefused(400, 9000, `the batch has more than ${limit} operations`);
  const gone = deletes.map(({ id }) => recordOf(zone, String(id)));
  const made = commit(zone, [
    ...deletes.map(({ id }) => dropRecord(String(id))),
    ...patches.map((one) => patchRecord(zone, one)),
    ...puts.map((one) => putRecord(zone, one)),
    ...posts.map((one) => addRecord(zone, one)),
  ]);
  return single({
    deletes: orNull(gone),
    patches: orNull(made.slice(0, patches.length)),
    puts: orNull(made.slice(patches.length, patches.length + puts.length)),
    posts: orNull(made.slice(patches.length + puts.length)),
  });
}

function orNull(records: readonly ApiRecord[]): readonly ApiRecord[] | null {
  return records.length === 0 ? null : records;
}

function commit(zone: ModelZone, operations: readonly Operation[]): readonly ApiRecord[] {
  const growth = operations.reduce((sum, { kind }) => sum + (kind === 'add' ? 1 : kind === 'remove' ? -1 : 0), 0);
  if (isFree(zone) && growth > 0 && zone.records().length + growth > FREE_RECORDS)
    throw new RecordRefused(400, 81045, `Record quota exceeded: ${FREE_RECORDS} records on this plan.`);
  return zone.commit(operations).map(apiRecord);
}

function listZones(zones: readonly ModelZone[], { query }: SeenRequest, { isPageRepeated }: Mood): Reply {
  const named = zones.filter(({ apex }) => query['name'] === undefined || apex === query['name'].toLowerCase());
  const sorted = named.toSorted((a, b) => (a.apex < b.apex ? -1 : 1));
  return paged(sorted.map(apiZone), query, 20, isPageRepeated);
}

function apiZone({ apex, id, facts }: ModelZone): JsonObject {
  const at = '2026-01-01T00:00:00Z';
  return {
    id,
    name: apex,
    status: facts['status'],
    type: facts['type'],
    paused: false,
    development_mode: 0,
    name_servers: ['ada.ns.cloudflare.com', 'bob.ns.cloudflare.com'],
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    created_on: at,
    modified_on: at,
    activated_on: at,
    meta: { step: 2 },
    owner: { id: 'b'.repeat(32), type: 'user' },
    account: { id: 'a'.repeat(32), name: 'Test Account' },
    plan: { legacy_id: facts['plan'], name: `${String(facts['plan'])} plan` },
  };
}

function listRecords(zone: ModelZone, { query }: SeenRequest, { isStale, isPageRepeated }: Mood): Reply {
  const all = (isStale ? zone.staleRecords() : zone.records()).map(apiRecord);
  const tests = Object.entries(query).flatMap(([parameter, text]) => {
    const [field = '', operator = 'exact'] = parameter.split('.');
    return ['name', 'content', 'type', 'comment'].includes(field)
      ? [{ field, operator, text: text.toLowerCase() }]
      : [];
  });
  const found = all.filter((record) =>
    tests.every(({ field, operator, text }) => {
      const shown = record[field];
      const value = typeof shown === 'string' ? shown.toLowerCase() : '';
      if (operator === 'exact') return value === text;
      if (operator === 'endswith') return value.endsWith(text);
      if (operator === 'startswith') return value.startsWith(text);
      if (operator === 'contains') return value.includes(text);
      throw new Error(`the fake has no filter ${field}.${operator}`);
    }),
  );
  return paged(found, query, 100, isPageRepeated);
}

function oneRecord(zone: ModelZone, id: string): Reply {
  return single(recordOf(zone, id));
}

function paged(all: readonly unknown[], query: SeenRequest['query'], size: number, isPageRepeated: boolean): Reply {
  const perPage = Number(query['per_page'] ?? size);
  const page = Number(query['page'] ?? 1);
  const start = isPageRepeated ? 0 : (page - 1) * perPage;
  const result = all.slice(start, start + perPage);
  const total = { total_count: all.length, total_pages: Math.ceil(all.length / perPage) };
  const info = { page, per_page: perPage, count: result.length, ...total };
  return { status: 200, body: { success: true, errors: [], messages: [], result, result_info: info } };
}

function single(result: unknown): Reply {
  return { status: 200, body: { success: true, errors: [], messages: [], result } };
}

function failed({ status, code, message, chain }: Failure): Reply {
  const error = chain === undefined ? { code, message } : { code, message, error_chain: chain };
  return { status, body: { success: false, errors: [error], messages: [], result: null } };
}

function isFree({ facts }: ModelZone): boolean {
  return facts['plan'] === 'free';
}

function arrayOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(asObject) : [];
}
