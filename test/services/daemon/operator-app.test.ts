import { createHmac } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import type { DaemonConfig, SourceConfig } from '../../../src/core/config/model.ts';
import { defaultDaemon } from '../../../src/core/config/shape-daemon.ts';
import { defaultReports } from '../../../src/core/config/shape-reports.ts';
import type { Status } from '../../../src/core/plan/model.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { JournalFilter, StoreReader } from '../../../src/effects/store.ts';
import { type FleetState, noFleet, type RunReason } from '../../../src/services/daemon/fleet-state.ts';
import { mayAsk } from '../../../src/services/daemon/may-ask.ts';
import { openMetrics } from '../../../src/services/daemon/metrics.ts';
import { operatorApp } from '../../../src/services/daemon/operator-app.ts';
import { configOf, planOf, stateWith } from './states.ts';

const now = new Date('2026-11-24T12:00:00Z');
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const HOUR = 3_600_000;

function fleet(
  statuses: Readonly<Record<string, Status>>,
  rest: Partial<FleetState> = {},
  daemon: Partial<DaemonConfig> = {},
): FleetState {
  const config = configOf(Object.keys(statuses), { daemon: { ...defaultDaemon, ...daemon } });
  const domains = Object.entries(statuses).map(
    ([domain, status]) => [domain, stateWith({ status, plan: planOf(domain, { status }) }, domain)] as const,
  );
  return {
    ...noFleet,
    role: 'leader',
    inForce: { config, commit: 'abc', loadedAt: ago(HOUR) },
    domains: new Map(domains),
    known: new Map(domains.map(([domain, { status, since }]) => [domain, { status, since, failures: 0 }])),
    lastGoodRunAt: ago(60_000),
    nextRunAt: new Date(now.getTime() + 900_000),
    intervalMs: 900_000,
    ...rest,
  };
}

const followedSource: SourceConfig = {
  git: 'https://git.example.net/dns.git',
  branch: 'main',
  path: '.',
  intervalSeconds: 60,
  credential: { kind: 'token', file: '/etc/stsync/token' },
  directory: '/stsync.db.source',
};

function fleetOf(source: SourceConfig): FleetState {
  return fleet({}, { inForce: { config: configOf([], { source }), commit: 'abc', loadedAt: now } });
}

interface Rig {
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly post: (path: string, body: string, headers?: Record<string, string>) => Promise<Response>;
  readonly reasons: readonly RunReason[];
  readonly lines: readonly string[];
  readonly filters: readonly JournalFilter[];
}

function rig(state: FleetState, peer = '127.0.0.1'): Rig {
  const [reasons, lines, filters]: [RunReason[], string[], JournalFilter[]] = [[], [], []];
  const note = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const store: StoreReader = {
    domains: () => [],
    memory: () => {
      throw new Error('nobody asked');
    },
    journal: (filter) => {
      filters.push(filter);
      return [];
    },
    domainStates: () => new Map(),
    lastGoodRunAt: () => null,
    policyBody: () => null,
    certificate: () => null,
    certificates: () => [],
    orderQueue: () => null,
    reportFacts: () => null,
    close: () => undefined,
  };
  const calls = [{ provider: 'main', operation: 'read', outcome: 'PROVIDER_BUSY', count: 3 }] as const;
  const endsFirstAt = new Date(now.getTime() + 86_400_000);
  const certificates = { held: 5, missing: 2, failing: 1, endsFirstAt, issued: 7, failed: 3 };
  const app = operatorApp({
    state: () => state,
    trigger: (reason) => reasons.push(reason),
    metrics: openMetrics(
      () => state,
      { calls: () => calls, certificates: () => certificates, reports: () => null, now: () => now },
      '1.2.3',
    ),
    log: { debug: note, info: note, warn: note, error: note, hide: () => undefined },
    now: () => now,
    openStore: () => store,
    dashboard: async () => (request) =>
      new Response(`dashboard ${new URL(request.url).pathname}`, {
        headers: { 'Content-Security-Policy': 'of the page' },
      }),
    shared: async () => (request) => new Response(`shared ${new URL(request.url).pathname}`),
    mayAsk,
  });
  const ask = async (path: string, init: RequestInit): Promise<Response> =>
    app.fetch(new Request(`http://localhost${path}`, init), { peer });
  return {
    get: (path, headers = {}) => ask(path, { headers: { host: 'localhost:9780', ...headers } }),
    post: (path, body, headers = {}) => ask(path, { method: 'POST', body, headers }),
    reasons,
    lines,
    filters,
  };
}

