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
    const words = wordsOf(dimension, reader, rows);
    const named = dimension === 'source' ? namedSources(reader, rows, ownerOf) : rows;
    return {
      by: dimension,
      rows: named.map((row) => ({ ...row, label: row.label === '' ? NOT_SAID : words(row.label) })),
    };
  });
  const totals = reader.totals(filter).map(({ label: _label, ...row }) => row);
  return { ...filter, ...reader.reach(filter), totals, tables, findings: [], setAside: reader.setAsideCount() };
}

/** Addresses with name and owner; what a reporter leaves out stays so. */
export function namedSources(
  reader: Pick<ReportReader, 'senderNames'>,
  rows: readonly SummaryRow[],
  ownerOf: OwnerOf,
): readonly SummaryRow[] {
  const names = reader.senderNames(rows.map(({ label }) => label));
  const words = (label: string): string => senderWords(label, names.get(label) ?? null, ownerOf(label));
  return rows.map((row) => (row.label === '' ? row : { ...row, label: words(row.label) }));
}

/** A label as people read it. */
function wordsOf(
  by: SummaryDimension,
  reader: Pick<ReportReader, 'held'>,
  rows: readonly SummaryRow[],
): (label: string) => string {
  if (by !== 'policy') return (label) => label;
  const held = reader.held(rows.map(({ label }) => label));
  return (label) => policyWords(label, held.get(label) ?? '');
}
