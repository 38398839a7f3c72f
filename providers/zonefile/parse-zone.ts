/**
 * Zone-file text into a {@link Zone} (RFC 1035 §5, RFC 2308 §4). Data of records is not looked at here: only what is asked for is read
 * (`rdata.ts`), and what nobody asks for is kept as it is.
 */
import { readGenerator, type Generator } from './generate.ts';
import { lexEntry, syntaxError, tokenText, type Entry, type Source, type Token } from './lexer.ts';
import { soaMinimum } from './rdata.ts';
import { parseTtl } from './ttl.ts';
import type { Zone, ZoneRecord } from './zone.ts';
import { isBelow, readName } from './zone-name.ts';

/** What carries over from entry to entry. The TTLs go through included files as BIND has it; RFC 1035 is silent. */
interface State {
  readonly zone: string;
  readonly include: (path: string) => Source | null;
  readonly records: ZoneRecord[];
  readonly generators: Generator[];
  origin: string;
  owner: string | null;
  defaultTtl: number | null;
  previousTtl: number | null;
}

const MAX_INCLUDE_DEPTH = 10;

/** Numbers of the types that something here looks at (RFC 3597 §5 allows `TYPE16` for `TXT`). */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  TYPE1: 'A',
  TYPE2: 'NS',
  TYPE5: 'CNAME',
  TYPE6: 'SOA',
  TYPE15: 'MX',
  TYPE16: 'TXT',
  TYPE28: 'AAAA',
  TYPE39: 'DNAME',
  TYPE46: 'RRSIG',
};

/**
 * Reads a whole zone. `include` gives the text of an included file (see {@link includedPaths}). Throws `ZONE_SYNTAX` with file, line and
 * column; also when the SOA is missing, doubled or another zone's.
 */
export function parseZone(name: string, source: Source, include: (path: string) => Source | null): Zone {
  const state: State = {
    zone: name,
    include,
    records: [],
    generators: [],
    origin: name,
    owner: null,
    defaultTtl: null,
    previousTtl: null,
  };
  readFile(state, source, 0);
  const byOwner = Map.groupBy(state.records, ({ owner }) => owner);
  let names: Set<string> | undefined;
  return {
    name,
    source,
    records: state.records,
    byOwner,
    soa: theSoa(name, source, state.records),
    endOrigin: state.origin,
    generators: state.generators,
    names: () => (names ??= withAncestors(name, byOwner.keys())),
  };
}

/** The paths that `$INCLUDE` names in this file, as written; each has to be loaded before {@link parseZone}. */
export function includedPaths(source: Source): readonly string[] {
  if (!/^\$include/im.test(source.text)) return [];
  const paths: string[] = [];
  for (let at = 0; at < source.text.length;) {
    const entry = lexEntry(source, at);
    at = entry.end;
    if (directiveOf(source, entry) === '$INCLUDE') paths.push(includePath(source, entry));
  }
  return paths;
}

function readFile(state: State, source: Source, depth: number): void {
  for (let at = 0; at < source.text.length;) {
    const entry = lexEntry(source, at);
    at = entry.end;
    if (entry.tokens.length === 0) continue;
    const directive = directiveOf(source, entry);
    if (directive === null) readRecord(state, source, entry);
    else readDirective(state, source, entry, directive, depth);
  }
}

function directiveOf(source: Source, entry: Entry): string | null {
  const [first] = entry.tokens;
  if (first === undefined || !entry.hasOwner || source.text[first.start] !== '$') return null;
  return tokenText(source, first).toUpperCase();
}

function readDirective(state: State, source: Source, entry: Entry, directive: string, depth: number): void {
  const [, argument, second] = entry.tokens;
  const at = entry.tokens[0]?.start ?? entry.start;
  switch (directive) {
    case '$ORIGIN':
      if (argument === undefined) throw syntaxError(source, at, '$ORIGIN needs a name');
      state.origin = readName(source, argument, state.origin);
      return;
    case '$TTL': {
      const ttl = argument === undefined ? null : parseTtl(tokenText(source, argument));
      if (ttl === null) throw syntaxError(source, at, '$TTL needs a TTL, such as 300 or 1h30m');
      state.defaultTtl = state.previousTtl = ttl;
      return;
    }
    case '$INCLUDE': {
      if (depth >= MAX_INCLUDE_DEPTH) throw syntaxError(source, at, 'files that include each other too deeply');
      const file = state.include(includePath(source, entry));
      if (file === null) throw syntaxError(source, at, 'the included file was not loaded');
      // RFC 1035 §5.1: the origin of the file that includes is not touched; BIND does the same with the current owner.
      const { origin, owner } = state;
      if (second !== undefined) state.origin = readName(source, second, origin);
      readFile(state, file, depth + 1);
      state.origin = origin;
      state.owner = owner;
      return;
    }
    case '$GENERATE':
      state.generators.push(readGenerator(source, entry, state.origin));
      return;
    default:
      throw syntaxError(source, at, `unknown directive ${directive}`);
  }
}

