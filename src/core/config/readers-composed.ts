/** Floor 0. Readers of lists, maps and alternatives, made of other readers. See readers.ts. */
import { isMap, isSeq, type YAMLMap } from 'yaml';
import type { Parsed } from '../result.ts';
import { formatPlace } from './fault.ts';
import type { Definitions, JsonSchema } from './json-schema.ts';
import { type Kind, kindOf, type Reading, textOf, type YamlNode } from './reading.ts';
import { type Reader, transform } from './readers.ts';
import type { Located } from './source-text.ts';
import { suggest } from './suggest.ts';

/** A key of an object: how its value is read, and one sentence for editors and docs. */
export interface Field<T> {
  readonly reader: Reader<T>;
  readonly about: string;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What an object gives: the keys that stand there, each with its place; a faulty value is there without `value`. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Field<infer T> ? Located<T> : never;
};

export interface ObjectRules {
  /** What it is, with an article: "a domain". */
  readonly what: string;
  readonly required?: readonly string[];
  /** Of each group exactly one key stands there. */
  readonly exactlyOneOf?: readonly (readonly string[])[];
  /** Keys that are known but stand elsewhere, and the hint that says where. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Nothing after the colon means an empty map. */
  readonly canBeEmpty?: boolean;
}

/** A map with known keys. Codes: `WRONG_TYPE`, `UNKNOWN_KEY`, `KEY_NOT_HERE`, `DUPLICATE_KEY`, `MISSING_KEY`, `EXCLUSIVE_KEYS`. */
export function object<F extends Fields>(fields: F, rules: ObjectRules): Reader<Values<F>> {
  return {
    read(node, label, reading) {
      if (!isMap(node)) {
        const isEmpty = rules.canBeEmpty === true && kindOf(node) === 'nothing';
        return isEmpty ? {} : reading.wrongType(node, label, `${rules.what}, which is a map`);
      }
      const values: Record<string, Located<unknown>> = {};
      for (const { key, keyNode, value } of uniquePairs(node, reading)) {
        const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
        if (field === undefined) refuseKey(key, keyNode, fields, rules, reading);
        else values[key] = locate(value, field.reader.read(value, key, reading), reading);
      }
      checkPresence(node, label, values, rules, reading);
      // `fields` made every entry of `values`, key by key; the compiler cannot follow that through a loop.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return values as Values<F>;
    },
    schema: (definitions) => objectSchema(fields, rules, definitions),
  };
}

/** One entry of a map with free keys. */
export interface Entry<K, V> {
  readonly key: K;
  /** Where the key stands. `value` is undefined where the value was faulty. */
  readonly located: Located<V>;
}

export interface MapReader<K, V> extends Reader<readonly Entry<K, V>[]> {
  /** The entries of a map, for a caller that has only a part of it. */
  readEntries(map: YAMLMap, reading: Reading): Entry<K, V>[];
}

/** A map with free keys, which a grammar reads. `duplicates`: who reports a key that stands twice. */
export function mapOf<K, V>(
  parseKey: (key: string) => Parsed<K>,
  value: Reader<V>,
  rules: { readonly what: string; readonly duplicates: 'refused' | 'kept' },
): MapReader<K, V> {
  const readEntries = (map: YAMLMap, reading: Reading): Entry<K, V>[] => {
    const entries: Entry<K, V>[] = [];
    const pairs = rules.duplicates === 'refused' ? uniquePairs(map, reading) : reading.pairs(map);
    for (const pair of pairs) {
      const key = parseKey(pair.key);
      const read = value.read(pair.value, pair.key, reading);
      if (key.ok) entries.push({ key: key.value, located: locate(pair.keyNode, read, reading) });
      else reading.issues(pair.keyNode, key.issues);
    }
    return entries;
  };
  return {
    readEntries,
    read(node, label, reading) {
      if (isMap(node)) return readEntries(node, reading);
      return kindOf(node) === 'nothing' ? [] : reading.wrongType(node, label, rules.what);
    },
    schema: (definitions) => ({
      anyOf: [{ type: 'object', additionalProperties: value.schema(definitions) }, { type: 'null' }],
    }),
  };
}

/** A list; items keep their places. `what` in words: "a list of MX patterns". */
export function listOf<T>(what: string, item: Reader<T>): Reader<readonly Located<T>[]> {
  return {
    read(node, label, reading) {
      if (!isSeq(node)) {
        const value = textOf(node);
        return reading.wrongType(
          node,
          label,
          what,
          value === null ? undefined : `write ${label}: ["${value.slice(0, 60)}"]`,
        );
      }
      return node.items.map((one) => {
        const itemNode = reading.follow(one);
        return locate(itemNode, item.read(itemNode, label, reading), reading);
      });
    },
    schema: (definitions) => ({ type: 'array', items: item.schema(definitions) }),
  };
}

/** A list whose items are plain values; undefined when one of them is faulty. */
export function plainList<T>(what: string, item: Reader<T>): Reader<readonly T[]> {
  const list = listOf(what, item);
  return {
    read(node, label, reading) {
      const values = list.read(node, label, reading)?.flatMap(({ value }) => (value === undefined ? [] : [value]));
      return isSeq(node) && values?.length === node.items.length ? values : undefined;
    },
    schema: (definitions) => list.schema(definitions),
  };
}

/** What reads a list, where an empty one would say nothing. `hint`: what may stand in it. */
export function notEmpty<T>(list: Reader<readonly T[]>, hint?: string): Reader<readonly T[]> {
  return transform(list, (items, node, label, reading) =>
    items.length > 0 ? items : reading.fault(node, 'BAD_VALUE', `\`${label}\` is an empty list`, hint),
  );
}

