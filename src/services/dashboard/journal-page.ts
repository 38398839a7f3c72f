/** Floor 3. The page `/journal`, and the same entries as the timeline of a domain. */
import { sideText, signOf, stepTarget } from '../../core/plan/step-words.ts';
import type { NumberedEntry } from '../../effects/store-sqlite-dashboard.ts';
import { downloads } from './figure.ts';
import { domainPath, href, type Html, markup, nothing, strange } from './markup.ts';
import { emptyNote, heading } from './parts.ts';
import { timeOf } from './words.ts';

export const JOURNAL_ROWS = 100;

export interface JournalView {
  /** Empty: of all domains. */
  readonly domain: string;
  readonly entries: readonly NumberedEntry[];
  /** Of the page after this one; null: this is the last. */
  readonly before: number | null;
  readonly isFirst: boolean;
}

export function journalPage({ domain, entries, before, isFirst }: JournalView): Html {
  return markup`${heading('Journal', markup`<p class="beside">Every step taken, newest first</p>`)}
<form class="filter" method="get" action="/journal" role="search" aria-label="Filter the journal"><label class="grow"><span>Domain</span><input type="search" name="domain" value="${domain}" maxlength="253" placeholder="the whole name" autocomplete="off" spellcheck="false"></label><button type="submit">Filter</button>${domain === '' ? '' : markup`<a class="reset" href="/journal">Reset</a>`}</form>
${entries.length === 0 ? emptyNote(domain === '' ? 'Nothing was changed so far.' : `Nothing was changed at ${strange(domain)}.`) : markup`${timeline(entries, domain === '')}`}
${older(before, isFirst, domain)}${entries.length === 0 ? '' : downloads((format) => href(`/files/journal.${format}`, { domain }), 'the journal')}`;
}

function older(before: number | null, isFirst: boolean, domain: string): Html {
  if (before === null && isFirst) return nothing;
  return markup`<nav class="pager" aria-label="Pages of the journal">${isFirst ? markup`<span></span>` : markup`<a href="${href('/journal', { domain })}">← Newest</a>`}<span></span>${
    before === null
      ? markup`<span></span>`
      : markup`<a rel="next" href="${href('/journal', { domain, before })}">Older →</a>`
  }</nav>`;
}

export function timeline(entries: readonly NumberedEntry[], hasDomains: boolean): Html {
  return markup`<ol class="timeline">${entries.map((entry) => entryItem(entry, hasDomains))}</ol>`;
}

function entryItem(entry: NumberedEntry, hasDomain: boolean): Html {
  const { at, domain, outcome, reason, note, commit } = entry;
  const [before, after] = [sideText(entry, entry.before), sideText(entry, entry.after)];
  return markup`<li class="o-${outcome}"><div class="when">${timeOf(at)}</div><div class="what"><p class="step"><span class="sign" aria-hidden="true">${signOf(entry)}</span> ${strange(stepTarget(entry))}${
    hasDomain ? markup` <a href="${domainPath(domain)}">${domain}</a>` : ''
  }${outcome === 'done' ? '' : markup` <span class="pill ${outcome === 'failed' ? 'failed' : 'warning'}">${outcome}</span>`}</p><p class="reason">${strange(reason, 500)}${
    commit === null ? '' : markup` <code class="commit" title="${commit}">${commit.slice(0, 10)}</code>`
  }</p>${note === null ? '' : markup`<p class="reason">${strange(note, 500)}</p>`}${changed(before, after)}</div></li>`;
}

/** Closed: a body or a record is long, and its reason says what it is about. */
function changed(before: string | null, after: string | null): Html {
  if (before === null && after === null) return nothing;
  return markup`<details><summary>Before and after</summary><dl class="sides"><dt>Before</dt><dd><code>${strange(before ?? 'nothing', 2000)}</code></dd><dt>After</dt><dd><code>${strange(after ?? 'nothing', 2000)}</code></dd></dl></details>`;
}
