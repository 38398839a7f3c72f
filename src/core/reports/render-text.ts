/** Floor 0. A summary for a terminal: columns, and bars where somebody looks. Labels are the words of strangers. */
import { oneLine } from '../plan/markdown-text.ts';
import type { ReportFinding } from './finding-model.ts';
import { failureRate, type ReportsSummary, type SummaryRow } from './summary.ts';

export interface SummaryTextOptions {
  /** Bars, on a terminal. */
  readonly hasBars: boolean;
  readonly paint: (style: 'error' | 'dim' | 'bold', text: string) => string;
}

const BAR_WIDTH = 24;
const LABEL_WIDTH = 60;

export function renderSummaryText(summary: ReportsSummary, options: SummaryTextOptions): string {
  const { domain, since, until, reports, reporters, totals, tables, findings, setAside } = summary;
  const head = `${domain ?? 'all domains'}, ${since} to ${until}: ${count(reports, 'report')} of ${count(reporters, 'reporter')}`;
  const lines = [options.paint('bold', head)];
  for (const { policyType, succeeded, failed } of totals) {
    const all = (succeeded ?? 0) + failed;
    const rate = failed === 0 ? '' : ` (${failureRate({ succeeded: succeeded ?? 0, failed })})`;
    lines.push(`  ${oneLine(policyType)}: ${count(all, 'session')}, ${grouped(failed)} failed${rate}`);
  }
  for (const one of findings) lines.push('', ...findingLines(one, options));
  for (const { by, rows } of tables) {
    if (rows.length === 0) continue;
    lines.push('', options.paint('bold', `by ${by}`), ...tableLines(rows, options));
  }
  if (setAside > 0) lines.push('', `${grouped(setAside)} set aside, not counted: stsync reports rejected`);
  return `${lines.join('\n')}\n`;
}

function findingLines(
  { code, severity, message, hint, confidence }: ReportFinding,
  { paint }: SummaryTextOptions,
): readonly string[] {
  const sure = confidence === 'low' ? ' Nothing proves who reports this.' : '';
  const head = `! ${code} ${message}.${sure}`;
  return [severity === 'error' ? paint('error', head) : head, ...(hint === null ? [] : [paint('dim', `    ${hint}`)])];
}

function tableLines(rows: readonly SummaryRow[], options: SummaryTextOptions): readonly string[] {
  const hasTypes = new Set(rows.map(({ policyType }) => policyType)).size > 1;
  const cells = rows.map((row) => [
    fit(oneLine(row.label)),
    ...(hasTypes ? [oneLine(row.policyType)] : []),
    ...(row.succeeded === null ? [] : [`${grouped(row.succeeded)} ok`]),
    `${grouped(row.failed)} failed`,
  ]);
  const texts = hasTypes ? 2 : 1;
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((cell) => (cell[column] ?? '').length)));
  const most = Math.max(...rows.map(({ succeeded, failed }) => (succeeded ?? 0) + failed));
  return rows.map((row, index) => {
    const padded = (cells[index] ?? []).map((cell, column) => {
      const width = widths[column] ?? 0;
      return column < texts ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${padded.join('  ')}${options.hasBars ? `  ${bar(row, most, options)}` : ''}`.trimEnd();
  });
}

/** What failed is never too little to be seen. */
function bar({ succeeded, failed }: SummaryRow, most: number, { paint }: SummaryTextOptions): string {
  const cells = (part: number): number => (part === 0 ? 0 : Math.max(1, Math.round((part / most) * BAR_WIDTH)));
  const bad = cells(failed);
  const good = Math.min(cells(succeeded ?? 0), BAR_WIDTH - bad);
  return `${'█'.repeat(good)}${bad === 0 ? '' : paint('error', '▒'.repeat(bad))}`;
}

function fit(label: string): string {
  return label.length > LABEL_WIDTH ? `${label.slice(0, LABEL_WIDTH - 1)}…` : label;
}

function count(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? '' : 's'}`;
}

/** `1,234,567`, the same on every machine. */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
