/**
 * Floor 0. YAML text to a document that is safe to walk, or what is wrong with it. `yaml` gives the nodes and their positions; what it lets
 * pass is refused here: unknown tags, a second document, aliases that grow without end.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { ConfigCode } from '../codes.ts';

/** A fault at an offset of the text. */
export interface TextFault {
  readonly offset: number;
  readonly code: ConfigCode;
  readonly message: string;
  readonly hint?: string;
}

/** The top-level map, and what each alias in it stands for. */
interface YamlMap {
  readonly map: YAMLMap;
  readonly aliases: ReadonlyMap<Alias, Node>;
}

export type YamlText =
  | ({ readonly ok: true } & YamlMap)
  | { readonly ok: false; readonly faults: readonly TextFault[] };

/** More than this many faults of one file are only echoes of the first. */
const MAX_SYNTAX_FAULTS = 10;
/** A file may grow by its aliases to this many times its nodes; small files have the second number free. */
const MAX_GROWTH = 100;
const FREE_GROWTH = 10_000;

/**
 * Reads one document. Keys are always text; `uniqueKeys` compares every pair, so doubles are found by the readers.
 * Codes: `YAML_SYNTAX`, `TAB_INDENTATION`, `SECOND_DOCUMENT`, `UNKNOWN_TAG`, `EMPTY_FILE`, `NOT_A_MAP`, `ALIAS_BOMB`.
 */
export function parseYaml(text: string): YamlText {
  try {
    const document = parseDocument(text, {
      schema: 'core',
      resolveKnownTags: false,
      merge: false,
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      // Below 'error' a second document would pass in silence.
      logLevel: 'error',
    });
    const problems = [...document.errors, ...document.warnings];
    if (problems.length > 0) return { ok: false, faults: syntaxFaults(problems) };
    return checkContents(document);
  } catch (error) {
    // The composer is recursive: a file nested some thousand levels deep ends in a RangeError.
    const why = error instanceof RangeError ? 'the file is nested too deeply' : 'the YAML cannot be read';
    return { ok: false, faults: [{ offset: 0, code: 'YAML_SYNTAX', message: why }] };
  }
}

function checkContents(document: Document.Parsed): YamlText {
  const { contents } = document;
  if (contents === null || !('items' in contents)) {
    const isEmpty = contents === null || contents.source === undefined || contents.source === '';
    return { ok: false, faults: [isEmpty ? emptyFile() : notAMap(contents.range[0])] };
  }
  if (!isMap(contents)) return { ok: false, faults: [notAMap(contents.range[0])] };
  const aliases = new AliasTable();
  aliases.weigh(contents);
  return aliases.faults.length > 0
    ? { ok: false, faults: aliases.faults }
    : { ok: true, map: contents, aliases: aliases.targets };
}

/** Finds the target of each alias in one walk (`Alias.resolve` walks the document for each), and what the file would grow to. */
class AliasTable {
  readonly targets = new Map<Alias, Node>();
  readonly faults: TextFault[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #weights = new Map<Node, number>();
  #nodes = 0;

  /** Nodes under this one with aliases followed; an anchor that contains itself weighs without end. */
  weigh(node: unknown): number {
    if (isPair(node)) return this.weigh(node.key) + this.weigh(node.value);
    if (isAlias(node)) return this.#follow(node);
    if (typeof node !== 'object' || node === null) return 0;
    this.#nodes++;
    const anchor = 'anchor' in node && typeof node.anchor === 'string' ? node.anchor : null;
    const anchored = anchor !== null && isNode(node) ? node : null;
    if (anchored !== null && anchor !== null) {
      this.#anchors.set(anchor, anchored);
      this.#weights.set(anchored, Infinity);
    }
    let weight = 1;
    if (isCollection(node)) for (const item of node.items) weight += this.weigh(item);
    if (anchored !== null) this.#weights.set(anchored, weight);
    return weight;
  }

  #follow(alias: Alias): number {
    this.#nodes++;
    const offset = alias.range?.[0] ?? 0;
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      const message = `the alias *${alias.source} has no anchor before it`;
      const hint = 'a pattern that begins with * stands in quotes: "*.example.com"';
      this.faults.push({ offset, code: 'YAML_SYNTAX', message, ...(alias.source.startsWith('.') ? { hint } : {}) });
      return 1;
    }
    this.targets.set(alias, target);
    const weight = this.#weights.get(target) ?? 1;
    if (weight <= FREE_GROWTH + MAX_GROWTH * this.#nodes) return weight;
    const isFirst = !this.faults.some((fault) => fault.code === 'ALIAS_BOMB');
    if (isFirst) {
      this.faults.push({
        offset,
        code: 'ALIAS_BOMB',
        message: `the alias *${alias.source} makes the file grow to more than ${MAX_GROWTH} times its size`,
        hint: 'use profiles instead of anchors and aliases',
      });
    }
    return 1;
  }
}

function isNode(node: object): node is Node {
  return 'range' in node;
}

function syntaxFaults(
  problems: readonly { code: string; message: string; pos: [number, number] }[],
): readonly TextFault[] {
  // Whatever follows the first fault of its kind at the same place is an echo.
  const faults = new Map<string, TextFault>();
  for (const { code, message, pos } of problems) {
    const key = `${pos[0]} ${code}`;
    if (!faults.has(key) && faults.size < MAX_SYNTAX_FAULTS) faults.set(key, syntaxFault(code, message, pos[0]));
  }
  return [...faults.values()];
}

function syntaxFault(code: string, message: string, offset: number): TextFault {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { offset, code: 'TAB_INDENTATION', message: 'a tab indents this line', hint: 'YAML indents with spaces' };
    case 'MULTIPLE_DOCS':
      return {
        offset,
        code: 'SECOND_DOCUMENT',
        message: 'a second document begins here',
        hint: 'one file is one document: take the "---" out, or make two files in a folder',
      };
    case 'TAG_RESOLVE_FAILED':
      return {
        offset,
        code: 'UNKNOWN_TAG',
        message: oneLine(message),
        hint: 'the config uses no tags; write the value as it is',
      };
    case 'NON_STRING_KEY':
      return { offset, code: 'YAML_SYNTAX', message: 'a key is plain text, no list, map or alias' };
    default:
      return { offset, code: 'YAML_SYNTAX', message: oneLine(message) };
  }
}

function emptyFile(): TextFault {
  return { offset: 0, code: 'EMPTY_FILE', message: 'the file is empty', hint: 'begin with "version: 1"' };
}

function notAMap(offset: number): TextFault {
  return { offset, code: 'NOT_A_MAP', message: 'the file is not a map of keys', hint: 'begin with "version: 1"' };
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, ' ').slice(0, 200);
}