async function textAt(path: string, state: FleetState): Promise<string> {
  return (await rig(state).get(path)).text();
}

async function sourceTold(state: FleetState): Promise<unknown> {
  const { source }: { readonly source: unknown } = JSON.parse(await textAt('/api/v1/status', state));
  return source;
}

/** The last run was the good one, or one of an hour ago that was none; the next is a day after that. */
function daily(lastGoodRunAt: Date): Partial<FleetState> {
  const startedAt = lastGoodRunAt > ago(24 * HOUR) ? lastGoodRunAt : ago(HOUR);
  const lastRun = { startedAt, endedAt: startedAt, reason: 'schedule', error: null } as const;
  return { lastGoodRunAt, lastRun, nextRunAt: new Date(startedAt.getTime() + 24 * HOUR), intervalMs: 24 * HOUR };
}

describe('health', () => {
  it('of the process is ok whatever else is', async () => {
    const response = await rig({ ...noFleet }, '203.0.113.9').get('/healthz');
    expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
  });

  it.each<[string, Partial<FleetState>, number]>([
    ['worked a minute ago', {}, 200],
    ['has sick domains', { domains: new Map([['a.example', stateWith({ status: 'failed' }, 'a.example')]]) }, 200],
    ['has refused the newest config', { refused: { faults: [], message: 'x', commit: null, at: now } }, 200],
    ['stands by', { role: 'standby', lastGoodRunAt: null }, 200],
    ['has not worked yet', { lastGoodRunAt: null }, 503],
    ['stops', { role: 'stopping' }, 503],
    ['has no config', { inForce: null }, 503],
    ['has not worked for long', { lastGoodRunAt: ago(2 * HOUR) }, 503],
    ['works once a day, and does so in a minute', daily(ago(24 * HOUR - 60_000)), 200],
    ['works once a day, and has had no good run for three', daily(ago(73 * HOUR)), 503],
    ['works at eight and at nine, late in the evening', { ...daily(ago(14 * HOUR)), intervalMs: HOUR }, 200],
  ])('of a daemon that %s: %#', async (_, rest, status) => {
    const response = await rig(fleet({}, rest)).get('/readyz');
    expect(response.status).toBe(status);
    // A stranger learns nothing else.
    expect(await response.text()).toBe(status === 200 ? 'ready\n' : 'not ready\n');
  });
});

