/** Floor 0. A summary as CSV (RFC 4180), Markdown and JSON. Labels are the words of strangers: they are shown, and do nothing. */
import { markdownText } from '../plan/markdown-text.ts';
import { grouped } from './render-text.ts';
import { failureRate, type ReportsSummary } from './summary.ts';

/** One line a row of every table; a spreadsheet takes no label for a formula. */
export function renderSummaryCsv({ tables }: ReportsSummary): string {
  const lines = [['by', 'label', 'policy_type', 'succeeded', 'failed'].join(',')];
  for (const { by, rows } of tables)
    for (const { label, policyType, succeeded, failed } of rows)
      lines.push([by, csvText(label), csvText(policyType), succeeded ?? '', failed].join(','));
  return lines.map((line) => `${line}\r\n`).join('');
}

export function renderSummaryMarkdown({
  domain,
  since,
  until,
  totals,
  tables,
  findings,
  ...rest
}: ReportsSummary): string {
  const lines = [
    `**TLS reports of ${domain ?? 'all domains'}**, ${since} to ${until}: ${rest.reports} reports of ${rest.reporters} reporters`,
  ];
  lines.push('', '| Policy type | Sessions | Failed | Rate |', '|---|--:|--:|--:|');
  for (const { policyType, succeeded, failed } of totals) {
    const good = succeeded ?? 0;
    const cells = [
      markdownText(policyType),
      grouped(good + failed),
      grouped(failed),
      failureRate({ succeeded: good, failed }),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  if (findings.length > 0) lines.push('');
  for (const { code, message, hint } of findings)
    lines.push(`- ${code} ${markdownText(message)}${hint === null ? '' : `: ${markdownText(hint)}`}`);
  for (const { by, rows } of tables) {
    if (rows.length === 0) continue;
    lines.push('', `| By ${by} | Policy type | Succeeded | Failed |`, '|---|---|--:|--:|');
    for (const { label, policyType, succeeded, failed } of rows) {
      const good = succeeded === null ? '' : grouped(succeeded);
      lines.push(`| ${markdownText(label)} | ${markdownText(policyType)} | ${good} | ${grouped(failed)} |`);
    }
  }
  if (rest.setAside > 0) lines.push('', `${rest.setAside} set aside, not counted.`);
  return `${lines.join('\n')}\n`;
}

export function renderSummaryJson(summary: ReportsSummary): string {
  return `${JSON.stringify({ version: 1, ...summary }, null, 2)}\n`;
}

/** As a cell of RFC 4180; a text that begins like a formula gets an apostrophe in front. */
export function csvText(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
