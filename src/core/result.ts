/** Floor 0. How every parser of the core answers: a value with warnings, or the issues that make it no value. */

/** One thing wrong with a text. `offset` counts characters (strings) or bytes (byte input) from its start. */
export interface Issue {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly offset?: number;
}

/** A parse never throws: read `ok` first. Warnings say what was read leniently or ignored. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** A success, with nothing or something to remark. */
export function parsed<T>(value: T, warnings: readonly Issue[] = []): Parsed<T> {
  return { ok: true, value, warnings };
}

/** A failure with one issue; `rest` takes hint and offset. */
export function failed(code: string, message: string, rest: Pick<Issue, 'hint' | 'offset'> = {}): Parsed<never> {
  return { ok: false, issues: [{ code, message, ...rest }] };
}
