/**
 * Floor 0. A look over JSON text before `JSON.parse`, which takes five million levels without a word and of two equal keys the last. It judges
 * no syntax: what is no JSON at all is found by the parse after it.
 */

/** What the parse cannot tell. Offsets count UTF-16 units. */
export interface JsonScan {
  /** Where the first level too many begins; null: none. Nothing behind it was looked at. */
  readonly tooDeepAt: number | null;
  /** The first key that stands a second time in its object, and how many such there are. */
  readonly duplicate: { readonly key: string; readonly offset: number; readonly count: number } | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** `maxDepth`: of objects and lists inside each other, 1 for `{}`. */
export function scanJson(text: string, maxDepth: number): JsonScan {
  /** The keys of every open object, null for a list. */
  const open: (Set<string> | null)[] = [];
  let duplicate: { key: string; offset: number; count: number } | null = null;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (keys && isFollowedByColon(text, end)) {
        const key = keyText(text.slice(at, end));
        if (!keys.has(key)) keys.add(key);
        else if (duplicate === null) duplicate = { key, offset: at, count: 1 };
        else duplicate.count++;
      }
      at = end - 1;
    } else if (unit === 0x7b || unit === 0x5b) {
      if (open.length === maxDepth) return { tooDeepAt: at, duplicate };
      open.push(unit === 0x7b ? new Set() : null);
    } else if (unit === 0x7d || unit === 0x5d) open.pop();
  }
  return { tooDeepAt: null, duplicate };
}

/** Behind the closing quote of the string that begins at `start`; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at === -1 ? text.length : at + 1;
}

/** An odd number of backslashes stands in front. They are counted anew for each quote, and no two quotes share any. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === COLON;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

/** The key that a quoted text means: `"a\u002db"` is `a-b`. */
function keyText(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