/** Different readers for different kinds of node, so that a fault speaks of the kind that was written. */
export function byKind<T>(what: string, readers: Readonly<Partial<Record<Kind, Reader<T>>>>): Reader<T> {
  return {
    read(node, label, reading) {
      const reader = readers[kindOf(node)];
      return reader === undefined ? reading.wrongType(node, label, what) : reader.read(node, label, reading);
    },
    schema: (definitions) => ({ anyOf: Object.values(readers).map((reader) => reader.schema(definitions)) }),
  };
}

/** Objects told apart by their `type` key; each variant lists `type` among its own fields. */
export function byType<T>(what: string, variants: Readonly<Record<string, Reader<T>>>): Reader<T> {
  const types = Object.keys(variants);
  return {
    read(node, label, reading) {
      if (!isMap(node)) return reading.wrongType(node, label, `${what}, which is a map`);
      const pair = [...reading.pairs(node)].find(({ key }) => key === 'type');
      if (pair === undefined) {
        return reading.fault(node, 'MISSING_KEY', `\`${label}\` has no \`type\``, `allowed: ${types.join(', ')}`);
      }
      const type = textOf(pair.value);
      if (type === null) return reading.wrongType(pair.value, 'type', `one of ${types.join(', ')}`);
      const variant = Object.hasOwn(variants, type) ? variants[type] : undefined;
      if (variant !== undefined) return variant.read(node, label, reading);
      return reading.fault(
        pair.value,
        'UNKNOWN_VALUE',
        `\`type\` is "${type.slice(0, 60)}", which is not known here`,
        suggest(type, types),
      );
    },
    schema: (definitions) => ({ oneOf: Object.values(variants).map((variant) => variant.schema(definitions)) }),
  };
}

/** The same reader, under a name of its own in the JSON Schema. */
export function named<T>(name: string, reader: Reader<T>): Reader<T> {
  return {
    read: (node, label, reading) => reader.read(node, label, reading),
    schema(definitions) {
      if (!Object.hasOwn(definitions, name)) {
        definitions[name] = {};
        definitions[name] = reader.schema(definitions);
      }
      return { $ref: `#/definitions/${name}` };
    },
  };
}

/** Pairs without those whose key stood there before; each of these is a fault that names both places. */
function* uniquePairs(map: YAMLMap, reading: Reading): Generator<{ key: string; keyNode: YamlNode; value: YamlNode }> {
  const seen = new Map<string, YamlNode>();
  for (const pair of reading.pairs(map)) {
    const first = seen.get(pair.key);
    if (first === undefined) {
      seen.set(pair.key, pair.keyNode);
      yield pair;
      continue;
    }
    const place = formatPlace(reading.source.placeAt(reading.offsetOf(first)));
    reading.fault(pair.keyNode, 'DUPLICATE_KEY', `\`${pair.key}\` stands here a second time; first at ${place}`);
  }
}

function locate<T>(node: YamlNode, value: T | undefined, reading: Reading): Located<T> {
  return { value, source: reading.source, offset: reading.offsetOf(node) };
}

function refuseKey(key: string, keyNode: YamlNode, fields: Fields, rules: ObjectRules, reading: Reading): void {
  const elsewhere = rules.elsewhere;
  if (elsewhere !== undefined && Object.hasOwn(elsewhere, key)) {
    reading.fault(keyNode, 'KEY_NOT_HERE', `\`${key}\` does not stand in ${rules.what}`, elsewhere[key]);
    return;
  }
  const hint =
    key === '<<'
      ? 'merge keys are not read: put what domains share into `profiles:`'
      : suggest(key, Object.keys(fields));
  reading.fault(keyNode, 'UNKNOWN_KEY', `\`${key.slice(0, 60)}\` is not a key of ${rules.what}`, hint);
}

function checkPresence(
  node: YamlNode,
  label: string,
  values: Readonly<Record<string, Located<unknown>>>,
  rules: ObjectRules,
  reading: Reading,
): void {
  for (const key of rules.required ?? []) {
    if (values[key] === undefined) reading.fault(node, 'MISSING_KEY', `\`${label}\` has no \`${key}\``);
  }
  for (const group of rules.exactlyOneOf ?? []) {
    const names = group.map((key) => `\`${key}\``).join(' and ');
    const present = group.filter((key) => values[key] !== undefined);
    if (present.length === 0) reading.fault(node, 'MISSING_KEY', `\`${label}\` needs one of ${names}`);
    if (present.length > 1)
      reading.fault(node, 'EXCLUSIVE_KEYS', `\`${label}\` has more than one of ${names}`, 'keep one of them');
  }
}

function objectSchema(fields: Fields, rules: ObjectRules, definitions: Definitions): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [key, { reader, about }] of Object.entries(fields)) {
    properties[key] = withDescription(reader.schema(definitions), about);
  }
  // A bare `required` would do; checkers that build types from a schema (zod) pass over it, so each branch is an object of its own.
  const branch = (key: string): JsonSchema => ({
    type: 'object',
    properties: { [key]: properties[key] ?? {} },
    required: [key],
  });
  const groups = (rules.exactlyOneOf ?? []).map((group) => ({ oneOf: group.map(branch) }));
  const schema: JsonSchema = {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(rules.required === undefined || rules.required.length === 0 ? {} : { required: rules.required }),
    ...(groups.length === 0 ? {} : { allOf: groups }),
  };
  return rules.canBeEmpty === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}

/** Draft 7 ignores what stands beside `$ref`, so a reference is wrapped. */
function withDescription(schema: JsonSchema, description: string): JsonSchema {
  return schema.$ref === undefined ? { ...schema, description } : { allOf: [schema], description };
}
