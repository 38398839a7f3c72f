/** Floor 3. A summary out of the store. */
import type { SummaryDimension } from '../../core/reports/dimensions.ts';
import { senderWords, type NetworkOwner } from '../../core/reports/sender.ts';
import { NOT_SAID, policyWords, type ReportsSummary, type SummaryRow } from '../../core/reports/summary.ts';
import type { ReportFilter, ReportReader } from '../../effects/report-store.ts';

/** Null: nobody says. */
export type OwnerOf = (address: string) => NetworkOwner | null;

export function summarize(
  reader: Omit<ReportReader, 'close'>,
  filter: ReportFilter,
  by: readonly SummaryDimension[],
  ownerOf: OwnerOf = () => null,
): ReportsSummary {
  const tables = by.map((dimension) => {
    const rows = reader.counts(dimension, filter);
    const words = wordsOf(dimension, reader, rows, ownerOf);
    return {
      by: dimension,
      rows: rows.map((row) => ({ ...row, label: row.label === '' ? NOT_SAID : words(row.label) })),
    };
  });
  const totals = reader.totals(filter).map(({ label: _label, ...row }) => row);
  return { ...filter, ...reader.reach(filter), totals, tables, findings: [], setAside: reader.setAsideCount() };
}

/** A label as people read it. */
function wordsOf(
  by: SummaryDimension,
  reader: Omit<ReportReader, 'close'>,
  rows: readonly SummaryRow[],
  ownerOf: OwnerOf,
): (label: string) => string {
  const labels = rows.map(({ label }) => label);
  if (by === 'policy') {
    const held = reader.held(labels);
    return (label) => policyWords(label, held.get(label) ?? '');
  }
  if (by !== 'source') return (label) => label;
  const names = reader.senderNames(labels);
  return (label) => senderWords(label, names.get(label) ?? null, ownerOf(label));
}
