/** Floor 0. One YAML file as text, and how an offset in it becomes a line and a column. */
import type { Place } from './model.ts';

/** A file of the config as it comes in: `file` as the user named it, `directory` absolute, for the paths written in it. */
export interface ConfigFile {
  readonly file: string;
  readonly directory: string;
  readonly text: Uint8Array;
}

/** A value and where it stands. `value` is undefined where something stands there but is faulty; the fault is reported already. */
export interface Located<T> {
  readonly value: T | undefined;
  readonly source: SourceText;
  readonly offset: number;
}

export class SourceText {
  readonly file: string;
  readonly directory: string;
  readonly text: string;
  /** Offsets at which lines begin; made at the first question, since a good file asks late or never. */
  #lineStarts: readonly number[] | null = null;

  constructor(file: string, directory: string, text: string) {
    this.file = file;
    this.directory = directory;
    this.text = text;
  }

  /** Line and column from 1; a column is a UTF-16 unit, as editors count. */
  placeAt(offset: number): Place {
    const starts = (this.#lineStarts ??= findLineStarts(this.text));
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }
}

/** Decodes UTF-8, without the byte order mark. Where it is not UTF-8: the text up to the first bad byte, for the position. */
export function decodeUtf8(bytes: Uint8Array): { readonly isGood: boolean; readonly text: string } {
  try {
    return { isGood: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { isGood: false, text: decodeGoodPart(bytes) };
  }
}

/** The longest prefix that is UTF-8, found by halving: a prefix of good bytes stays good, but for a character cut in two. */
function decodeGoodPart(bytes: Uint8Array): string {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isUtf8Start(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return new TextDecoder('utf-8').decode(bytes.subarray(0, good), { stream: true });
}

function isUtf8Start(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The place of a located value. */
export function placeOf(located: Pick<Located<unknown>, 'source' | 'offset'>): Place {
  return located.source.placeAt(located.offset);
}
