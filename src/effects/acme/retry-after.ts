/** Floor 2. `Retry-After`, in either of its two forms (RFC 9110 §10.2.3). */

/** Milliseconds from `now`, never negative: `120`, or `Fri, 27 Nov 2026 10:00:00 GMT`. Null: none, or nobody can read it. */
export function retryAfterMs(value: string | undefined, now: Date): number | null {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // All three forms of HTTP-date begin with the name of a day; Date alone would also read "-5".
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}
