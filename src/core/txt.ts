/**
 * Floor 0. TXT character-strings (RFC 1035 §3.3.14, §5.1). Bytes are kept as a "byte string": one character (code 0 to 255) a byte, so
 * that nothing a neighbour wrote is lost in a decoding.
 */
import { failed, parsed, type Parsed } from './result.ts';

/** The longest character-string, in bytes: its length is one octet on the wire. */
export const MAX_CHARACTER_STRING = 255;

/**
 * Cuts a byte string into character-strings of at most 255 bytes; the empty string is one empty character-string, since a TXT record has
 * at least one (RFC 1035 §3.3.14).
 */
export function splitTxt(bytes: string): readonly string[] {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += MAX_CHARACTER_STRING)
    chunks.push(bytes.slice(at, at + MAX_CHARACTER_STRING));
  return chunks.length === 0 ? [''] : chunks;
}

/**
 * Writes character-strings in presentation form: `"v=STSv1; id=1" "more"`. Quotes and backslashes are escaped with a backslash, bytes
 * outside printable ASCII as `\DDD`.
 */
export function formatTxt(strings: readonly string[]): string {
  return strings.map((one) => `"${one.replaceAll(/["\\]|[^ -~]/g, escapeByte)}"`).join(' ');
}

/**
 * Reads presentation form into character-strings. Quoted and bare words may be mixed, as in zone files and in what some providers return.
 * Issues: `TXT_SYNTAX` (open quote, bad escape, a character that is no byte), `TXT_TOO_LONG` (a string over 255 bytes).
 */
export function parseTxt(text: string): Parsed<readonly string[]> {
  const strings: string[] = [];
  let at = 0;
  while (true) {
    while (at < text.length && /[ \t\r\n]/.test(text.charAt(at))) at++;
    if (at >= text.length) break;
    const start = at;
    const isQuoted = text[at] === '"';
    if (isQuoted) at++;
    let value = '';
    for (;;) {
      const char = text[at];
      if (char === undefined) {
        if (isQuoted) return failed('TXT_SYNTAX', 'a quoted string has no end', { offset: start });
        break;
      }
      if (isQuoted ? char === '"' : /[ \t\r\n"]/.test(char)) break;
      if (char === '\\') {
        const escape = /^\\(?:(\d{3})|([^0-9]))/.exec(text.slice(at, at + 4));
        const code = escape?.[1] === undefined ? escape?.[2]?.charCodeAt(0) : Number(escape[1]);
        if (code === undefined || code > 255) {
          return failed('TXT_SYNTAX', 'a backslash needs three digits up to 255, or one character', { offset: at });
        }
        value += String.fromCharCode(code);
        at += escape?.[1] === undefined ? 2 : 4;
        continue;
      }
      if (char.charCodeAt(0) > 255) return failed('TXT_SYNTAX', 'a character here is not a byte', { offset: at });
      const run = plainRun(text, at, isQuoted);
      value += run;
      at += run.length;
    }
    if (isQuoted) at++;
    if (value.length > MAX_CHARACTER_STRING) {
      return failed('TXT_TOO_LONG', `a character-string of ${value.length} bytes; at most ${MAX_CHARACTER_STRING}`, {
        offset: start,
      });
    }
    strings.push(value);
  }
  return strings.length === 0
    ? failed('TXT_SYNTAX', 'a TXT record has at least one character-string')
    : parsed(strings);
}

/** What stands for itself from `at` on, taken as a whole: a text put together from single characters takes many times the memory. */
function plainRun(text: string, at: number, isQuoted: boolean): string {
  const plain = isQuoted ? /[^"\\\u0100-\uffff]+/y : /[^ \t\r\n"\\\u0100-\uffff]+/y;
  plain.lastIndex = at;
  return plain.exec(text)?.[0] ?? '';
}

function escapeByte(char: string): string {
  return char === '"' || char === '\\' ? `\\${char}` : `\\${char.charCodeAt(0).toString().padStart(3, '0')}`;
}
