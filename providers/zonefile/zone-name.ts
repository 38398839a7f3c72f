/**
 * Names as zone files write them (RFC 1035 §5.1) to and from the names of stsync: absolute, ASCII letters in lower case, no final dot, the
 * root is ''. A byte that is no plain character becomes `\DDD`, a dot inside a label too, so every dot in a name divides labels.
 */
import { tokenText, syntaxError, type Source, type Token } from './lexer.ts';

/** Reads a name relative to `origin`. Throws `ZONE_SYNTAX`. */
export function readName(source: Source, token: Token, origin: string): string {
  const raw = tokenText(source, token);
  if (raw === '@') return origin;
  if (raw === '.') return '';
  const fault = (message: string): Error => syntaxError(source, token.start, `"${raw}" is no name: ${message}`);
  if (raw.startsWith('"')) throw fault('a name stands without quotes');
  const isPlain = /^[!-[\]-~]+$/.test(raw);
  const written = isPlain ? raw.toLowerCase() : canonical(raw);
  if (written === null) throw fault('a backslash needs three digits up to 255, or one character');
  const isAbsolute = written.endsWith('.');
  const name = isAbsolute ? written.slice(0, -1) : origin === '' ? written : `${written}.${origin}`;
  if (name.startsWith('.') || name.includes('..')) throw fault('it has an empty label');
  if (name.length > 63 && !fits(name)) throw fault('a label has at most 63 bytes and a name at most 255');
  return name;
}

/** `name` as short as `origin` allows: `@`, relative, or absolute with the final dot. */
export function formatName(name: string, origin: string): string {
  if (name === origin) return '@';
  const relative = name.slice(0, -origin.length - 1);
  return origin !== '' && isBelow(name, origin) && !/^[@$]/.test(relative) ? relative : `${name}.`;
}

function canonical(raw: string): string | null {
  let isGood = true;
  const text = raw.replaceAll(/\\(\d{3})|\\([^0-9])|\\|[^!-~]/gs, (all, digits?: string, char?: string) => {
    const code = digits === undefined ? (char ?? all).charCodeAt(0) : Number(digits);
    if (all === '\\' || code > 255) isGood = false;
    const plain = String.fromCharCode(code);
    return /[!#-'*-\-/-:<-[\]-~]/.test(plain) ? plain : `\\${code.toString().padStart(3, '0')}`;
  });
  return isGood ? text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) : null;
}

/** RFC 1035 §2.3.4: bytes on the wire, an escape is one byte. */
function fits(name: string): boolean {
  const labels = name.replaceAll(/\\\d{3}/g, '?').split('.');
  return labels.every((label) => label.length <= 63) && labels.join('.').length <= 253;
}

/** `name` is below `ancestor`. */
export function isBelow(name: string, ancestor: string): boolean {
  return ancestor === '' ? name !== '' : name.endsWith(`.${ancestor}`);
}
