/** The next SOA serial (RFC 1035 §3.3.13, RFC 1982), in the style that the zone has. */

const YEAR_SECONDS = 366 * 86_400;

/**
 * The serial after `current`: always newer in the sense of RFC 1982.
 * - `YYYYMMDDnn`: today's first number (nn = 00) if that is newer, else one more; 99 rolls into the next day's numbers, and later days go on
 *   from there.
 * - unix time (between 2001 and a year from now): now if newer, else one more.
 * - anything else is a counter: one more. 0 is left out, as BIND does, since some software takes it for "none".
 */
export function nextSerial(current: number, now: Date): number {
  const unixTime = Math.floor(now.getTime() / 1000);
  const today = (now.getUTCFullYear() * 10_000 + (now.getUTCMonth() + 1) * 100 + now.getUTCDate()) * 100;
  const isDate = isDateStyle(current, now.getUTCFullYear());
  const isUnixTime = !isDate && current >= 1_000_000_000 && current <= unixTime + YEAR_SECONDS;
  if (isDate && isNewer(today, current)) return today;
  if (isUnixTime && isNewer(unixTime, current)) return unixTime;
  return current === 0xff_ff_ff_ff ? 1 : current + 1;
}

/** RFC 1982 §3.2: `a` is newer than `b` on the circle of 32-bit numbers. */
export function isNewer(a: number, b: number): boolean {
  const distance = (a - b + 2 ** 32) % 2 ** 32;
  return distance > 0 && distance < 2 ** 31;
}

/** A real day between 1990 and ten years from now, and two digits. */
function isDateStyle(serial: number, thisYear: number): boolean {
  const day = Math.floor(serial / 100);
  const [year, month, date] = [Math.floor(day / 10_000), Math.floor(day / 100) % 100, day % 100];
  if (year < 1990 || year > thisYear + 10 || month < 1 || date < 1) return false;
  const real = new Date(Date.UTC(year, month - 1, date));
  return real.getUTCMonth() === month - 1 && real.getUTCDate() === date;
}
