/** Key files in the syntax of named.conf: `key "name" { algorithm hmac-sha256; secret "..."; };`, as tsig-keygen and rndc-confgen write. */
import { Secret } from '../../src/core/secret.ts';
import type { RawKey } from './key.ts';

/** Comments (`#`, `//`, C style), then a quoted text, a bare word or a mark. */
const TOKEN = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"([^"\n]*)"|([^\s{};"#/][^\s{};"]*)|([{};])/y;

interface Token {
  readonly text: string;
  readonly isMark: boolean;
}

/** All keys of a file, other statements passed over; null: it is not of this syntax. What a key lacks is null in it. */
export function parseKeyFile(text: string): readonly RawKey[] | null {
  const tokens = tokensOf(text.replace(/^\uFEFF/, ''));
  if (tokens === null) return null;
  const keys: RawKey[] = [];
  for (let at = 0; at < tokens.length;) {
    const end = statementEnd(tokens, at);
    if (end === null) return null;
    const [word, name, open, ...body] = tokens.slice(at, end);
    if (word?.text === 'key' && name?.isMark === false && isMark(open, '{')) {
      const secret = settingOf(body, 'secret');
      keys.push({
        name: name.text,
        algorithm: settingOf(body, 'algorithm'),
        secret: secret === null ? null : new Secret(secret),
      });
    }
    at = end + 1;
  }
  return keys;
}

function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length;) {
    const match = TOKEN.exec(text);
    if (match === null) return null;
    const [, quoted, word, mark] = match;
    const value = quoted ?? word ?? mark;
    if (value !== undefined) tokens.push({ text: value, isMark: mark !== undefined });
  }
  return tokens;
}

/** The place of the semicolon that ends the statement at `start`; null: there is none, or the braces do not fit. */
function statementEnd(tokens: readonly Token[], start: number): number | null {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    if (isMark(tokens[at], '{')) depth++;
    if (isMark(tokens[at], '}')) depth--;
    if (depth < 0) return null;
    if (depth === 0 && isMark(tokens[at], ';')) return at;
  }
  return null;
}

/** The word behind `name` in the body of a key. */
function settingOf(body: readonly Token[], name: string): string | null {
  const at = body.findIndex((token, index) => token.text === name && (index === 0 || isMark(body[index - 1], ';')));
  const value = at === -1 ? undefined : body[at + 1];
  return value === undefined || value.isMark ? null : value.text;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.isMark === true && token.text === text;
}
