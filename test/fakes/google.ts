/**
 * Google Cloud DNS v1 as far as stsync uses it, over the zone model, with the token endpoint that its login goes to. Every request and answer
 * is judged by the discovery document. Changes may stay `pending`; then name servers say the old data until they are done.
 */
import { createVerify } from 'node:crypto';

import type { RecordSet } from '../../src/core/record-set.ts';
import type { Certificate } from '../support/ca.ts';
import { openApiOf } from './discovery.ts';
import { startFakeServer, type FakeServer, type Mood, type Reply, type SeenRequest, type Skin } from './fake-server.ts';
import { ChangeRefused, commitChange, setsOf } from './google-changes.ts';
import { asObject, loadSpec, openJudge, type JsonObject } from './openapi.ts';
import { ZoneModel, type ModelZone } from './zone-model.ts';

/** What the owner of a token may do. */
export interface GoogleRights {
  readonly canRead: boolean;
  readonly canChange: boolean;
}

export interface GoogleZone {
  /** The zone's own name in the project; made from the DNS name where it is left out. */
  readonly resource?: string;
  readonly visibility?: 'public' | 'private';
  readonly isForwarding?: boolean;
}

/** What a test may change at any time. */
export interface GoogleSettings {
  /** By access token. */
  readonly tokens: Map<string, GoogleRights>;
  /** PEM of the public key of a service account; null: none is known. */
  serviceAccountKey: string | null;
  /** Changes are `pending` for so many looks at them. */
  pendingLooks: number;
  /** How many zones or sets a page has at most. */
  pageSize: number;
}

export interface GoogleFake extends FakeServer {
  readonly model: ZoneModel;
  readonly project: string;
  readonly settings: GoogleSettings;
  readonly violations: readonly string[];
  addZone(apex: string, records?: readonly RecordSet[], facts?: GoogleZone): ModelZone;
}

interface State {
  readonly model: ZoneModel;
  readonly settings: GoogleSettings;
  /** By id: the answer, and how many looks see it pending. */
  readonly changes: Map<string, { readonly zone: ModelZone; readonly change: JsonObject; looks: number }>;
}

/** What the token endpoint gives out; a test greps all output for it. */
export const FAKE_ACCESS_TOKEN = 'ya29.fake-google-access-token-Zk4Qw8Rt2Yp6';
const PROJECT = 'mail-project-1';

const judge = openJudge(openApiOf(loadSpec('google-dns.discovery.json')), '', []);

