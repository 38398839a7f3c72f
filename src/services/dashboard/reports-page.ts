/** Floor 3. The pages `/reports` (as they came) and `/rejected` (what was taken in and not counted). */
import { grouped } from '../../core/reports/render-text.ts';
import type { SetAsideRow } from '../../effects/report-store.ts';
import type { ReportHead } from './domain-view.ts';
import { cellsTable, downloads, scrolled } from './figure.ts';
import { domainPath, href, type Html, markup, strange } from './markup.ts';
import { emptyNote, heading, verdictPill } from './parts.ts';
import { countOf, timeOf } from './words.ts';

export const REPORT_ROWS = 100;

export interface ReportsView {
  /** Empty: of all domains. */
  readonly domain: string;
  readonly reports: readonly ReportHead[];
  /** Of the page after this one; null: this is the last. */
  readonly before: number | null;
  readonly isFirst: boolean;
}

const head = (name: string, isNumber = false) => ({ head: name, isNumber });

export function reportsPage({ domain, reports, before, isFirst }: ReportsView): Html {
  return markup`${heading('Reports', markup`<p class="beside">As they came, newest first</p>`)}
<form class="filter" method="get" action="/reports" role="search" aria-label="Filter reports"><label class="grow"><span>Domain</span><input type="search" name="domain" value="${domain}" maxlength="253" placeholder="the whole name" autocomplete="off" spellcheck="false"></label><button type="submit">Filter</button>${domain === '' ? '' : markup`<a class="reset" href="/reports">Reset</a>`}</form>
${reports.length === 0 ? emptyNote(domain === '' ? 'No report has come so far.' : `No report about ${strange(domain)} has come.`) : reportsTable(reports, { hasDomains: true, hasLinks: true })}
${
  before === null && isFirst
    ? ''
    : markup`<nav class="pager" aria-label="Pages of the table">${isFirst ? markup`<span></span>` : markup`<a href="${href('/reports', { domain })}">← Newest</a>`}<span></span>${before === null ? markup`<span></span>` : markup`<a rel="next" href="${href('/reports', { domain, before })}">Older →</a>`}</nav>`
}${reports.length === 0 ? '' : downloads((format) => href(`/files/reports.${format}`, { domain }), 'reports')}`;
}

export function reportsTable(
  reports: readonly ReportHead[],
  { hasDomains, hasLinks }: { readonly hasDomains: boolean; readonly hasLinks: boolean },
): Html {
  return scrolled(
    'Reports',
    cellsTable({
      columns: [
        head('Report'),
        ...(hasDomains ? [head('Domain')] : []),
        head('From'),
        head('Day'),
        head('Proof'),
        head('Came'),
      ],
      rows: reports.map((one) => [
        hasLinks ? markup`<a href="/reports/${one.id}" aria-label="Report ${one.id}">${one.id}</a>` : one.id,
        ...(hasDomains ? [markup`<a href="${domainPath(one.domain)}">${one.domain}</a>`] : []),
        strange(one.organizationName, 60),
        markup`<span class="nowrap">${one.dateRange.start.toISOString().slice(0, 10)}</span>`,
        markup`${verdictPill(one.verdict)}${one.proof === null ? '' : markup` <span class="quiet">${strange(one.proof.domain, 60)}</span>`}`,
        timeOf(one.receivedAt),
      ]),
    }),
  );
}

export function rejectedPage(rows: readonly SetAsideRow[], count: number): Html {
  return markup`${heading('Set aside', markup`<p class="beside">${countOf(count, 'thing')} that came and ${count === 1 ? 'is' : 'are'} not counted</p>`)}
<p class="lead"><b>Quarantined</b> can be read, but nothing proves it or it is not about your domains. <b>Rejected</b> cannot be read. Nothing is lost: what becomes valid by a change of the YAML is counted then.</p>
${rows.length === 0 ? emptyNote('Nothing was set aside.') : markup`${rejectedTable(rows)}${rows.length < count ? markup`<p class="fresh">The newest ${grouped(rows.length)} of ${grouped(count)}</p>` : ''}${downloads((format) => `/files/rejected.${format}`, 'what was set aside')}`}`;
}

function rejectedTable(rows: readonly SetAsideRow[]): Html {
  return scrolled(
    'What was set aside',
    cellsTable({
      columns: [head('State'), head('Why'), head('About'), head('From'), head('Times', true), head('Last')],
      rows: rows.map(({ state, code, message, domain, organization, source, times, lastAt }) => [
        markup`<span class="pill ${state === 'rejected' ? 'failed' : 'warning'}">${state}</span>`,
        markup`<span class="why">${strange(message, 300)}</span><br><code class="quiet">${strange(code, 60)}</code>`,
        domain === null ? markup`<span class="quiet">–</span>` : strange(domain, 80),
        markup`${organization === null ? '' : markup`${strange(organization, 60)}<br>`}<span class="quiet source">${strange(source, 90)}</span>`,
        grouped(times),
        timeOf(lastAt),
      ]),
    }),
  );
}
