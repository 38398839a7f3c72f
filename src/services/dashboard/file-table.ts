/** Floor 3. A table as a file: CSV (RFC 4180) that no spreadsheet takes for a formula, or JSON. */
import { csvText } from '../../core/reports/render-tables.ts';

export interface FileTable {
  /** Without ending. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export type FileFormat = 'csv' | 'json';

export function renderFile({ columns, rows }: FileTable, format: FileFormat): string {
  if (format === 'json') {
    const objects = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));
    return `${JSON.stringify({ version: 1, rows: objects }, null, 2)}\n`;
  }
  return [columns, ...rows].map(line).join('');
}

function line(row: readonly (string | number | null)[]): string {
  return `${row.map((cell) => (typeof cell === 'number' ? cell : csvText(cell ?? ''))).join(',')}\r\n`;
}
