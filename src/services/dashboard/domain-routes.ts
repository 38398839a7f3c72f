/** Floor 3. `/domains/:domain` and the tables of that page as files. */
import type { Hono } from 'hono';

import { dimensions } from '../../core/reports/dimensions.ts';
import type { Answers, DashboardWorld } from './answers.ts';
import { domainPage } from './domain-page.ts';
import { emptyRecord, type DomainRecord, type KnownDomain, knownDomain, readDomain } from './domain-view.ts';
import { domainFile, type FileOf } from './files.ts';
import { findingsOf } from '../reports/report-findings.ts';
import { parseRange } from './range.ts';

const fileKinds = [...dimensions, 'held'] as const satisfies readonly FileOf[];

export function domainPages(app: Hono, world: DashboardWorld, { page, file, bad, missing }: Answers): void {
  const { state, now, look } = world;
  app.get('/domains/:domain', (c) => {
    const domain = c.req.param('domain').toLowerCase();
    const range = parseRange(c.req.query(), now());
    if (!range.ok) return bad(c, range.message);
    const known = knownDomain(state(), domain);
    const read = look((view) => {
      const record = readDomain(view, domain, range.value, world.ownerOf);
      const asked = { since: range.value.since, now: now() };
      const of = { plan: known.state?.plan ?? null, history: record.memory.history };
      return { record, reportFindings: findingsOf(view.reports, domain, of, asked) };
    });
    const { record, reportFindings } = read ?? { record: emptyRecord(range.value), reportFindings: [] };
    if (!isAnything(known, record)) return missing(c, 'stsync knows no such domain.');
    const content = domainPage({
      domain,
      range: range.value,
      known,
      record,
      reportFindings,
      now: now(),
      isShared: false,
    });
    return page(c, { title: domain, place: null, content });
  });
  for (const format of ['csv', 'json'] as const) {
    app.get(`/domains/:domain/reports.${format}`, (c) => {
      const range = parseRange(c.req.query(), now());
      if (!range.ok) return bad(c, range.message);
      const by = fileKinds.find((kind) => kind === (c.req.query('by') ?? 'result'));
      if (by === undefined) return bad(c, `by is one of: ${fileKinds.join(', ')}`);
      const domain = c.req.param('domain').toLowerCase();
      const table = look((view) => domainFile(view, domain, range.value, by));
      return table === null ? missing(c, 'No report has come so far.') : file(c, table, format);
    });
  }
}

function isAnything({ wanted, state, known, isOrphan }: KnownDomain, { entries, reports }: DomainRecord): boolean {
  return wanted !== null || state !== null || known !== null || isOrphan || entries.length + reports.length > 0;
}
