/**
 * Zone-file text into entries of words with their places (RFC 1035 §5.1). The text is a byte string: one character a byte, so that
 * every offset is an offset in the file and nothing is lost on the way back.
 */
import { StsyncError } from '../../src/core/error.ts';

/** A file and its text, for messages that name the place. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** A word or a quoted string (quotes included). `depth`: how many parentheses are open around it. */
export interface Token {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/**
 * One entry: a record or directive, over several lines when parentheses are open, or a line without words. `end` is behind its line break;
 * `contentEnd` behind its last word or parenthesis; `hasOwner` is false when it starts with a blank (the owner is the one before).
 */
export interface Entry {
  readonly start: number;
  readonly end: number;
  readonly contentEnd: number;
  readonly hasOwner: boolean;
  readonly tokens: readonly Token[];
}

const [TAB, LF, CR, SPACE, QUOTE, OPEN, CLOSE, SEMICOLON, BACKSLASH] = [9, 10, 13, 32, 34, 40, 41, 59, 92];

/** Reads the entry that starts at `start`. Throws `ZONE_SYNTAX`. */
export function lexEntry(source: Source, start: number): Entry {
  const { text } = source;
  const first = text.charCodeAt(start);
  const tokens: Token[] = [];
  const open: number[] = [];
  let contentEnd = start;
  let at = start;
  const entry = (end: number): Entry => ({
    start,
    end,
    contentEnd,
    hasOwner: first !== SPACE && first !== TAB,
    tokens,
  });
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === SPACE || char === TAB) at++;
    else if (char === CR && text.charCodeAt(at + 1) === LF) at++;
    else if (char === LF) {
      at++;
      if (open.length === 0) return entry(at);
    } else if (char === SEMICOLON) {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
    } else if (char === OPEN || char === CLOSE) {
      if (char === OPEN) open.push(at);
      else if (open.pop() === undefined) throw syntaxError(source, at, 'a ")" without its "("');
      contentEnd = ++at;
    } else {
      const end = char === QUOTE ? quotedEnd(source, at) : wordEnd(source, at);
      tokens.push({ start: at, end, depth: open.length });
      contentEnd = at = end;
    }
  }
  const unclosed = open.pop();
  if (unclosed !== undefined) throw syntaxError(source, unclosed, 'a "(" that is never closed');
  return entry(at);
}

function quotedEnd(source: Source, start: number): number {
  const { text } = source;
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at + 1;
    if (char === LF) break;
    if (char === BACKSLASH && text.charCodeAt(at + 1) !== LF) at++;
  }
  throw syntaxError(source, start, 'a quoted string that does not end in its line');
}

/** A word ends at blanks, comments, quotes and parentheses, unless a backslash stands in front of them. */
function wordEnd(source: Source, start: number): number {
  const { text } = source;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case BACKSLASH: {
        at++;
        const next = text.charCodeAt(at);
        // NaN: the file ends here.
        if (next === LF || next === CR || Number.isNaN(next)) {
          throw syntaxError(source, at - 1, 'a backslash with nothing behind it');
        }
        break;
      }
      case CR:
        if (text.charCodeAt(at + 1) !== LF) throw syntaxError(source, at, 'a carriage return without a line feed');
        return at;
      case TAB:
      case LF:
      case SPACE:
      case QUOTE:
      case OPEN:
      case CLOSE:
      case SEMICOLON:
        return at;
      default:
    }
  }
  return text.length;
}

/** The raw text of a token. */
export function tokenText(source: Source, token: Token): string {
  return source.text.slice(token.start, token.end);
}

/** `ZONE_SYNTAX` at an offset, with file, line and column (in bytes, from 1). */
export function syntaxError(source: Source, offset: number, message: string, hint?: string): StsyncError {
  const where = placeOf(source, offset);
  return new StsyncError('ZONE_SYNTAX', `${where}: ${message}`, {
    where,
    hint: hint ?? 'correct the zone file; named-checkzone or kzonecheck shows whether a name server takes it',
  });
}

/** `file:line:col` of an offset. */
export function placeOf({ path, text }: Source, offset: number): string {
  const before = text.slice(0, offset);
  return `${path}:${before.split('\n').length}:${offset - before.lastIndexOf('\n')}`;
}