describe('the API', () => {
  it('shows domains, worst or all, a page at a time', async () => {
    const { get } = rig(fleet({ 'a.example': 'in sync', 'b.example': 'failed', 'c.example': 'failed' }));
    const page = await (await get('/api/v1/domains?status=failed&limit=1')).json();
    expect(page).toMatchObject({ version: 1, domains: [{ domain: 'b.example', status: 'failed' }], next: 'b.example' });
    const rest = await (await get('/api/v1/domains?status=failed&limit=1&after=b.example')).json();
    expect(rest).toMatchObject({ domains: [{ domain: 'c.example' }], next: null });
    expect((await get('/api/v1/domains/b.example')).status).toBe(200);
    expect((await get('/api/v1/domains/x.example')).status).toBe(404);
  });

  it.each([
    '/api/v1/domains?status=ill',
    '/api/v1/domains?limit=0',
    '/api/v1/domains?limit=9999',
    '/api/v1/journal?limit=-1',
  ])('says what is wrong with %s', async (path) => {
    const response = await rig(fleet({})).get(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: expect.stringMatching(/is (one of|a number)/) });
  });

  it('shows the plan in the form of a run', async () => {
    const plan = await (await rig(fleet({ 'a.example': 'drift' })).get('/api/v1/plan')).json();
    expect(plan).toMatchObject({ version: 1, summary: { domains: 1, drift: 1 }, domains: [{ domain: 'a.example' }] });
  });

  it('shows the journal, of one domain if asked', async () => {
    const { get, filters } = rig(fleet({}));
    expect(await (await get('/api/v1/journal?domain=a.example&limit=5')).json()).toEqual({ version: 1, entries: [] });
    expect(filters).toEqual([{ domain: 'a.example', limit: 5 }]);
  });

  it('says which config is in force, and why not the newest', async () => {
    const refused = { faults: [], message: 'domains.yaml:3:1: UNKNOWN_KEY', commit: 'def', at: now };
    expect(await (await rig(fleet({}, { refused })).get('/api/v1/status')).json()).toMatchObject({
      role: 'leader',
      config: { commit: 'abc' },
      refused: { commit: 'def', message: 'domains.yaml:3:1: UNKNOWN_KEY' },
    });
  });

  it('says which repository is followed, and whether it can be', async () => {
    const sourceFailure = { message: 'SOURCE_UNREACHABLE no', since: ago(HOUR), failures: 3 };
    const followed = fleetOf(followedSource);
    const { git, branch } = followedSource;
    expect(await sourceTold(fleet({}))).toBeNull();
    expect(await sourceTold(followed)).toEqual({ git, branch, failure: null });
    const failure = { ...sourceFailure, since: sourceFailure.since.toISOString() };
    expect(await sourceTold({ ...followed, sourceFailure })).toEqual({ git, branch, failure });
  });

  it('lets nothing be stored, framed or run', async () => {
    const { headers } = await rig(fleet({})).get('/api/v1/status');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('has no other pages', async () => {
    const response = await rig(fleet({})).get('/nothing');
    expect([response.status, await response.text()]).toEqual([404, '']);
  });
});

describe('metrics', () => {
  it('count domains by status, calls to providers, and what is in force', async () => {
    const refused = { faults: [], message: 'x', commit: null, at: now };
    const { get } = rig(fleet({ 'a.example': 'failed', 'b.example': 'in sync' }, { refused }));
    const text = await (await get('/metrics')).text();
    expect(text).toContain('stsync_domains{status="failed"} 1');
    expect(text).toContain('stsync_domains{status="held"} 0');
    for (const [state, count] of Object.entries({ held: 5, missing: 2, failing: 1 }))
      expect(text).toContain(`stsync_certificates{state="${state}"} ${count}\n`);
    expect(text).toContain('stsync_certificate_expiry_seconds 86400\n');
    expect(text).toContain('stsync_acme_orders_total{result="failed"} 3\n');
    expect(text).toContain('stsync_provider_calls_total{provider="main",operation="read",outcome="PROVIDER_BUSY"} 3');
    expect(text).toMatch(/^stsync_config_refused 1$/m);
    expect(text).toContain(`stsync_last_sync_timestamp_seconds ${ago(60_000).getTime() / 1000}`);
    expect(text).toContain('stsync_build_info{version="1.2.3"} 1');
    expect(text).not.toContain('a.example');
    // A counter that is set anew at each scrape does not grow by being looked at.
    expect(await (await get('/metrics')).text()).toContain('outcome="PROVIDER_BUSY"} 3');
  });

  it('say whether the repository can be followed, where there is one', async () => {
    const sourceFailure = { message: 'SOURCE_UNREACHABLE no', since: now, failures: 1 };
    expect(await textAt('/metrics', fleet({}))).not.toMatch(/^stsync_source_failed /m);
    expect(await textAt('/metrics', fleetOf(followedSource))).toMatch(/^stsync_source_failed 0$/m);
    expect(await textAt('/metrics', { ...fleetOf(followedSource), sourceFailure })).toMatch(
      /^stsync_source_failed 1$/m,
    );
  });

  it('name domains only where that is asked for, and a thousand at most', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`d${at}.example`, 'in sync' as const]));
    const text = await (await rig(fleet(many, {}, { domainMetrics: true })).get('/metrics')).text();
    expect(text.match(/^stsync_domain_status\{/gm)).toHaveLength(1_000);
  });
});

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

describe('who may ask', () => {
  const token = { type: 'token', token: new Secret('a-long-token') } as const;
  const header = { type: 'header', header: 'x-forwarded-user', from: ['10.0.0.0/30'] } as const;

  it.each<[string, Partial<DaemonConfig>, string, Record<string, string>, number]>([
    ['loopback', {}, '127.0.0.1', {}, 200],
    ['loopback by IPv6', {}, '::1', { host: '[::1]:9780' }, 200],
    ['loopback through an IPv6 socket', {}, '::ffff:127.0.0.1', { host: '127.0.0.1:9780' }, 200],
    ['another machine', {}, '192.0.2.1', {}, 403],
    ['a page that a browser took for ours (DNS rebinding)', {}, '127.0.0.1', { host: 'evil.example:9780' }, 403],
    ['the token', { auth: token }, '192.0.2.1', { authorization: 'Bearer a-long-token' }, 200],
    ['the token as password', { auth: token }, '192.0.2.1', { authorization: basic('ops:a-long-token') }, 200],
    ['another token', { auth: token }, '127.0.0.1', { authorization: 'Bearer a-long-toke' }, 401],
    ['no token, even on loopback', { auth: token }, '127.0.0.1', {}, 401],
    ['the proxy with a user', { auth: header }, '10.0.0.2', { 'x-forwarded-user': 'ann' }, 200],
    ['the proxy without a user', { auth: header }, '10.0.0.2', {}, 403],
    ['somebody who writes the header', { auth: header }, '10.0.0.4', { 'x-forwarded-user': 'ann' }, 403],
  ])('%s', async (_, daemon, peer, headers, status) => {
    const { get } = rig(fleet({ 'a.example': 'failed' }, {}, daemon), peer);
    for (const path of ['/api/v1/domains', '/metrics', '/api/v1/journal'])
      expect((await get(path, headers)).status).toBe(status);
    expect((await get('/healthz', headers)).status).toBe(200);
  });
});

