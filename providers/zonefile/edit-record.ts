/** The smallest edit of one record in the text of its zone file. */
import { lexEntry, tokenText } from './lexer.ts';
import type { Splice } from './splice.ts';
import type { ZoneRecord } from './zone.ts';
import { formatName } from './zone-name.ts';

/**
 * New data in place of the old: owner, TTL, class, layout before and comment behind stay. Where the data stands in parentheses, all from its
 * first word to the last parenthesis is replaced, and what was open is closed.
 */
export function spliceData({ source, start, dataToken }: ZoneRecord, data: string): Splice {
  const entry = lexEntry(source, start);
  const first = entry.tokens[dataToken];
  if (first === undefined) return { start: entry.contentEnd, end: entry.contentEnd, text: ` ${data}` };
  return { start: first.start, end: entry.contentEnd, text: data + ' )'.repeat(first.depth) };
}

/** Another TTL: in place of the one that stands there, or as the first word behind the owner. */
export function spliceTtl({ source, start, headToken, dataToken }: ZoneRecord, ttlSeconds: number): Splice {
  const { tokens } = lexEntry(source, start);
  const head = tokens.slice(headToken, dataToken - 1);
  const old = head.find((token) => /^\d/.test(tokenText(source, token)));
  if (old !== undefined) return { start: old.start, end: old.end, text: String(ttlSeconds) };
  const at = tokens[headToken]?.start ?? start;
  return { start: at, end: at, text: `${ttlSeconds} ` };
}

/** The owner written out where the record took over the one before it; the words behind it keep their column if there is room. */
export function spliceOwner({ source, start, owner, origin }: ZoneRecord): Splice {
  const name = formatName(owner, origin);
  const blanks = /^[ \t]*/.exec(source.text.slice(start, start + 200))?.[0] ?? '';
  const isRoom = /^ +$/.test(blanks) && blanks.length > name.length;
  return { start, end: start + blanks.length, text: isRoom ? name.padEnd(blanks.length) : name + blanks };
}

/** The whole entry with its line break and what is commented on its lines. */
export function spliceRemoval({ start, end }: ZoneRecord): Splice {
  return { start, end, text: '' };
}

/** A new record as one line, in the style (blanks or tabs) of `sample`, a record of the same zone. */
export function formatRecord(
  record: { readonly owner: string; readonly ttlSeconds: number; readonly type: string; readonly data: string },
  origin: string,
  sample: ZoneRecord,
): string {
  const { text } = sample.source;
  const isTabbed = text.slice(sample.start, sample.end).includes('\t');
  const words = [formatName(record.owner, origin), record.ttlSeconds, 'IN', record.type, record.data];
  const isCrlf = /^[^\n]*\r\n/.test(text);
  return words.join(isTabbed ? '\t' : ' ') + (isCrlf ? '\r\n' : '\n');
}
