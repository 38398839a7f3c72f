/**
 * Floor 0. What is remarked while a TLS report is read. One report may have the same flaw in a hundred thousand places, so equal remarks become
 * one with a number.
 */
import type { Issue } from '../result.ts';

/** So many faults say enough. */
const MAX_ISSUES = 10;

/** Policies and failures in all. 10 MiB hold some 60,000 with what is to be said of each, and three million that are empty. */
export const MAX_ENTRIES = 200_000;

/** One object of the report and where it stands: `policies[0].failure-details[2]`, '' for the report itself. */
export interface ReportObject {
  readonly get: (name: string) => unknown;
  readonly place: () => string;
}

interface Remark {
  readonly code: string;
  readonly message: string;
  count: number;
}

export class ReportReading {
  readonly issues: Issue[] = [];
  readonly #remarks = new Map<string, Remark>();
  #entries = 0;

  get warnings(): readonly Issue[] {
    return [...this.#remarks.values()].map(({ code, message, count }) => ({
      code,
      message: count === 1 ? message : `${message} (and ${count - 1} more like it)`,
    }));
  }

  /** So many more policies or failures; false: with them there are too many. */
  takes(entries: number): boolean {
    this.#entries += entries;
    return this.#entries <= MAX_ENTRIES;
  }

  /** The report is no value any more. */
  refuse(code: string, object: ReportObject, name: string, what: string): void {
    if (this.issues.length < MAX_ISSUES) this.issues.push({ code, message: `${placeOf(object, name)} ${what}` });
  }

  /** `what` goes on after the place, and is one of few: what varies stands in `detail`, of the first place only. */
  warn(code: string, object: ReportObject, name: string, what: string, detail = ''): void {
    const key = `${code} ${name} ${what}`;
    const known = this.#remarks.get(key);
    if (known !== undefined) known.count++;
    else this.#remarks.set(key, { code, message: `${placeOf(object, name)} ${what}${detail}`, count: 1 });
  }

  /** A remark about the text as a whole. */
  warnOfText(code: string, message: string): void {
    this.#remarks.set(code, { code, message, count: 1 });
  }
}

/** For messages: in quotes, on one line, not long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

function placeOf(object: ReportObject, name: string): string {
  const place = object.place();
  return place === '' || name === '' ? place + name : `${place}.${name}`;
}
