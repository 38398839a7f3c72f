/**
 * Floor 3. `/shared/TOKEN`: the page of one domain, for who has its link. It stands open to everybody, so it is an application of its own that has no other
 * page, and whatever is wrong gets a bare 404.
 */
import { Hono } from 'hono';

import { StsyncError } from '../../core/error.ts';
import { checkShareToken } from '../../core/owners/share-token.ts';
import type { DashboardWorld } from './answers.ts';
import { emptyRecord, knownDomain, readDomain } from './domain-view.ts';
import { findingsOf } from '../reports/report-findings.ts';
import { PAGE_POLICY } from './page.ts';
import { parseRange } from './range.ts';
import { sharedPage } from './shared-page.ts';
import { ICON, STYLE } from './style.ts';

export interface SharedWorld extends Pick<DashboardWorld, 'state' | 'now' | 'look' | 'ownerOf'> {
  /** Null: no link was made so far. Throws what the state throws. */
  readonly shareSecret: () => Uint8Array | null;
  /** What kept a page from being shown. */
  readonly onTrouble: (error: StsyncError) => void;
}

const HEADERS = {
  'Content-Security-Policy': PAGE_POLICY,
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex, nofollow',
};

export function sharedApp(world: SharedWorld): Hono {
  const { state, now, onTrouble } = world;
  const app = new Hono();
  app.notFound((c) => c.body(null, 404, HEADERS));
  app.onError((error, c) => {
    // The rest is a fault of stsync, and the listener logs it.
    if (!(error instanceof StsyncError)) throw error;
    onTrouble(error);
    return c.body(null, 503, HEADERS);
  });
  app.get('/shared/page.css', (c) => c.body(STYLE, 200, { ...HEADERS, 'Content-Type': 'text/css; charset=utf-8' }));
  app.get('/shared/icon.svg', (c) => c.body(ICON, 200, { ...HEADERS, 'Content-Type': 'image/svg+xml' }));
  app.get('/shared/:token', (c) => {
    const config = state().inForce?.config;
    // Where mails have no links, those of before count no more.
    const secret = (config?.reports.weekly?.link ?? null) === null ? null : world.shareSecret();
    if (secret === null) return c.notFound();
    const contactsOf = (domain: string): readonly string[] =>
      config?.domains.find((one) => one.domain === domain)?.contacts ?? [];
    const share = checkShareToken(c.req.param('token'), secret, { contactsOf, now: now() });
    const range = parseRange(c.req.query(), now());
    if (share === null || !range.ok) return c.notFound();
    return c.html(sharedPage(viewOf(share.domain, range.value, world), share), 200, HEADERS);
  });
  return app;
}

function viewOf(
  domain: string,
  range: Parameters<typeof emptyRecord>[0],
  { state, now, look, ownerOf }: SharedWorld,
): Parameters<typeof sharedPage>[0] {
  const known = knownDomain(state(), domain);
  const read = look((view) => {
    const record = readDomain(view, domain, range, ownerOf);
    const of = { plan: known.state?.plan ?? null, history: record.memory.history };
    return { record, reportFindings: findingsOf(view.reports, domain, of, { since: range.since, now: now() }) };
  });
  const { record, reportFindings } = read ?? { record: emptyRecord(range), reportFindings: [] };
  return { domain, range, known, record, reportFindings, now: now() };
}
