/**
 * Floor 0. Cuts a file with very many domains into pieces that can be parsed one after the other: 100,000 domains in one piece need three
 * times the memory. Only what is plain is cut; everything unusual gives null, and the file is parsed whole.
 */

/** Domains of one piece; measured: 20 to 100 are alike, 200 takes half as long again (bench/config-load.ts). */
const BLOCK_SIZE = 50;

export interface CutText {
  /** The file without the entries under `domains:`. */
  readonly frame: string;
  /** Where `domains:` begins, in the file and in the frame. */
  readonly keyOffset: number;
  /** In the frame, everything from `cutOffset` on stands `cutLength` later in the file. */
  readonly cutOffset: number;
  readonly cutLength: number;
  readonly blocks: readonly TextBlock[];
}

/** Some entries of `domains:` as a text of its own, and where it begins in the file. */
export interface TextBlock {
  readonly text: string;
  readonly offset: number;
}

/** `domains:` alone on its line. */
const DOMAINS_LINE = /^domains:[ ]*(?:#.*)?\r?$/m;
/** Document marks after the key; tabs anywhere. */
const UNUSUAL_LINE = /^(?:---|\.\.\.)/m;
/** What may be an anchor, an alias or a tag: these reach over the border of a block. */
const PROPERTY = /(?:^|[\s[{,])[&*!]/gm;
/** A comment for sure: nothing quoted before it on its line. */
const COMMENT = /^(?:[^"']*\s)?#/;
/** How an entry begins. `?`, `:` and `-` continue or open something else; `#` is a comment. */
const ENTRY_START = /^["'\p{L}\p{N}_]/u;

/**
 * The pieces of a file, or null when it has few domains or anything that could make a piece mean something else than the whole. A caller
 * still has to parse the whole file when the frame or a block has any fault: only then do the faults stand where they belong.
 */
export function cutBlocks(text: string, blockSize = BLOCK_SIZE): CutText | null {
  const key = DOMAINS_LINE.exec(text);
  if (key === null || text.includes('\t')) return null;
  const lineEnd = text.indexOf('\n', key.index);
  if (lineEnd === -1) return null;
  const start = lineEnd + 1;
  const entries = findEntries(text, start);
  if (entries === null || entries.starts.length <= blockSize) return null;
  const { starts, end } = entries;
  if (UNUSUAL_LINE.test(text.slice(start)) || hasProperty(text)) return null;
  const blocks: TextBlock[] = [];
  for (let index = 0; index < starts.length; index += blockSize) {
    const from = index === 0 ? start : (starts[index] ?? end);
    blocks.push({ text: text.slice(from, starts[index + blockSize] ?? end), offset: from });
  }
  const frame = text.slice(0, start) + text.slice(end);
  return { frame, keyOffset: key.index, cutOffset: start, cutLength: end - start, blocks };
}

/** Offsets of the lines that begin an entry, and where the section ends. Null where a line has an indentation that does not fit. */
function findEntries(text: string, start: number): { starts: readonly number[]; end: number } | null {
  const starts: number[] = [];
  let indentation = 0;
  let offset = start;
  while (offset < text.length) {
    const newline = text.indexOf('\n', offset);
    const next = newline === -1 ? text.length : newline + 1;
    const spaces = countSpaces(text, offset);
    const first = text[offset + spaces];
    const isBlank = first === undefined || first === '\n' || first === '\r' || first === '#';
    if (!isBlank) {
      if (spaces === 0) return { starts, end: offset };
      if (starts.length === 0) indentation = spaces;
      if (spaces < indentation) return null;
      if (spaces === indentation) {
        if (!ENTRY_START.test(String.fromCodePoint(text.codePointAt(offset + spaces) ?? 0))) return null;
        starts.push(offset);
      }
    }
    offset = next;
  }
  return { starts, end: text.length };
}

function countSpaces(text: string, offset: number): number {
  let count = 0;
  while (text.charCodeAt(offset + count) === 0x20) count++;
  return count;
}

function hasProperty(text: string): boolean {
  for (const match of text.matchAll(PROPERTY)) {
    const at = match.index + match[0].length - 1;
    const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
    if (!COMMENT.test(line)) return true;
  }
  return false;
}
