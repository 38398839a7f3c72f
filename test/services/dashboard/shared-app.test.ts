import { describe, expect, it } from 'vitest';

import { defaultReports } from '../../../src/core/config/shape-reports.ts';
import { byCodePoint } from '../../../src/core/names.ts';
import { shareToken } from '../../../src/core/owners/share-token.ts';
import { StsyncError } from '../../../src/core/error.ts';
import { sharedApp, type SharedWorld } from '../../../src/services/dashboard/shared-app.ts';
import { openStore } from '../../../src/effects/store-sqlite.ts';
import { weekly } from '../owners/weekly-rig.ts';
import { configOf } from '../daemon/states.ts';
import { wantedDomain } from '../../support/world.ts';
import { keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { worldWith } from './rig.ts';

const now = new Date('2026-11-24T12:04:00Z');
const secret = new Uint8Array(32).fill(1);
const endsAt = new Date(now.getTime() + 86_400_000);
const tokenOf = (domain: string, contact = 'ann@owner.example', end = endsAt): string =>
  shareToken(secret, { domain, endsAt: end }, contact);

function world(rest: Partial<SharedWorld> = {}): SharedWorld {
  const report = keptReport({
    verdict: 'dkim',
    proof: { domain: 'sender.example', selector: 's', algorithm: 'rsa-sha256' },
    dateRange: { start: new Date('2026-11-22T00:00:00Z'), end: new Date('2026-11-22T23:59:59Z') },
    domain: 'a.example',
    policies: [policyOf({ policyDomain: 'a.example' })],
  });
  const findings = [
    { code: 'MX_STARTTLS', severity: 'error', message: 'mx1.a.example offers no STARTTLS', hint: 'use --allow' },
    { code: 'GUARD_HOLDS', severity: 'error', message: 'a.example and b.example share a name', hint: null },
    { code: 'STEP_FAILED', severity: 'error', message: 'https://api.provider.example said 500', hint: null },
  ] as const;
  const base = worldWith({ 'a.example': { findings }, 'b.example': {} }, [{ kind: 'keep', report, clears: 'x' }]);
  const store = openStore(base.path);
  const step = { at: now, domain: 'a.example', kind: 'upsert', name: '_mta-sts.a.example', type: 'TXT' } as const;
  const number = store.beginStep({
    ...step,
    before: null,
    after: ['v=STSv1; id=1'],
    reason: 'the policy is new',
    commit: 'c0ffee',
  });
  store.endStep(number, 'failed', 'the provider said: zone b.example is busy');
  store.close();
  const config = configOf([], {
    reports: { ...defaultReports, weekly: { ...weekly, link: 'https://dash.example.net' } },
    domains: ['a.example', 'b.example'].map((domain) => wantedDomain(domain, { contacts: ['ann@owner.example'] })),
  });
  const inForce = { config, commit: 'c0ffee', loadedAt: now };
  const refused = { faults: [], message: 'b.example is wrong', commit: null, at: now };
  return {
    ...base,
    state: () => ({ ...base.state(), inForce, refused }),
    now: () => now,
    shareSecret: () => secret,
    ...rest,
  };
}

function busy(): never {
  throw new StsyncError('LOCKED', '/var/lib/stsync.db is busy', { retryable: true });
}

async function get(path: string, of = world(), method = 'GET'): Promise<Response> {
  return sharedApp(of).request(path, { method });
}

describe('the page of an owner', () => {
  it('shows the one domain, and leads nowhere else', async () => {
    const response = await get(`/shared/${tokenOf('a.example')}`);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(html).toContain('<h1>a.example</h1>');
    expect(html).toContain('7 sessions in 1 report of 1 reporter');
    const targets = [...html.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, target = '']) => target);
    expect([...new Set(targets)].toSorted(byCodePoint)).toEqual([
      '?days=30',
      '?days=7',
      '?days=90',
      'icon.svg',
      'page.css',
    ]);
    expect(html).not.toMatch(/<form|<script|Fleet|Journal/);
  });

  it('has nothing of another domain, and of the operator only what owners need', async () => {
    const html = await (await get(`/shared/${tokenOf('a.example')}`)).text();
    expect(html).toContain('mx1.a.example offers no STARTTLS');
    expect(html).toContain('Yours to fix. Look at STARTTLS');
    expect(html).toContain('the policy is new');
    expect(html).not.toMatch(/b\.example|provider|--allow|c0ffee|stsync check/);
  });

  it('is kept out of search engines, caches of links and frames', async () => {
    const { headers } = await get(`/shared/${tokenOf('a.example')}`);
    expect(headers.get('x-robots-tag')).toBe('noindex, nofollow');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  });

  it('follows the days that are asked for', async () => {
    const html = await (await get(`/shared/${tokenOf('a.example')}?days=7`)).text();
    expect(html).toMatch(/<a href="\?days=7" aria-current="true">/);
  });

  it.each([
    ['an altered token', `/shared/${tokenOf('a.example').slice(0, -1)}`],
    ['a token that ended', `/shared/${tokenOf('a.example', 'ann@owner.example', now)}`],
    ['a token of who is no contact', `/shared/${tokenOf('a.example', 'eve@owner.example')}`],
    ['a domain that is not there', `/shared/${tokenOf('c.example')}`],
    ['no token', '/shared/'],
    ['days that are none', `/shared/${tokenOf('a.example')}?days=x`],
    ['something behind the token', `/shared/${tokenOf('a.example')}/domains/b.example`],
    ['another page', '/domains/a.example'],
    ['the fleet', '/'],
  ])('is not there for %s', async (_title, path) => {
    const response = await get(path);
    expect([response.status, await response.text()]).toEqual([404, '']);
  });

  it('takes nothing but GET', async () => {
    expect((await get(`/shared/${tokenOf('a.example')}`, world(), 'POST')).status).toBe(404);
  });

  it('is not there before there is a secret, and where mails have no links any more', async () => {
    const path = `/shared/${tokenOf('a.example')}`;
    expect((await get(path, world({ shareSecret: () => null }))).status).toBe(404);
    const base = world();
    const { inForce } = base.state();
    const config = configOf([], { domains: inForce?.config.domains ?? [], reports: { ...defaultReports, weekly } });
    const state = { ...base.state(), inForce: { config, commit: null, loadedAt: now } };
    expect((await get(path, { ...base, state: () => state })).status).toBe(404);
  });

  it('tells a stranger nothing of a state that cannot be read', async () => {
    const troubles: string[] = [];
    const of = world({ look: busy, onTrouble: ({ code }) => troubles.push(code) });
    const response = await get(`/shared/${tokenOf('a.example')}`, of);
    expect([response.status, await response.text(), troubles]).toEqual([503, '', ['LOCKED']]);
  });

  it('brings its style and its icon', async () => {
    expect((await get('/shared/page.css')).headers.get('content-type')).toContain('text/css');
    expect((await get('/shared/icon.svg')).headers.get('content-type')).toBe('image/svg+xml');
  });
});
