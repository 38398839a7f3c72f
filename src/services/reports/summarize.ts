/** Floor 3. A summary out of the store. */
import type { SummaryDimension } from '../../core/reports/dimensions.ts';
import { labelOf, type ReportsSummary } from '../../core/reports/summary.ts';
import type { ReportFilter, ReportReader } from '../../effects/report-store.ts';

export function summarize(
  reader: Omit<ReportReader, 'close'>,
  filter: ReportFilter,
  by: readonly SummaryDimension[],
): ReportsSummary {
  const tables = by.map((dimension) => {
    const rows = reader.counts(dimension, filter);
    const held = dimension === 'policy' ? reader.held(rows.map(({ label }) => label)) : new Map<string, string>();
    return { by: dimension, rows: rows.map((row) => ({ ...row, label: labelOf(dimension, row.label, held) })) };
  });
  const totals = reader.totals(filter).map(({ label: _label, ...row }) => row);
  return { ...filter, ...reader.reach(filter), totals, tables, setAside: reader.setAsideCount() };
}
