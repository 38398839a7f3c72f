/** Edits of a text by place: every byte outside the places survives. */

/** The characters from `start` up to `end` become `text`; equal places insert. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Makes all splices at once; places are those of `text` before any. Inserts at one place keep their order and go before a removal there. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const splice of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    parts.push(text.slice(at, splice.start), splice.text);
    at = splice.end;
  }
  return parts.join('') + text.slice(at);
}
