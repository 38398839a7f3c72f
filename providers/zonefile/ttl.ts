/** TTLs in zone files: seconds, or numbers with units (`1h30m`), as every name server reads them; RFC 2308 §4 allows plain seconds. */

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds, or null for what is no TTL. One over 2^31 - 1 counts as 0 (RFC 2181 §8). */
export function parseTtl(text: string): number | null {
  let seconds = 0;
  if (/^\d+$/.test(text)) seconds = Number(text);
  else if (/^(?:\d+[smhdw])+$/i.test(text)) {
    for (const [, digits, unit] of text.matchAll(/(\d+)([a-z])/gi)) {
      seconds += Number(digits) * (SECONDS[unit?.toLowerCase() ?? ''] ?? 0);
    }
  } else return null;
  if (seconds > 0xff_ff_ff_ff) return null;
  return seconds > 0x7f_ff_ff_ff ? 0 : seconds;
}
