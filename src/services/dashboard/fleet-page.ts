/** Floor 3. The page `/`: the fleet in a few numbers, and a row a domain. */
import { grouped } from '../../core/reports/render-text.ts';
import { statuses } from '../../core/plan/model.ts';
import type { FleetFigures } from './fleet-figures.ts';
import { FIGURE_DAYS, SOON_DAYS } from './fleet-figures.ts';
import { type FleetQuery, fleetSearch, isDescendingFirst, modes, type SortKey } from './fleet-query.ts';
import { countByStatus, type FleetRow } from './fleet-rows.ts';
import { downloads } from './figure.ts';
import { domainPath, href, type Html, markup, nothing } from './markup.ts';
import { certificateDays, emptyNote, heading, modeWords, rateWords, statusPill } from './parts.ts';
import { sparkline } from './sparkline.ts';
import type { DayPoint } from './stacked-bars.ts';
import { compact, countOf, timeOf } from './words.ts';

export const PAGE_ROWS = 100;

/** A row with what the state says of it now. */
export interface ShownRow extends FleetRow {
  readonly endsAt: Date | null;
  /** Every day, oldest first. */
  readonly points: readonly DayPoint[];
}

export interface FleetView {
  readonly query: FleetQuery;
  readonly all: readonly FleetRow[];
  /** How many the filter lets through. */
  readonly found: number;
  readonly rows: readonly ShownRow[];
  readonly figures: FleetFigures;
  readonly setAside: number;
  readonly now: Date;
}

export function fleetPage(view: FleetView): Html {
  const { all, figures, found, query } = view;
  return markup`${heading('Fleet', markup`<p class="beside">${countOf(all.length, 'domain')}</p>`)}
${tiles(view)}${filterForm(query)}${freshness(figures, all.length)}
${
  all.length === 0
    ? emptyNote('There are no domains in the YAML.')
    : found === 0
      ? emptyNote(markup`No domain is like that. <a href="/">Show all</a>`)
      : markup`${fleetTable(view)}${pager(query, found)}${downloads((format) => href(`/files/fleet.${format}`, { ...fleetSearch(query), page: null }), 'the fleet')}`
}`;
}

function tiles({ all, figures, query, setAside }: FleetView): Html {
  const counts = countByStatus(all);
  const { succeeded, failed, ending } = figures.sums;
  const shown = statuses.filter((status) => (counts.get(status) ?? 0) > 0);
  const unseen = counts.get(null) ?? 0;
  return markup`<section class="tiles" aria-label="Summary">
<div class="tile wide"><h2>Domains by status</h2><ul class="statuses">${shown.map(
    (status) =>
      markup`<li><a href="${href('/', fleetSearch({ ...query, page: 1 }, { status }))}"><b>${grouped(counts.get(status) ?? 0)}</b>${statusPill(status)}</a></li>`,
  )}${unseen === 0 ? '' : markup`<li><span><b>${grouped(unseen)}</b>${statusPill(null)}</span></li>`}</ul>${proportions(shown, counts, all.length)}</div>
<div class="tile"><h2>Sessions, ${FIGURE_DAYS} days</h2><p class="figure">${compact(succeeded + failed)}</p><p class="under">${
    failed === 0
      ? 'none failed'
      : markup`<a href="${href('/', { failures: 1, sort: 'failures' })}">${rateWords({ succeeded, failed })} failed</a>`
  }</p></div>
<div class="tile"><h2>Certificates</h2><p class="figure${ending > 0 ? ' bad' : ''}">${grouped(ending)}</p><p class="under"><a href="${href('/', { sort: 'certificate' })}">end within ${SOON_DAYS} days</a></p></div>
<div class="tile"><h2>Set aside</h2><p class="figure">${grouped(setAside)}</p><p class="under"><a href="/rejected">reports not counted</a></p></div>
</section>`;
}

/** The shares of the statuses as one strip; the numbers stand above it. */
function proportions(shown: readonly string[], counts: ReadonlyMap<string | null, number>, all: number): Html {
  let x = 0;
  return markup`<svg class="strip" width="100%" height="6" aria-hidden="true"><rect class="track" width="100%" height="6"/>${shown.map(
    (status) => {
      const width = ((counts.get(status) ?? 0) / all) * 100;
      x += width;
      return markup`<rect class="s-${status.replace(' ', '-')}" x="${(x - width).toFixed(3)}%" width="${width.toFixed(3)}%" height="6"/>`;
    },
  )}</svg>`;
}

function filterForm(query: FleetQuery): Html {
  const { status, mode, text, hasFailures, sort } = query;
  const isFiltered = status !== null || mode !== null || text !== '' || hasFailures;
  const { order, sort: sorted } = fleetSearch(query);
  return markup`<form class="filter" method="get" action="/" role="search" aria-label="Filter domains">
<label class="grow"><span>Domain</span><input type="search" name="q" value="${text}" maxlength="253" placeholder="part of a name" autocomplete="off" spellcheck="false"></label>
<label><span>Status</span><select name="status"><option value="">any</option>${choices(statuses, status)}</select></label>
<label><span>Mode</span><select name="mode"><option value="">any</option>${choices(modes, mode)}</select></label>
<label class="check"><input type="checkbox" name="failures" value="1"${hasFailures ? markup` checked` : ''}> with failures</label>
${sorted == null ? '' : markup`<input type="hidden" name="sort" value="${sort}">`}${order == null ? '' : markup`<input type="hidden" name="order" value="${order}">`}
<button type="submit">Filter</button>${isFiltered ? markup`<a class="reset" href="/">Reset</a>` : ''}</form>`;
}

