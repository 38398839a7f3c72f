/** Floor 0. The TLS report (RFC 8460 §4): a reader that is lenient where senders differ and exact in what it gives. */
import { failed, parsed, type Parsed } from '../result.ts';
import { parseReportInstant } from './instant.ts';
import type { TlsReport } from './model.ts';
import { readPolicy } from './read-policy.ts';
import { missingOr, parseObject, readObject, readObjects, readText, requireText } from './report-fields.ts';
import { quoted, type ReportObject, ReportReading } from './report-reading.ts';
import { scanJson } from './scan-json.ts';

/** What receivers in the field take, without compression. */
export const MAX_REPORT_BYTES = 10 * 1024 * 1024;
/** A report has 5 levels; extensions may have some of their own. */
const MAX_DEPTH = 32;
/** To make one takes longer than to read a report. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const MS_PER_DAY = 86_400_000;
/** §4.1 asks for one day; the longest seen is a week. */
const LONGEST_RANGE_DAYS = 8;

/**
 * Reads a report, at most 10 MiB of UTF-8 JSON. All or nothing: a report of which a part was left out could not be told from a whole one.
 *
 * Issues: `REPORT_TOO_LARGE` (also: more than 200,000 policies and failures), `NOT_UTF8`, `REPORT_SYNTAX` (no JSON), `REPORT_TOO_DEEP`, `REPORT_FIELD` (a field that nothing can stand in for),
 * `REPORT_DATE`, `REPORT_RANGE` (ends before it starts), `REPORT_COUNT`.
 * Warnings: what was read leniently (`REPORT_BOM`, `REPORT_DUPLICATE_KEY`: the last wins, `REPORT_DATE_FORM`: UTC is taken, `REPORT_COUNT_TEXT`,
 * `REPORT_KIND`, `REPORT_MISSING`, `REPORT_TEXT_CUT`, `REPORT_DOMAIN`, `REPORT_U_LABEL`) and what is odd (`REPORT_ADDRESS`,
 * `REPORT_RANGE_LONG`, `REPORT_SUM`, `REPORT_UNKNOWN_TYPE`). Equal ones are one, with their number.
 */
export function parseTlsReport(json: Uint8Array | string): Parsed<TlsReport> {
  const reading = new ReportReading();
  const text = decode(json, reading);
  if (!text.ok) return text;
  const scan = scanJson(text.value, MAX_DEPTH);
  if (scan.tooDeepAt !== null) {
    const message = `the report has more than ${MAX_DEPTH} levels`;
    return failed('REPORT_TOO_DEEP', message, { offset: scan.tooDeepAt });
  }
  const value = parseJson(text.value);
  if (!value.ok) return value;
  if (scan.duplicate !== null) {
    const { key, count } = scan.duplicate;
    const more = count === 1 ? '' : ` (and ${count - 1} more keys)`;
    reading.warnOfText('REPORT_DUPLICATE_KEY', `${quoted(key)} stands twice in one object; the last counts${more}`);
  }
  const root = parseObject(value.value, () => '');
  if (root === null) return failed('REPORT_FIELD', 'the report is not a JSON object');
  const report = readReport(reading, root);
  return report === null || reading.issues.length > 0
    ? { ok: false, issues: reading.issues }
    : parsed(report, reading.warnings);
}

function readReport(reading: ReportReading, root: ReportObject): TlsReport | null {
  const organizationName = requireText(reading, root, 'organization-name');
  const dateRange = readDateRange(reading, root);
  const contactInfo = readText(reading, root, 'contact-info');
  if (contactInfo === null) reading.warn('REPORT_MISSING', root, 'contact-info', 'is missing');
  const reportId = requireText(reading, root, 'report-id');
  const entries = readObjects(reading, root, 'policies');
  if (entries === null) reading.refuse('REPORT_FIELD', root, 'policies', 'is missing');
  const policies = (entries ?? []).flatMap((entry) => readPolicy(reading, entry) ?? []);
  return dateRange && { organizationName, dateRange, contactInfo, reportId, policies };
}

function readDateRange(reading: ReportReading, root: ReportObject): TlsReport['dateRange'] | null {
  const range = readObject(root, 'date-range');
  if (range === null) {
    reading.refuse('REPORT_FIELD', root, 'date-range', missingOr(root.get('date-range'), 'an object'));
    return null;
  }
  const start = readInstant(reading, range, 'start-datetime');
  const end = readInstant(reading, range, 'end-datetime');
  if (start === null || end === null) return null;
  if (end < start) {
    reading.refuse('REPORT_RANGE', root, 'date-range', 'ends before it starts');
    return null;
  }
  const days = (end.getTime() - start.getTime()) / MS_PER_DAY;
  if (days > LONGEST_RANGE_DAYS)
    reading.warn('REPORT_RANGE_LONG', root, 'date-range', `has ${Math.ceil(days)} days; a report has one as a rule`);
  return { start, end };
}

function readInstant(reading: ReportReading, range: ReportObject, name: string): Date | null {
  const value = range.get(name);
  const instant = typeof value === 'string' ? parseReportInstant(value) : null;
  if (instant === null) {
    const shown = typeof value === 'string' ? `: ${quoted(value)}` : '';
    reading.refuse('REPORT_DATE', range, name, `${missingOr(value, 'a date and time of 2016 or later')}${shown}`);
    return null;
  }
  if (!instant.isExact)
    reading.warn('REPORT_DATE_FORM', range, name, 'is not of RFC 3339; UTC is taken where it has no zone');
  return instant.at;
}

function decode(json: Uint8Array | string, reading: ReportReading): Parsed<string> {
  if (isTooLarge(json)) return failed('REPORT_TOO_LARGE', `the report has more than ${MAX_REPORT_BYTES} bytes`);
  const text = typeof json === 'string' ? json : decodeUtf8(json);
  if (text === null) return failed('NOT_UTF8', 'the report is not UTF-8');
  if (!text.startsWith('\ufeff')) return parsed(text);
  reading.warnOfText('REPORT_BOM', 'a byte order mark stands in front; left out (RFC 8259 §8.1)');
  return parsed(text.slice(1));
}

function isTooLarge(json: Uint8Array | string): boolean {
  if (typeof json !== 'string') return json.length > MAX_REPORT_BYTES;
  // A UTF-16 unit is at most 3 bytes of UTF-8; only near the limit is it worth counting.
  if (json.length > MAX_REPORT_BYTES) return true;
  return json.length * 3 > MAX_REPORT_BYTES && new TextEncoder().encode(json).length > MAX_REPORT_BYTES;
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function parseJson(text: string): Parsed<unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return parsed(value);
  } catch {
    const hint = text.trimStart().startsWith('<') ? { hint: 'this is XML or HTML; DMARC reports are XML' } : {};
    return failed('REPORT_SYNTAX', 'the report is not JSON', hint);
  }
}
