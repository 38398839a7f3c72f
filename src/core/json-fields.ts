/**
 * Floor 0. Reads the fields of parsed JSON that a stranger wrote. What is missing or of another kind becomes an issue with its place
 * (`domains[3].steps[0].before`), and the reading goes on with a stand-in, so that all faults are told at once.
 */
import type { Issue } from './result.ts';

/** A value and where it stands. */
export interface JsonField {
  readonly value: unknown;
  readonly place: string;
}

/** So many faults say enough; a file of 100,000 domains may have as many. */
const MAX_ISSUES = 10;

/** The value of a field whose parent is at fault already. */
const unknown = Symbol('unknown');

/** The values it gives mean something only while `issues` is empty. */
export class JsonFields {
  readonly issues: Issue[] = [];
  readonly #code: string;

  /** `code`: of every issue. */
  constructor(code: string) {
    this.#code = code;
  }

  /** A reader of the own properties of an object. */
  object({ value, place }: JsonField): (name: string) => JsonField {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) this.note({ value, place }, 'an object');
    const properties = new Map<string, unknown>(isObject ? Object.entries(value) : []);
    const prefix = place === '' ? '' : `${place}.`;
    return (name) => ({ value: isObject ? properties.get(name) : unknown, place: `${prefix}${name}` });
  }

  list<T>({ value, place }: JsonField, read: (one: JsonField) => T): readonly T[] {
    if (Array.isArray(value))
      return value.map((one: unknown, index) => read({ value: one, place: `${place}[${index}]` }));
    return this.fault({ value, place }, 'a list', []);
  }

  text(field: JsonField): string {
    return typeof field.value === 'string' ? field.value : this.fault(field, 'a text', '');
  }

  /** Whole, not negative. */
  count({ value, place }: JsonField): number {
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    return isCount ? value : this.fault({ value, place }, 'a whole number', 0);
  }

  flag(field: JsonField): boolean {
    return typeof field.value === 'boolean' ? field.value : this.fault(field, 'true or false', false);
  }

  date(field: JsonField): Date {
    const found = new Date(typeof field.value === 'string' ? field.value : Number.NaN);
    return Number.isNaN(found.getTime()) ? this.fault(field, 'a date', new Date(0)) : found;
  }

  word<T extends string>(field: JsonField, words: readonly [T, ...T[]]): T {
    return words.find((word) => word === field.value) ?? this.fault(field, `one of ${words.join(', ')}`, words[0]);
  }

  /** A missing field is not null. */
  orNull<T>(field: JsonField, read: (one: JsonField) => T): T | null {
    return field.value === null ? null : read(field);
  }

  /** Notes an issue. */
  note({ value, place }: JsonField, what: string): void {
    if (value === unknown || this.issues.length >= MAX_ISSUES) return;
    const message = `${place || 'the file'} is ${value === undefined ? 'missing' : `not ${what}`}`;
    this.issues.push({ code: this.#code, message });
  }

  /** Notes an issue and gives the stand-in. */
  fault<T>(field: JsonField, what: string, standIn: T): T {
    this.note(field, what);
    return standIn;
  }
}
