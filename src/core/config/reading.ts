/**
 * Floor 0. What every reader of the config shares: the file it stands in, where faults go, and the questions one asks of a YAML node.
 */
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { ConfigCode } from '../codes.ts';
import type { Issue } from '../result.ts';
import { configCode, makeFault } from './fault.ts';
import type { ConfigFault } from './model.ts';
import type { SourceText } from './source-text.ts';

/** Where secrets come from: an environment variable, or the content of a file (absolute path) without its final newline. */
interface SecretSource {
  env(name: string): string | undefined;
  file(absolutePath: string): string | null;
}

/** What the pure core needs of the outside to read a config. */
export interface ReadContext {
  readonly secrets: SecretSource;
  /** The absolute form of a path as written in a file of this (absolute) directory. */
  resolvePath(directory: string, path: string): string;
}

/** What a node is, in the words of the messages. */
export type Kind = 'map' | 'list' | 'text' | 'number' | 'flag' | 'nothing';

/** A node with its aliases followed; null stands for "nothing written". */
export type YamlNode = Node | null;

/** One pass over one parsed text. `toFile` turns its offsets into those of the file (a block begins in the middle of it). */
export class Reading {
  readonly source: SourceText;
  readonly context: ReadContext;
  readonly faults: ConfigFault[];
  readonly #aliases: ReadonlyMap<Alias, Node>;
  readonly #toFile: (offset: number) => number;

  constructor(
    source: SourceText,
    context: ReadContext,
    faults: ConfigFault[],
    aliases: ReadonlyMap<Alias, Node>,
    toFile: (offset: number) => number,
  ) {
    this.source = source;
    this.context = context;
    this.faults = faults;
    this.#aliases = aliases;
    this.#toFile = toFile;
  }

  /** Where the node begins in the file. */
  offsetOf(node: YamlNode): number {
    return this.#toFile(node?.range?.[0] ?? 0);
  }

  fault(node: YamlNode, code: ConfigCode, message: string, hint?: string): undefined {
    this.faults.push(makeFault(this.source.placeAt(this.offsetOf(node)), code, message, hint));
    return undefined;
  }

  /** The issues of a grammar, as faults at this node. */
  issues(node: YamlNode, issues: readonly Issue[]): undefined {
    for (const { code, message, hint } of issues) this.fault(node, configCode(code), message, hint);
    return undefined;
  }

  /** `mode` has to be this, not that. */
  wrongType(node: YamlNode, label: string, wanted: string, hint?: string): undefined {
    return this.fault(node, 'WRONG_TYPE', `\`${label}\` has to be ${wanted}, not ${kindNames[kindOf(node)]}`, hint);
  }

  /** The pairs of a map: keys as text with their nodes, values with aliases followed. Keys are text by `stringKeys`. */
  *pairs(map: YAMLMap): Generator<{ readonly key: string; readonly keyNode: YamlNode; readonly value: YamlNode }> {
    for (const pair of map.items) {
      if (!isScalar(pair.key)) continue;
      const key = typeof pair.key.value === 'string' ? pair.key.value : '';
      yield { key, keyNode: pair.key, value: this.follow(pair.value) };
    }
  }

  follow(node: unknown): YamlNode {
    if (isAlias(node)) return this.#aliases.get(node) ?? null;
    return isScalar(node) || isMap(node) || isSeq(node) ? node : null;
  }

  path(path: string): string {
    return this.context.resolvePath(this.source.directory, path);
  }
}

export function kindOf(node: YamlNode): Kind {
  if (isMap(node)) return 'map';
  if (isSeq(node)) return 'list';
  const value = isScalar(node) ? node.value : null;
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  return typeof value === 'boolean' ? 'flag' : 'nothing';
}

/** The text of a node; null when it is anything else. */
export function textOf(node: YamlNode): string | null {
  return isScalar(node) && typeof node.value === 'string' ? node.value : null;
}

/** The number of a node; null when it is anything else. */
export function numberOf(node: YamlNode): number | null {
  return isScalar(node) && typeof node.value === 'number' ? node.value : null;
}

const kindNames: Readonly<Record<Kind, string>> = {
  map: 'a map',
  list: 'a list',
  text: 'text',
  number: 'a number',
  flag: 'true or false',
  nothing: 'nothing',
};
