/** Floor 3. `/` and the fleet as a file. */
import type { Context, Hono } from 'hono';

import { policyHostOf } from '../../core/plan/record-names.ts';
import type { StateView } from '../../effects/look-at-state.ts';
import type { Answers, DashboardWorld } from './answers.ts';
import { everyDay } from './domain-view.ts';
import { fleetFile } from './files.ts';
import { figureDays, type FleetFigures } from './fleet-figures.ts';
import { fleetPage, PAGE_ROWS, type ShownRow } from './fleet-page.ts';
import { type Asked, type FleetQuery, parseFleetQuery } from './fleet-query.ts';
import { daysBetween } from './words.ts';
import { type FleetRow, openFleetOrder, openFleetRows } from './fleet-rows.ts';

interface Found {
  readonly query: FleetQuery;
  readonly all: readonly FleetRow[];
  readonly rows: readonly FleetRow[];
  readonly figures: FleetFigures;
}

export function fleetPages(
  app: Hono,
  world: DashboardWorld,
  { page, file, bad }: Answers,
  figuresOf: (domains: readonly Pick<FleetRow, 'domain'>[]) => FleetFigures,
): void {
  const allRows = openFleetRows();
  const orderOf = openFleetOrder();
  const find = (c: Context): Asked<Found> => {
    const asked = parseFleetQuery(c.req.query());
    if (!asked.ok) return asked;
    const query = asked.value;
    const all = allRows(world.state());
    const figures = figuresOf(all);
    const rows = orderOf(all, query, figures);
    return { ok: true, value: { query, all, rows, figures } };
  };
  app.get('/', (c) => {
    const found = find(c);
    if (!found.ok) return bad(c, found.message);
    const { query, all, rows, figures } = found.value;
    if (query.page > 1 && (query.page - 1) * PAGE_ROWS >= rows.length) return bad(c, 'The table has no such page.');
    const shown = rows.slice((query.page - 1) * PAGE_ROWS, query.page * PAGE_ROWS);
    const now = world.now();
    const read = world.look((view) => ({
      rows: shownRows(shown, view, now),
      setAside: view.reports.setAsideCount(),
    }));
    const view = read ?? { rows: shownRows(shown, null, now), setAside: 0 };
    return page(c, {
      title: 'Fleet',
      place: 'fleet',
      content: fleetPage({ query, all, found: rows.length, figures, now, ...view }),
    });
  });
  for (const format of ['csv', 'json'] as const) {
    app.get(`/files/fleet.${format}`, (c) => {
      const found = find(c);
      if (!found.ok) return bad(c, found.message);
      const { rows, figures } = found.value;
      return file(c, fleetFile(rows, figures.of), format);
    });
  }
}

/** Of the rows of a page all is asked for now, so that they never are older than the page of a domain. */
function shownRows(rows: readonly FleetRow[], view: StateView | null, now: Date): readonly ShownRow[] {
  const range = figureDays(now);
  const days = daysBetween(range.since, range.until);
  return rows.map((row) => ({
    ...row,
    endsAt: view?.dashboard.certificateEnd(policyHostOf(row.domain)) ?? null,
    points: everyDay(view?.dashboard.sessionsByDay(row.domain, range) ?? [], days),
  }));
}
