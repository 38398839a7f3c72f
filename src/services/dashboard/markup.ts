/** Floor 3. HTML by hono's tagged template: what is put in is escaped, so the words of strangers are shown, and do nothing. */
import { html, raw } from 'hono/html';

import { oneLine } from '../../core/plan/markdown-text.ts';

/** Text that is HTML already. */
export type Html = ReturnType<typeof raw>;

/**
 * Values are escaped, and lose what breaks lines or turns the direction of writing; `Html` stays; lists are joined; null, undefined and booleans are nothing.
 * Quote every attribute.
 */
export function markup(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  const made = html(strings, ...values.map(calm));
  if (made instanceof Promise) throw new TypeError('a promise cannot be shown');
  return made;
}

function calm(value: unknown): unknown {
  if (typeof value === 'string') return oneLine(value);
  return Array.isArray(value) ? value.map(calm) : value;
}

export const nothing: Html = raw('');

/** The words of a stranger, cut where they go on and on. */
export function strange(text: string, most = 200): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
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