function includePath(source: Source, entry: Entry): string {
  const [, argument] = entry.tokens;
  if (argument === undefined) throw syntaxError(source, entry.start, '$INCLUDE needs a file name');
  const raw = tokenText(source, argument);
  const path = (raw.startsWith('"') ? raw.slice(1, -1) : raw).replaceAll(/\\(.)/gs, '$1');
  // The text is bytes; the file system has names in UTF-8.
  return Buffer.from(path, 'latin1').toString('utf8');
}

/** `[owner] [TTL] [class] type data`, TTL and class in either order. */
function readRecord(state: State, source: Source, entry: Entry): void {
  const { tokens } = entry;
  let at = 0;
  if (entry.hasOwner && tokens[0] !== undefined) {
    state.owner = readName(source, tokens[0], state.origin);
    at = 1;
  }
  const { owner } = state;
  const headToken = at;
  const faultAt = (token: Token | undefined, message: string): Error =>
    syntaxError(source, token?.start ?? entry.contentEnd, message);
  if (owner === null) throw faultAt(tokens[0], 'a record without an owner: there is none before it to take over');

  let ttl: number | null = null;
  let hasClass = false;
  for (; ; at++) {
    const token = tokens[at];
    const word = token === undefined ? '' : tokenText(source, token);
    if (!hasClass && isClass(word)) {
      if (!/^(?:IN|CLASS1)$/i.test(word)) throw faultAt(token, `class ${word}: only IN is read`);
      hasClass = true;
    } else if (ttl === null && /^\d/.test(word)) {
      ttl = parseTtl(word);
      if (ttl === null) throw faultAt(token, `"${word}" is no TTL`);
    } else break;
  }
  const token = tokens[at];
  if (token === undefined) throw faultAt(token, 'a record without a type');
  const written = tokenText(source, token);
  if (!/^[a-z][a-z0-9-]*$/i.test(written)) throw faultAt(token, `"${written}" is no record type`);
  const upper = written.toUpperCase();
  const type = TYPE_NAMES[upper] ?? upper;
  const record = {
    owner,
    type,
    source,
    start: entry.start,
    end: entry.end,
    headToken,
    dataToken: at + 1,
    origin: state.origin,
  };

  if (ttl !== null) state.previousTtl = ttl;
  // No TTL anywhere before: BIND takes the minimum of the SOA, as old servers did, and goes on with it.
  else if (type === 'SOA' && state.previousTtl === null) {
    state.defaultTtl = state.previousTtl = soaMinimum(source, entry, at + 1);
  }
  const ttlSeconds = ttl ?? state.defaultTtl ?? state.previousTtl;
  if (ttlSeconds === null) throw faultAt(token, 'a record without a TTL, and no $TTL before it');
  if (owner !== state.zone && !isBelow(owner, state.zone)) return; // Name servers leave out what is not of the zone.
  state.records.push({
    ...record,
    ttlSeconds,
    hasOwner: entry.hasOwner,
    ttlFrom: ttl !== null ? 'record' : state.defaultTtl !== null ? 'default' : 'previous',
  });
}

function isClass(word: string): boolean {
  return /^(?:IN|CH|HS|CS|NONE|ANY|CLASS\d+)$/i.test(word);
}

function theSoa(name: string, source: Source, records: readonly ZoneRecord[]): ZoneRecord {
  const [soa, second] = records.filter(({ type }) => type === 'SOA');
  if (soa === undefined) {
    const hint = `a zone file has one SOA record, of the zone that its file name says (${name})`;
    throw syntaxError(source, 0, `there is no SOA record of ${name}`, hint);
  }
  const wrong = soa.owner === name ? second : soa;
  if (wrong !== undefined) {
    throw syntaxError(wrong.source, wrong.start, `an SOA record of ${wrong.owner} where only one of ${name} may be`);
  }
  return soa;
}

function withAncestors(zone: string, owners: Iterable<string>): Set<string> {
  const names = new Set<string>();
  for (const owner of owners) {
    for (let at = owner; !names.has(at); at = at.slice(at.indexOf('.') + 1)) {
      names.add(at);
      if (at === zone || !at.includes('.')) break;
    }
  }
  return names;
}
