/**
 * Floor 3. The addresses of the dashboard. It only reads, each page takes the state in one look, and all works without a script. Who may ask is decided
 * before (`operator-app.ts`).
 */
import { createHash } from 'node:crypto';

import { Hono } from 'hono';

import { StsyncError } from '../../core/error.ts';
import type { Answers, DashboardWorld } from './answers.ts';
import { domainPages } from './domain-routes.ts';
import { renderFile } from './file-table.ts';
import { openFleetFigures } from './fleet-figures.ts';
import { fleetPages } from './fleet-routes.ts';
import { listPages } from './list-routes.ts';
import { markup } from './markup.ts';
import { type Page, PAGE_POLICY, renderPage } from './page.ts';
import { emptyNote, heading } from './parts.ts';
import { ICON, STYLE } from './style.ts';

export function dashboardApp(world: DashboardWorld): Hono {
  const app = new Hono();
  const answers = answersOf(world);
  const figures = openFleetFigures(world);
  app.notFound((c) => answers.missing(c, 'There is no such page.'));
  app.onError((error, c) => {
    // The rest is a fault of stsync, and the listener logs it.
    if (!(error instanceof StsyncError)) throw error;
    const shown = markup`${heading('The state cannot be read')}${emptyNote(`${error.code} ${error.message}`)}${error.hint === undefined ? '' : markup`<p class="lead">${error.hint}</p>`}`;
    const text = renderPage(
      { title: 'The state cannot be read', place: null, content: shown },
      world.state(),
      world.now(),
    );
    return c.html(text, 503, { 'Content-Security-Policy': PAGE_POLICY });
  });
  fleetPages(app, world, answers, figures);
  domainPages(app, world, answers);
  listPages(app, world, answers);
  asset(app, '/assets/dashboard.css', 'text/css; charset=utf-8', STYLE);
  asset(app, '/favicon.ico', 'image/svg+xml', ICON);
  return app;
}

function answersOf({ state, now }: DashboardWorld): Answers {
  const page: Answers['page'] = (c, shown, status = 200) =>
    c.html(renderPage(shown, state(), now()), status, { 'Content-Security-Policy': PAGE_POLICY });
  return {
    page,
    bad: (c, message) => page(c, note('Bad address', message), 400),
    missing: (c, message) => page(c, note('Not found', message), 404),
    file: (c, table, format) => {
      // Names of domains and words of ours, nothing else.
      const name = table.name.replaceAll(/[^\w.-]/g, '_');
      return c.body(renderFile(table, format), 200, {
        'Content-Type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json',
        'Content-Disposition': `attachment; filename="${name}.${format}"`,
      });
    },
  };
}

function note(title: string, message: string): Page {
  return {
    title,
    place: null,
    content: markup`${heading(title)}${emptyNote(message)}<p><a href="/">To the fleet</a></p>`,
  };
}

/** Asked for with each page, and sent once. */
function asset(app: Hono, path: string, type: string, text: string): void {
  const tag = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
  app.get(path, (c) => {
    const headers = { 'Content-Type': type, ETag: tag, 'Cache-Control': 'private, no-cache' };
    return c.req.header('if-none-match') === tag ? c.body(null, 304, headers) : c.body(text, 200, headers);
  });
}