describe('the dashboard', () => {
  const paths = [
    '/',
    '/domains/example.com',
    '/reports',
    '/reports/1',
    '/rejected',
    '/journal',
    '/files/fleet.csv',
    '/assets/dashboard.css',
  ];

  it.each(paths)('answers %s, with a policy of its own beside the headers of all', async (path) => {
    const response = await rig(fleet({})).get(path);
    expect([response.status, await response.text()]).toEqual([200, `dashboard ${path}`]);
    expect(response.headers.get('content-security-policy')).toBe('of the page');
    expect([response.headers.get('cache-control'), response.headers.get('x-content-type-options')]).toEqual([
      'no-store',
      'nosniff',
    ]);
  });

  it.each(paths)('shows %s to nobody who may not ask', async (path) => {
    const response = await rig(fleet({}), '203.0.113.9').get(path);
    expect([response.status, await response.text()]).toEqual([403, '']);
  });
});

function withLink(link: string | null): FleetState {
  const weekly = { from: 'a@example.net', server: null, on: 'monday', at: '08:00', link } as const;
  const config = configOf([], { reports: { ...defaultReports, weekly } });
  return fleet({}, { inForce: { config, commit: null, loadedAt: now } });
}

describe('the pages of owners', () => {
  it('are open to everybody, where mails have links to them', async () => {
    const response = await rig(withLink('https://dash.example.net'), '203.0.113.9').get('/shared/token');
    expect([response.status, await response.text()]).toEqual([200, 'shared /shared/token']);
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect((await rig(withLink(null)).get('/shared/token')).status).toBe(404);
    expect((await rig(fleet({})).get('/shared/token')).status).toBe(404);
  });

  it.each(['/shared/../domains/example.com', '/shared/%2e%2e/journal', '/Shared/x', '//shared/x'])(
    'are no way to others: %s',
    async (path) => {
      const response = await rig(withLink('https://dash.example.net'), '203.0.113.9').get(path);
      expect([await response.text(), response.status]).toEqual(['', expect.toBeOneOf([403, 404])]);
    },
  );
});

describe('a web hook', () => {
  const hooks = { secret: new Secret('hook-secret') };
  const body = '{"ref":"refs/heads/main"}';
  const signature = `sha256=${createHmac('sha256', 'hook-secret').update(body).digest('hex')}`;

  it('that is signed asks for a run', async () => {
    const { post, reasons } = rig(fleet({}, {}, { hooks }), '203.0.113.9');
    expect((await post('/hooks/git', body, { 'x-hub-signature-256': signature })).status).toBe(202);
    expect(reasons).toEqual(['hook']);
  });

  it.each<[string, string, Record<string, string>, number]>([
    ['of another body', `${body} `, { 'x-hub-signature-256': signature }, 401],
    ['without a signature', body, {}, 401],
    ['that is too large', 'x'.repeat(5_000_001), { 'x-hub-signature-256': signature }, 413],
  ])('%s asks for nothing', async (_, sent, headers, status) => {
    const { post, reasons, lines } = rig(fleet({}, {}, { hooks }));
    expect((await post('/hooks/git', sent, headers)).status).toBe(status);
    expect(reasons).toEqual([]);
    expect(lines.join('\n')).not.toContain('hook-secret');
  });

  it('is no page where none is set up, or for who only looks', async () => {
    expect((await rig(fleet({})).post('/hooks/git', body, { 'x-hub-signature-256': signature })).status).toBe(404);
    expect((await rig(fleet({}, {}, { hooks })).get('/hooks/git')).status).toBe(404);
  });
});
