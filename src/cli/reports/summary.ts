/** Floor 4. `stsync reports summary`. */
import type { Config } from '../../core/config/model.ts';
import type { ReportFinding } from '../../core/reports/finding-model.ts';
import { renderSummaryCsv, renderSummaryJson, renderSummaryMarkdown } from '../../core/reports/render-tables.ts';
import { renderSummaryText } from '../../core/reports/render-text.ts';
import type { ReportsSummary } from '../../core/reports/summary.ts';
import type { ReportReader } from '../../effects/report-store.ts';
import { openStoreReadOnly } from '../../effects/store-sqlite.ts';
import { openReportReader } from '../../effects/store-sqlite-reports.ts';
import { findingsOf } from '../../services/reports/report-findings.ts';
import { summarize } from '../../services/reports/summarize.ts';
import { loadOrReport } from '../load.ts';
import { painter, print } from '../output.ts';
import type { SummaryOptions } from '../program-reports.ts';
import { hostArgument, statePathOf } from '../wiring.ts';
import { networkOwner } from './network-owner.ts';

/** Also for domains that left the YAML. Changes nothing on disk. */
export async function runReportsSummary(name: string | undefined, options: SummaryOptions): Promise<number> {
  const domain = name === undefined ? null : hostArgument(name);
  const config = loadOrReport(options);
  if (config === null) return 1;
  const now = Date.now();
  const filter = { domain, since: dayOf(now - options.since * 1000), until: dayOf(now) };
  const by = options.by.length > 0 ? options.by : (['day', 'result', 'mx'] as const);
  const reader = openReportReader(statePathOf(config));
  try {
    const found = domain === null ? [] : domainFindings(config, reader, domain, filter.since);
    const summary = { ...summarize(reader, filter, by, await networkOwner(config.reports)), findings: found };
    await print(
      summary.reports === 0 && summary.findings.length === 0 && options.format === 'text'
        ? noneText(summary)
        : render(summary, options.format),
    );
    return 0;
  } finally {
    reader.close();
  }
}

/** Joined with the history in the state; what a run would see of MX is not looked up. */
function domainFindings(config: Config, reader: ReportReader, domain: string, since: string): readonly ReportFinding[] {
  const store = openStoreReadOnly(statePathOf(config));
  try {
    const known = { plan: null, history: store?.memory(domain).history ?? [] };
    return findingsOf(reader, domain, known, { since, now: new Date() });
  } finally {
    store?.close();
  }
}

function render(summary: ReportsSummary, format: SummaryOptions['format']): string {
  switch (format) {
    case 'json':
      return renderSummaryJson(summary);
    case 'csv':
      return renderSummaryCsv(summary);
    case 'markdown':
      return renderSummaryMarkdown(summary);
    case 'text':
      return renderSummaryText(summary, { hasBars: process.stdout.isTTY, paint: painter(process.stdout) });
  }
}

function noneText({ domain, since, setAside }: ReportsSummary): string {
  const aside = setAside > 0 ? `; ${setAside} set aside: stsync reports rejected` : '';
  return `no reports of ${domain ?? 'any domain'} since ${since}${aside}\n`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
