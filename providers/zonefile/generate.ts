/**
 * `$GENERATE` (BIND and others): a template that makes many records. stsync does not expand it; it only has to know which names one may
 * make, so that it never says "nothing there" about such a name.
 */
import { placeOf, tokenText, type Entry, type Source } from './lexer.ts';

export interface Generator {
  /** `file:line:col`, for messages. */
  readonly place: string;
  /** It may make a delegation (NS) or a DNAME. */
  readonly isCut: boolean;
  /** True when it may make this name. */
  mayMake(name: string): boolean;
  /** True when it may make a name below this one, so that this one exists. */
  mayMakeBelow(name: string): boolean;
}

/** Reads `$GENERATE range lhs [ttl] [class] type rhs`; what cannot be understood counts as able to make any name. */
export function readGenerator(source: Source, entry: Entry, origin: string): Generator {
  const words = entry.tokens.slice(2).map((token) => tokenText(source, token));
  const lhs = words[0] ?? '$';
  const full = lhs === '@' ? `${origin}.` : lhs.endsWith('.') ? lhs : `${lhs}.${origin}.`;
  const parts = full
    .toLowerCase()
    .slice(0, -1)
    .match(/\\.|\$\$|\$\{[^}]*\}|\$|[^\\$]/gs);
  const patterns = (parts ?? []).map(partPattern);
  // Each dot of the text starts a name above the one that is made.
  const above = patterns.flatMap((pattern, at) => (pattern === '\\.' ? [patterns.slice(at + 1).join('')] : []));
  const self = new RegExp(`^${patterns.join('')}$`, 's');
  const below = above.map((pattern) => new RegExp(`^${pattern}$`, 's'));
  return {
    place: placeOf(source, entry.start),
    isCut: words.slice(1).some((word) => /^(?:NS|DNAME|TYPE2|TYPE39)$/i.test(word)),
    mayMake: (name) => self.test(name),
    mayMakeBelow: (name) => below.some((pattern) => pattern.test(name)),
  };
}

/** `$` and `${offset,width,base}` stand for digits in any base, with dots in the nibble form. */
function partPattern(part: string): string {
  if (part === '$$' || part === '\\$') return '\\$';
  if (part.startsWith('$')) return '[-0-9a-f.]+';
  if (part.startsWith('\\')) return '.{1,4}';
  return part.replaceAll(/[^a-z0-9_]/g, String.raw`\$&`);
}