function choices(words: readonly string[], chosen: string | null): readonly Html[] {
  return words.map((word) => markup`<option${word === chosen ? markup` selected` : ''}>${word}</option>`);
}

function freshness({ asOf, of }: FleetFigures, all: number): Html {
  if (asOf === null)
    return markup`<p class="fresh" role="status">Sessions and certificates are being added up: ${grouped(of.size)} of ${grouped(all)} domains so far. Load the page again in a moment.</p>`;
  return markup`<p class="fresh">Sums of the last ${FIGURE_DAYS} days as of ${timeOf(asOf)}</p>`;
}

const HEADS: readonly { readonly key: SortKey | null; readonly label: string; readonly class: string }[] = [
  { key: 'domain', label: 'Domain', class: '' },
  { key: 'status', label: 'Status', class: '' },
  { key: 'mode', label: 'Mode', class: 'roomy' },
  { key: 'findings', label: 'To do', class: 'roomy' },
  { key: 'certificate', label: 'Certificate', class: 'num roomy' },
  { key: 'sessions', label: 'Sessions', class: 'num roomy' },
  { key: 'failures', label: 'Failed', class: 'num roomy' },
  { key: 'rate', label: 'Rate', class: 'num' },
  { key: null, label: `${FIGURE_DAYS} days`, class: 'roomy' },
];

function fleetTable({ query, rows, now }: FleetView): Html {
  return markup`<table class="fleet"><caption class="hidden">Domains</caption><thead><tr>${HEADS.map((head) => sortHead(head, query))}</tr></thead><tbody>
${rows.map((row) => tableRow(row, now))}</tbody></table>`;
}

function sortHead(head: (typeof HEADS)[number], query: FleetQuery): Html {
  const { key, label } = head;
  if (key === null) return markup`<th scope="col" class="${head.class}">${label}</th>`;
  const isSorted = query.sort === key;
  const isDescending = isSorted ? !query.isDescending : isDescendingFirst(key);
  const link = href('/', fleetSearch({ ...query, page: 1 }, { sort: key, isDescending }));
  const order = query.isDescending ? 'descending' : 'ascending';
  return markup`<th scope="col" class="${head.class}"${isSorted ? markup` aria-sort="${order}"` : ''}><a href="${link}">${label}${
    isSorted ? markup`<span class="sorted" aria-hidden="true">${query.isDescending ? '↓' : '↑'}</span>` : ''
  }</a></th>`;
}

function tableRow({ domain, status, mode, changes, findings, endsAt, points }: ShownRow, now: Date): Html {
  const failed = points.reduce((sum, point) => sum + point.failed, 0);
  const succeeded = points.reduce((sum, point) => sum + point.succeeded, 0);
  const todo = [
    ...(changes === 0 ? [] : [countOf(changes, 'change')]),
    ...(findings === 0 ? [] : [countOf(findings, 'finding')]),
  ].join(' · ');
  const sessions = succeeded + failed;
  return markup`<tr><th scope="row"><a href="${domainPath(domain)}">${domain}</a><span class="cramped">${modeWords(mode)}${todo === '' ? '' : ` · ${todo}`}${
    endsAt === null ? '' : markup` · certificate ${certificateDays(endsAt, now)}`
  }</span></th><td>${statusPill(status)}</td><td class="roomy">${modeWords(mode)}</td><td class="roomy todo">${todo === '' ? markup`<span class="quiet">–</span>` : todo}</td>
<td class="num roomy">${certificateDays(endsAt, now)}</td><td class="num roomy">${sessions === 0 ? markup`<span class="quiet">–</span>` : grouped(sessions)}</td>
<td class="num roomy">${sessions === 0 ? markup`<span class="quiet">–</span>` : grouped(failed)}</td><td class="num">${sessions === 0 ? markup`<span class="quiet">–</span>` : rateWords({ succeeded, failed })}</td>
<td class="roomy spark-cell">${sparkline(points)}</td></tr>`;
}

function pager(query: FleetQuery, found: number): Html {
  const pages = Math.ceil(found / PAGE_ROWS);
  if (pages === 1) return nothing;
  const { page } = query;
  const first = (page - 1) * PAGE_ROWS + 1;
  const link = (to: number, label: string, rel: string): Html =>
    markup`<a rel="${rel}" href="${href('/', fleetSearch(query, { page: to }))}">${label}</a>`;
  return markup`<nav class="pager" aria-label="Pages of the table">${page > 1 ? link(page - 1, '← Previous', 'prev') : markup`<span></span>`}
<span>${grouped(first)} to ${grouped(Math.min(found, page * PAGE_ROWS))} of ${grouped(found)}</span>${page < pages ? link(page + 1, 'Next →', 'next') : markup`<span></span>`}</nav>`;
}
