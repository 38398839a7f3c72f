/**
 * Floor 0. Reads the fields of a TLS report that a stranger wrote. Only fields asked for by name are looked at, at fixed depths, so neither
 * `__proto__` nor a million unknown keys do anything. A null field is a missing one: Go and Rust write those so.
 */
import { MAX_ENTRIES, quoted, type ReportObject, type ReportReading } from './report-reading.ts';

/** Longer texts are cut: nothing a reporter has to say needs more, and rows are kept for long. UTF-16 units. */
const MAX_TEXT = 1024;

/** The properties of a JSON object; null: it is none. */
export function parseObject(value: unknown, place: () => string): ReportObject | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return { get: (name): unknown => Reflect.get(value, name), place };
}

/** The objects of a list; one that stands alone is a list of it. Null: missing or something else, which is an issue. */
export function readObjects(
  reading: ReportReading,
  object: ReportObject,
  name: string,
): readonly ReportObject[] | null {
  const value = object.get(name);
  if (value === undefined || value === null || value === '') return null;
  const isList = Array.isArray(value);
  // PHP writes an empty list as {}.
  if (!isList && typeof value === 'object' && Object.keys(value).length === 0) return [];
  const items: readonly unknown[] = isList ? value : [value];
  if (!isList) reading.warn('REPORT_KIND', object, name, 'is not a list; read as a list of one');
  if (!reading.takes(items.length)) {
    reading.refuse('REPORT_TOO_LARGE', object, name, `goes over ${MAX_ENTRIES} policies and failures in all`);
    return [];
  }
  const objects: ReportObject[] = [];
  for (const [index, item] of items.entries()) {
    const one = parseObject(item, () => `${prefixOf(object)}${name}[${index}]`);
    if (one === null) {
      reading.refuse('REPORT_FIELD', object, `${name}[${index}]`, 'is not an object');
      return [];
    }
    objects.push(one);
  }
  return objects;
}

/** The object in a field; null: missing or something else. */
export function readObject(object: ReportObject, name: string): ReportObject | null {
  return parseObject(object.get(name), () => `${prefixOf(object)}${name}`);
}

/** A text that may be missing: then, and when it is empty, null. */
export function readText(reading: ReportReading, object: ReportObject, name: string): string | null {
  const value = object.get(name);
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return keep(reading, object, name, value);
  if (typeof value === 'number' || typeof value === 'boolean') {
    reading.warn('REPORT_KIND', object, name, 'is not a text; read as one');
    return String(value);
  }
  reading.warn('REPORT_KIND', object, name, 'is not a text; left out');
  return null;
}

/** A text that has to be there; '' and an issue when it is not. It is never cut, since it says which report this is. */
export function requireText(reading: ReportReading, object: ReportObject, name: string): string {
  const text = readText(reading, object, name);
  const raw = object.get(name);
  if (text === null) reading.refuse('REPORT_FIELD', object, name, missingOr(raw, 'a text'));
  else if (typeof raw === 'string' && raw.length > MAX_TEXT)
    reading.refuse('REPORT_FIELD', object, name, `has ${raw.length} characters; at most ${MAX_TEXT} are read`);
  return text ?? '';
}

/** A list of texts. A text alone is a list of one: RFC 8460 prints `mx-host` so, erratum 6241 corrects it. */
export function readTexts(reading: ReportReading, object: ReportObject, name: string): readonly string[] {
  const value = object.get(name);
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') {
    reading.warn('REPORT_KIND', object, name, 'is not a list; read as a list of one');
    return [keep(reading, object, name, value)];
  }
  const texts: string[] = [];
  if (!Array.isArray(value)) reading.warn('REPORT_KIND', object, name, 'is not a list of texts; left out');
  else {
    for (const item of value as readonly unknown[]) {
      if (typeof item === 'string') texts.push(keep(reading, object, name, item));
      else reading.warn('REPORT_KIND', object, name, 'has something that is not a text; left out');
    }
  }
  return texts;
}

/**
 * A count of sessions; null: missing. A number that is negative, has a fraction or is over 2^53-1 refuses the report: a clamped one would be
 * counted as though the reporter had said it. Digits as text are taken, up to 15: more could not be exact.
 */
export function readCount(reading: ReportReading, object: ReportObject, name: string): number | null {
  const value = object.get(name);
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) {
    reading.warn('REPORT_COUNT_TEXT', object, name, 'is a text; read as a number');
    return Number(value);
  }
  // Adding 0 makes 0 of -0.
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value + 0;
  const shown = typeof value === 'number' || typeof value === 'string' ? ` (${quoted(String(value))})` : '';
  reading.refuse('REPORT_COUNT', object, name, `is not a whole number from 0 to 2^53-1${shown}`);
  return 0;
}

/** What an issue says of a required field that cannot be read. */
export function missingOr(value: unknown, kind: string): string {
  return value === undefined || value === null ? 'is missing' : value === '' ? 'is empty' : `is not ${kind}`;
}

function keep(reading: ReportReading, object: ReportObject, name: string, text: string): string {
  if (text.length <= MAX_TEXT) return text.toWellFormed();
  reading.warn('REPORT_TEXT_CUT', object, name, `has more than ${MAX_TEXT} characters; the rest is left out`);
  return text.slice(0, MAX_TEXT).toWellFormed();
}

function prefixOf(object: ReportObject): string {
  const place = object.place();
  return place === '' ? '' : `${place}.`;
}
