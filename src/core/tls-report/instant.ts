/** Floor 0. The datetimes of a TLS report (RFC 8460 §4.4: RFC 3339 §5.6), with the forms that senders give them. */

/** `isExact`: with a zone, in the form of the RFC. Otherwise it was read as UTC, or in spite of its form. */
export interface ReportInstant {
  readonly at: Date;
  readonly isExact: boolean;
}

const FORM = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?: ?([Zz]|[+-]\d\d:?\d\d))?$/;

/** TLS reports were first drafted in 2016; the zero value of a language's date (year 1, 1601, 1970) is no time of a report. */
const EARLIEST_YEAR = 2016;

/** Null: no such form, no such day or hour, or before there were any reports. Fractions of a second are left out. */
export function parseReportInstant(text: string): ReportInstant | null {
  const [, year, month, day, hour, minute, second, zone] = FORM.exec(text) ?? [];
  if (year === undefined || Number(year) < EARLIEST_YEAR) return null;
  // RFC 3339 §5.6 allows second 60.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // 31 June would be read as 1 July.
  if (midnight.getUTCMonth() !== Number(month) - 1 || midnight.getUTCDate() !== Number(day)) return null;
  const offset = offsetMinutes(zone ?? 'Z');
  if (offset === null) return null;
  const seconds = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second);
  const isExact = zone !== undefined && /^(?:Z|.*:.*)$/i.test(zone) && !text.includes(' ');
  return { at: new Date(midnight.getTime() + seconds * 1000), isExact };
}

/** East of Greenwich. */
function offsetMinutes(zone: string): number | null {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
