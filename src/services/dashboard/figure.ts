/** Floor 3. What every chart stands in: its name, one sentence that says what it shows, the picture, and the same numbers as a table to open. */
import { type Html, markup } from './markup.ts';

export interface Column {
  readonly head: string;
  readonly isNumber: boolean;
}

export interface Cells {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (Html | string | number)[])[];
}

export interface Figure {
  /** Of this page alone; also the anchor. */
  readonly id: string;
  readonly title: string;
  readonly sentence: Html | string;
  /** Null: there is nothing to draw, as the sentence says. */
  readonly chart: Html | null;
  readonly table: Cells;
  /** Where the table is had as a file, without `.csv`; null: nowhere. */
  readonly download: ((format: 'csv' | 'json') => string) | null;
}

export function figure({ id, title, sentence, chart, table, download }: Figure): Html {
  return markup`<figure class="card" id="${id}"><figcaption><h3 id="${id}-title">${title}</h3><p id="${id}-text">${sentence}</p></figcaption>
${chart === null ? '' : markup`<div class="chart" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-text">${chart}</div>`}
${
  table.rows.length === 0
    ? ''
    : markup`<details><summary>Table<span class="hidden"> of ${title.toLowerCase()}</span></summary>${scrolled(`Table of ${title.toLowerCase()}`, cellsTable(table))}${
        download === null ? '' : downloads(download, title)
      }</details>`
}</figure>`;
}

export function cellsTable({ columns, rows }: Cells): Html {
  return markup`<table class="plain"><thead><tr>${columns.map(
    ({ head, isNumber }) => markup`<th scope="col"${isNumber ? markup` class="num"` : ''}>${head}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) =>
      markup`<tr>${row.map((cell, index) => markup`<td${columns[index]?.isNumber === true ? markup` class="num"` : ''}>${cell}</td>`)}</tr>`,
  )}</tbody></table>`;
}

/** Wide tables scroll by themselves, also by keyboard. */
export function scrolled(name: string, content: Html): Html {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${name}">${content}</div>`;
}

export function downloads(link: (format: 'csv' | 'json') => string, of: string): Html {
  return markup`<p class="downloads">Download <a href="${link('csv')}">CSV<span class="hidden"> of ${of.toLowerCase()}</span></a> <a href="${link('json')}">JSON<span class="hidden"> of ${of.toLowerCase()}</span></a></p>`;
}
