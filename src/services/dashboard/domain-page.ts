/** Floor 3. The page `/domains/:domain`. */
import type { Finding } from '../../core/plan/model.ts';
import type { ReportFinding } from '../../core/reports/finding-model.ts';
import { grouped } from '../../core/reports/render-text.ts';
import type { FailureCell } from '../../core/reports/tally.ts';
import { domainCharts } from './domain-charts.ts';
import { heldSection, policySection } from './domain-policy.ts';
import { cellsTable, scrolled } from './figure.ts';
import { type DomainRecord, type KnownDomain, SHOWN_ENTRIES } from './domain-view.ts';
import { timeline } from './journal-page.ts';
import { domainPath, href, type Html, markup, nothing, strange } from './markup.ts';
import { emptyNote, heading, severityPill, statusPill } from './parts.ts';
import { type Range, rangeLinks } from './range.ts';
import { reportsTable } from './reports-page.ts';
import { ago, countOf } from './words.ts';

/** A finding of the plan or of the reports. */
interface ShownFinding extends Omit<Finding, 'code'> {
  readonly code: string;
  /** How much is behind it; null: the plan says so. */
  readonly note: string | null;
  readonly rows: readonly FailureCell[];
}

/** The rest is in the tables. */
const SHOWN_ROWS = 20;

export interface DomainView {
  readonly domain: string;
  readonly range: Range;
  readonly known: KnownDomain;
  readonly record: DomainRecord;
  readonly reportFindings: readonly ReportFinding[];
  readonly now: Date;
  /** For who may see this page and nothing else: it leads nowhere. */
  readonly isShared: boolean;
}

export function domainPage({ domain, range, known, record, reportFindings, now, isShared }: DomainView): Html {
  const { state } = known;
  const path = isShared ? '' : domainPath(domain);
  const hasLinks = !isShared;
  const planFindings = (state?.plan.findings ?? []).map((one) => ({ ...one, note: null, rows: [] }));
  return markup`${isShared ? '' : markup`<nav class="crumbs" aria-label="Where this is"><a href="/">Fleet</a></nav>`}
${heading(domain, markup`<p class="beside">${statusPill(state?.status ?? known.known?.status ?? null)} ${sinceWords(known, now)}</p>`)}
${findingsSection('Findings', planFindings)}
${policySection(known, record, now)}
<section aria-labelledby="reports"><div class="section-head"><h2 id="reports">What reports say</h2>${rangeLinks(path, range)}</div>
${reportFindings.length === 0 ? '' : findingList(reportFindings.map(shownFinding))}
${domainCharts({ domain, range, record, liveMx: state?.plan.mx.live ?? null, hasLinks })}</section>
${heldSection({ domain, range, hasLinks }, record, state?.plan.wantedHash ?? null)}
<section aria-labelledby="changes"><h2 id="changes">Changes</h2>${
    record.entries.length === 0 ? emptyNote('stsync has changed nothing here so far.') : timeline(record.entries, false)
  }${isShared || record.entries.length < SHOWN_ENTRIES ? '' : markup`<p class="more"><a href="${href('/journal', { domain })}">All changes of this domain</a></p>`}</section>
<section aria-labelledby="newest"><h2 id="newest">Newest reports</h2>${
    record.reports.length === 0
      ? emptyNote('No report about this domain has come.')
      : markup`${reportsTable(record.reports, { hasDomains: false, hasLinks })}${isShared ? '' : markup`<p class="more"><a href="${href('/reports', { domain })}">All reports about this domain</a></p>`}`
  }</section>`;
}

function sinceWords({ state, known }: KnownDomain, now: Date): Html {
  if (state === null) return known === null ? nothing : markup`since ${ago(known.since, now)}`;
  const { since, lookedAt } = state;
  return markup`<span title="${since.toISOString()}">since ${ago(since, now)}</span>, <span title="${lookedAt.toISOString()}">looked at ${ago(lookedAt, now)}</span>`;
}

function findingsSection(title: string, findings: readonly ShownFinding[]): Html {
  if (findings.length === 0) return nothing;
  return markup`<section aria-labelledby="findings"><h2 id="findings">${title}</h2>${findingList(findings)}</section>`;
}

function findingList(findings: readonly ShownFinding[]): Html {
  return markup`<ul class="findings">${findings.map(
    ({ code, severity, message, hint, note, rows }, index) =>
      markup`<li class="${severity}"><p class="message">${severityPill(severity)} ${strange(message, 600)}</p>${hint === null ? '' : markup`<p class="hint">${strange(hint, 600)}</p>`}<p class="code"><code>${code}</code>${note === null ? '' : markup` ${strange(note, 300)}`}</p>${rowsBehind(rows, index + 1)}</li>`,
  )}</ul>`;
}

function shownFinding({ confidence, isOver, sessions, reporters, ...finding }: ReportFinding): ShownFinding {
  const facts = [
    ...(isOver ? ['over'] : []),
    ...(sessions > 0 ? [countOf(sessions, 'session')] : []),
    ...(reporters.length > 0 ? [countOf(reporters.length, 'reporter')] : []),
    `confidence ${confidence}`,
  ];
  return { ...finding, note: facts.join(' · ') };
}

/** `number`: of the finding, so that no two regions have one name. */
function rowsBehind(rows: readonly FailureCell[], number: number): Html {
  if (rows.length === 0) return nothing;
  const heads = ['Day', 'Reporter', 'Result', 'Source', 'MX', 'Sessions'];
  const shown = rows.slice(0, SHOWN_ROWS);
  return markup`<details><summary>${rows.length > SHOWN_ROWS ? `The first ${SHOWN_ROWS} of ${countOf(rows.length, 'row')} behind it` : `${countOf(rows.length, 'row')} behind it`}</summary>${scrolled(
    `Rows behind finding ${number}`,
    cellsTable({
      columns: heads.map((head) => ({ head, isNumber: head === 'Sessions' })),
      rows: shown.map((row) => [
        markup`<span class="nowrap">${row.day}</span>`,
        strange(row.reporter, 60),
        strange(row.result, 60),
        strange(row.source, 60),
        strange(row.mx, 80),
        grouped(row.sessions),
      ]),
    }),
  )}</details>`;
}
