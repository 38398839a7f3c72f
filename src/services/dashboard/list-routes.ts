/** Floor 3. `/journal`, `/reports`, `/reports/:id`, `/rejected`, and each as a file. */
import type { Context, Hono } from 'hono';

import type { Answers, DashboardWorld } from './answers.ts';
import { journalFile, rejectedFile, reportsFile } from './files.ts';
import { JOURNAL_ROWS, journalPage } from './journal-page.ts';
import { reportPage } from './report-page.ts';
import { rejectedPage, REPORT_ROWS, reportsPage } from './reports-page.ts';

/** As many as a spreadsheet likes. */
const FILE_ROWS = 10_000;
const REJECTED_ROWS = 200;

interface Asked {
  /** Empty: all. */
  readonly domain: string;
  readonly before: number | null;
}

export function listPages(app: Hono, world: DashboardWorld, answers: Answers): void {
  journal(app, world, answers);
  reports(app, world, answers);
  rejected(app, world, answers);
}

function journal(app: Hono, { look }: DashboardWorld, { page, file, bad }: Answers): void {
  app.get('/journal', (c) => {
    const asked = listQuery(c);
    if (typeof asked === 'string') return bad(c, asked);
    const rows = look(({ dashboard }) => dashboard.journalPage(limited(asked, JOURNAL_ROWS + 1))) ?? [];
    const entries = rows.slice(0, JOURNAL_ROWS);
    const before = rows.length > JOURNAL_ROWS ? (entries.at(-1)?.number ?? null) : null;
    const content = journalPage({ domain: asked.domain, entries, before, isFirst: asked.before === null });
    return page(c, { title: 'Journal', place: 'journal', content });
  });
  for (const format of ['csv', 'json'] as const)
    app.get(`/files/journal.${format}`, (c) => {
      const asked = listQuery(c);
      if (typeof asked === 'string') return bad(c, asked);
      const entries = look(({ dashboard }) => dashboard.journalPage(limited(asked, FILE_ROWS))) ?? [];
      return file(c, journalFile(entries), format);
    });
}

function reports(app: Hono, { look }: DashboardWorld, { page, file, bad, missing }: Answers): void {
  app.get('/reports', (c) => {
    const asked = listQuery(c);
    if (typeof asked === 'string') return bad(c, asked);
    const rows = look(({ dashboard }) => dashboard.reportsPage(limited(asked, REPORT_ROWS + 1))) ?? [];
    const shown = rows.slice(0, REPORT_ROWS);
    const before = rows.length > REPORT_ROWS ? (shown.at(-1)?.id ?? null) : null;
    const content = reportsPage({ domain: asked.domain, reports: shown, before, isFirst: asked.before === null });
    return page(c, { title: 'Reports', place: 'reports', content });
  });
  for (const format of ['csv', 'json'] as const)
    app.get(`/files/reports.${format}`, (c) => {
      const asked = listQuery(c);
      if (typeof asked === 'string') return bad(c, asked);
      const rows = look(({ dashboard }) => dashboard.reportsPage(limited(asked, FILE_ROWS))) ?? [];
      return file(c, reportsFile(rows), format);
    });
  const one = (text: string) =>
    /^[1-9]\d{0,14}$/.test(text) ? look(({ reports: reader }) => reader.report(Number(text))) : null;
  app.get('/reports/:id', (c) => {
    const report = one(c.req.param('id'));
    if (report === null) return missing(c, 'There is no report of this number.');
    return page(c, { title: `Report ${report.id}`, place: 'reports', content: reportPage(report) });
  });
  app.get('/files/:file{report-\\d+\\.json}', (c) => {
    const report = one(c.req.param('file').replaceAll(/\D/g, ''));
    if (report === null) return missing(c, 'There is no report of this number.');
    c.header('Content-Disposition', `attachment; filename="report-${report.id}.json"`);
    return c.json({ version: 1, ...report });
  });
}

function rejected(app: Hono, { look }: DashboardWorld, { page, file }: Answers): void {
  const read = (limit: number) =>
    look(({ reports: reader }) => ({ rows: reader.setAside(limit), count: reader.setAsideCount() })) ?? {
      rows: [],
      count: 0,
    };
  app.get('/rejected', (c) => {
    const { rows, count } = read(REJECTED_ROWS);
    return page(c, { title: 'Set aside', place: 'rejected', content: rejectedPage(rows, count) });
  });
  for (const format of ['csv', 'json'] as const)
    app.get(`/files/rejected.${format}`, (c) => file(c, rejectedFile(read(FILE_ROWS).rows), format));
}

/** A text is the fault. */
function listQuery(c: Context): Asked | string {
  const domain = (c.req.query('domain') ?? '').trim().toLowerCase();
  const before = c.req.query('before');
  if (domain.length > 253) return 'domain is longer than a domain can be';
  if (before !== undefined && !/^[1-9]\d{0,14}$/.test(before)) return 'before is a number';
  return { domain, before: before === undefined ? null : Number(before) };
}

function limited({ domain, before }: Asked, limit: number) {
  return { domain: domain === '' ? null : domain, before, limit };
}