export async function startGoogle(tls: Certificate | null = null): Promise<GoogleFake> {
  const violations: string[] = [];
  const settings: GoogleSettings = {
    tokens: new Map([[FAKE_ACCESS_TOKEN, { canRead: true, canChange: true }]]),
    serviceAccountKey: null,
    pendingLooks: 0,
    pageSize: 100,
  };
  const state: State = { model: new ZoneModel(), settings, changes: new Map() };
  const skin: Skin = {
    answer(request, authorization, mood) {
      if (request.path === '/token') return tokenReply(request);
      const faults = judge.request(request);
      violations.push(...faults);
      const reply =
        faults.length > 0
          ? failed(400, 'badRequest', `Invalid JSON payload received. ${faults.join('; ')}`)
          : answerRequest(state, request, authorization, mood);
      violations.push(...judge.reply(request, reply));
      return reply;
    },
    busy: (seconds) => ({
      ...failed(403, 'rateLimitExceeded', 'Rate Limit Exceeded'),
      ...(seconds === null ? {} : { headers: { 'retry-after': String(seconds) } }),
    }),
    broken: (status) => failed(status, 'backendError', 'Backend Error'),
    // There is no envelope: an error under a status that says yes is the nearest.
    unsuccessful: () => ({ ...failed(500, 'backendError', 'Backend Error'), status: 200 }),
  };
  const server = await startFakeServer(skin, tls);
  const stopServer = server.stop.bind(server);
  const stop = async (): Promise<void> => {
    await stopServer();
    if (violations.length > 0) throw new Error(`not as Google describes it:\n${violations.join('\n')}`);
  };
  return Object.assign(server, {
    model: state.model,
    project: PROJECT,
    settings,
    violations,
    addZone: (apex: string, records: readonly RecordSet[] = [], facts: GoogleZone = {}) =>
      state.model.addZone(apex, records, {
        resource: apex.replaceAll('.', '-'),
        visibility: 'public',
        isForwarding: false,
        ...facts,
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  });
}

/** RFC 8693 §2.2: what a workload's own token is exchanged for. */
function tokenReply({ method, body }: SeenRequest): Reply {
  const form = new URLSearchParams(typeof body === 'string' ? body : '');
  if (method !== 'POST' || form.get('subject_token') === null)
    return { status: 400, body: { error: 'invalid_request', error_description: 'no subject token' } };
  if (form.get('subject_token') !== 'workload')
    return { status: 400, body: { error: 'invalid_grant', error_description: 'The given credential is rejected.' } };
  const issued = 'urn:ietf:params:oauth:token-type:access_token';
  return {
    status: 200,
    body: { access_token: FAKE_ACCESS_TOKEN, issued_token_type: issued, token_type: 'Bearer', expires_in: 3600 },
  };
}

function answerRequest(state: State, request: SeenRequest, authorization: string | null, mood: Mood): Reply {
  const rights = rightsOf(state.settings, authorization);
  if (rights === null) {
    const what = 'Request had invalid authentication credentials. Expected OAuth 2 access token.';
    return failed(401, 'authError', what);
  }
  const [, project, rest = ''] = /^\/dns\/v1\/projects\/([^/]+)\/managedZones(.*)$/.exec(request.path) ?? [];
  if (project !== PROJECT || !rights.canRead) return failed(403, 'forbidden', 'Forbidden');
  if (rest === '') return listZones(state, request, mood);
  const [, resource, kind, id] = /^\/([^/]+)\/(rrsets|changes)(?:\/([^/]+))?$/.exec(rest) ?? [];
  const zone = state.model.zones().find(({ facts }) => facts['resource'] === resource);
  if (zone === undefined) {
    return failed(404, 'notFound', `The 'parameters.managedZone' resource named '${String(resource)}' does not exist.`);
  }
  if (kind === 'rrsets') return listSets(state, zone, request, mood);
  if (id !== undefined) return lookAtChange(state, id);
  return rights.canChange ? makeChange(state, zone, request) : failed(403, 'forbidden', 'Forbidden');
}

/** An access token, or a JWT that a service account signed itself (RFC 7519), whose scope is that of Cloud DNS. */
function rightsOf({ tokens, serviceAccountKey }: GoogleSettings, authorization: string | null): GoogleRights | null {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
  const known = tokens.get(token);
  if (known !== undefined || serviceAccountKey === null) return known ?? null;
  const [head = '', claims = '', signature = ''] = token.split('.');
  const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`);
  if (!verify.verify(serviceAccountKey, Buffer.from(signature, 'base64url'))) return null;
  const { scope, exp } = asObject(JSON.parse(Buffer.from(claims, 'base64url').toString()));
  const isValid = String(scope).includes('/auth/ndev.clouddns.readwrite') && Number(exp) * 1000 > Date.now();
  return isValid ? { canRead: true, canChange: true } : null;
}

function listZones({ model, settings }: State, { query }: SeenRequest, { isPageRepeated }: Mood): Reply {
  const zones = model.zones().filter(({ apex }) => query['dnsName'] === undefined || query['dnsName'] === `${apex}.`);
  const { items, next } = paged(zones, query, settings.pageSize, isPageRepeated);
  const managedZones = items.map(({ apex, id, facts }) => ({
    kind: 'dns#managedZone',
    id: BigInt(`0x${id}`).toString(),
    name: facts['resource'],
    dnsName: `${apex}.`,
    description: '',
    visibility: facts['visibility'],
    nameServers: ['ns-cloud-a1.googledomains.com.', 'ns-cloud-a2.googledomains.com.'],
    creationTime: '2026-01-01T00:00:00.000Z',
    ...(facts['isForwarding'] === true
      ? { forwardingConfig: { targetNameServers: [{ ipv4Address: '192.0.2.53' }] } }
      : {}),
  }));
  return { status: 200, body: { kind: 'dns#managedZonesListResponse', managedZones, ...next } };
}

function listSets({ settings }: State, zone: ModelZone, { query }: SeenRequest, mood: Mood): Reply {
  const { name, type, filter } = query;
  if (type !== undefined && name === undefined)
    return failed(400, 'invalid', "The 'type' parameter is only allowed together with 'name'.");
  if (filter !== undefined && name !== undefined)
    return failed(400, 'invalid', "The 'filter' parameter is not allowed together with 'name'.");
  const suffix = /^name=has_suffix\("(.+)"\)$/.exec(filter ?? '')?.[1];
  if (filter !== undefined && suffix === undefined)
    return failed(400, 'invalid', `Invalid value for 'filter': ${filter}`);
  const all = setsOf(zone, mood.isStale ? zone.staleRecords() : zone.records()).filter(
    (set) =>
      (name === undefined || set.name === name) &&
      (type === undefined || set.type === type) &&
      (suffix === undefined || set.name.endsWith(suffix)),
  );
  const { items, next } = paged(all, query, settings.pageSize, mood.isPageRepeated);
  return { status: 200, body: { kind: 'dns#resourceRecordSetsListResponse', rrsets: items, ...next } };
}

function makeChange({ settings, changes }: State, zone: ModelZone, { body }: SeenRequest): Reply {
  const { additions, deletions } = asObject(body);
  const isPending = settings.pendingLooks > 0;
  if (isPending) zone.isHeld = true;
  try {
    commitChange(zone, { additions, deletions });
  } catch (error) {
    if (!(error instanceof ChangeRefused)) throw error;
    return failed(error.status, error.reason, error.message);
  }
  const id = String(changes.size + 1);
  const change = { kind: 'dns#change', id, additions, deletions, startTime: '2026-01-01T00:00:00.000Z' };
  changes.set(id, { zone, change, looks: settings.pendingLooks });
  return { status: 200, body: { ...change, status: isPending ? 'pending' : 'done', isServing: false } };
}

function lookAtChange({ changes }: State, id: string): Reply {
  const known = changes.get(id);
  if (known === undefined)
    return failed(404, 'notFound', `The 'parameters.changeId' resource named '${id}' does not exist.`);
  known.looks -= 1;
  if (known.looks > 0) return { status: 200, body: { ...known.change, status: 'pending' } };
  known.zone.isHeld = false;
  known.zone.publish();
  return { status: 200, body: { ...known.change, status: 'done' } };
}

function paged<T>(
  all: readonly T[],
  query: SeenRequest['query'],
  size: number,
  isRepeated: boolean,
): { readonly items: readonly T[]; readonly next: { readonly nextPageToken?: string } } {
  const start = isRepeated ? 0 : Number(query['pageToken'] ?? 0);
  const end = start + Math.min(size, Number(query['maxResults'] ?? size));
  return { items: all.slice(start, end), next: end < all.length ? { nextPageToken: String(end) } : {} };
}

function failed(status: number, reason: string, message: string): Reply {
  return { status, body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } } };
}
