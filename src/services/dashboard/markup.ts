/** Floor 3. HTML by hono's tagged template: what is put in is escaped, so the words of strangers are shown, and do nothing. */
import { html, raw } from 'hono/html';

import { oneLine } from '../../core/plan/markdown-text.ts';

/** Text that is HTML already. */
export type Html = ReturnType<typeof raw>;

/** Values are escaped; `Html` stays; lists are joined; null, undefined and booleans are nothing. Quote every attribute. */
export function markup(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  const made = html(strings, ...values);
  if (made instanceof Promise) throw new TypeError('a promise cannot be shown');
  return made;
}

export const nothing: Html = raw('');

/** The words of a stranger in one line, without signs that break lines or turn the direction of writing. */
export function strange(text: string, most = 200): string {
  const line = oneLine(text);
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

/** A link within the dashboard: parts that are null are left out. `/journal?domain=example.com`. */
export function href(path: string, query: Readonly<Record<string, string | number | null>> = {}): string {
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, String(value)]])),
  );
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

export function domainPath(domain: string): string {
  return `/domains/${encodeURIComponent(domain)}`;
}
