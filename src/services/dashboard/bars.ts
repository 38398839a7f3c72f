/** Floor 3. Chart: a row a thing with its bar, the longest first as they come. What is written is HTML, so that it wraps and keeps its size. */
import { max } from 'd3-array';
import { scaleLinear } from 'd3-scale';

import { type Html, markup } from './markup.ts';

export interface BarRow {
  readonly label: Html | string;
  /** Beside the label: what kind of thing it is. */
  readonly note: Html | string | null;
  /** Null: only failures are known. */
  readonly succeeded: number | null;
  readonly failed: number;
  /** At the end of the bar. */
  readonly value: string;
}

/** `more`: how many are left out; the table has them. */
export function bars(rows: readonly BarRow[], more = 0): Html {
  const most = max(rows, ({ succeeded, failed }) => (succeeded ?? 0) + failed) ?? 0;
  const x = scaleLinear([0, Math.max(most, 1)], [0, 100]);
  return markup`<div class="bars">${rows.map(({ label, note, succeeded, failed, value }) => {
    const [good, bad] = [x(succeeded ?? 0), x(failed)];
    return markup`<div class="bar-row"><span class="bar-label">${label}${note === null ? '' : markup` <span class="note">${note}</span>`}</span><svg class="bar" width="100%" height="12" aria-hidden="true"><rect class="track" width="100%" height="12"/>${
      good === 0 ? '' : markup`<rect class="ok" width="${good.toFixed(2)}%" height="12"/>`
    }${
      bad === 0
        ? ''
        : markup`<rect class="fail least" x="${Math.min(good, 99).toFixed(2)}%" width="${bad.toFixed(2)}%" height="12"/>`
    }</svg><span class="bar-value">${value}</span></div>`;
  })}${more > 0 ? markup`<p class="and-more">and ${more} more in the table</p>` : ''}</div>`;
}
