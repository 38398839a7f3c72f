/**
 * Floor 0. Readers of single values. A reader is both halves of one definition: it reads a YAML node into a typed value, and it says the
 * same as JSON Schema. So the config is defined once, by putting readers together (config-shape.ts).
 */
import { isScalar } from 'yaml';
import type { ConfigCode } from '../codes.ts';
import type { Parsed } from '../result.ts';
import { DURATION_PATTERN, parseDuration } from './duration.ts';
import type { Definitions, JsonSchema } from './json-schema.ts';
import { kindOf, numberOf, type Reading, textOf, type YamlNode } from './reading.ts';
import { suggest } from './suggest.ts';

/** `read` gives the value, or undefined after it has reported every fault it found. `label` is the key that people see. */
export interface Reader<T> {
  read(node: YamlNode, label: string, reading: Reading): T | undefined;
  schema(definitions: Definitions): JsonSchema;
}

/** A reference to a secret or to the environment. */
const REFERENCE = /\$\{(?:env|file):/;

/** Text that is not empty and holds no reference to a secret. `what` in words: "the name of a provider". */
export function text(what: string): Reader<string> {
  return {
    read(node, label, reading) {
      const value = textOf(node);
      if (value === null) {
        const hint = kindOf(node) === 'number' || kindOf(node) === 'flag' ? 'put it in quotes' : undefined;
        return reading.wrongType(node, label, what, hint);
      }
      if (value === '') return reading.fault(node, 'BAD_VALUE', `\`${label}\` is empty; it has to be ${what}`);
      if (REFERENCE.test(value)) {
        return reading.fault(
          node,
          'SECRET_MISPLACED',
          `\`${label}\` cannot hold a secret`,
          '${env:NAME} and ${file:PATH} stand in secret options and in `state` only',
        );
      }
      return value;
    },
    schema: () => ({ type: 'string', minLength: 1 }),
  };
}

/** Text that a grammar reads further; its issues become faults. */
export function parsedText<T>(what: string, parse: (value: string) => Parsed<T>): Reader<T> {
  return transform(text(what), (value, node, _label, reading) => {
    const result = parse(value);
    return result.ok ? result.value : reading.issues(node, result.issues);
  });
}

/** A path, made absolute from the directory of the file that names it. */
export function path(): Reader<string> {
  return transform(text('a path'), (value, _node, _label, reading) => reading.path(value));
}

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[], code: ConfigCode = 'UNKNOWN_VALUE'): Reader<T> {
  const what = words.length === 1 ? `\`${words[0]}\`` : `one of ${words.join(', ')}`;
  return {
    read(node, label, reading) {
      const value = textOf(node);
      if (value === null) return reading.wrongType(node, label, what);
      const found = words.find((word) => word === value);
      return (
        found ??
        reading.fault(node, code, `\`${label}\` is "${value.slice(0, 60)}", not ${what}`, suggest(value, words))
      );
    },
    schema: () => (words.length === 1 && words[0] !== undefined ? { const: words[0] } : { enum: words }),
  };
}

/** `true` or `false`. */
export function flag(): Reader<boolean> {
  return {
    read: (node, label, reading) =>
      isScalar(node) && typeof node.value === 'boolean'
        ? node.value
        : reading.wrongType(node, label, 'true or false', 'YAML 1.2 reads yes, no, on and off as text'),
    schema: () => ({ type: 'boolean' }),
  };
}

/** `on`, `off`, `true` or `false`: YAML 1.2 reads the first two as text. */
export function onOff(): Reader<boolean> {
  return {
    read(node, label, reading) {
      if (isScalar(node) && typeof node.value === 'boolean') return node.value;
      const value = textOf(node);
      if (value === 'on' || value === 'off') return value === 'on';
      return value === null
        ? reading.wrongType(node, label, 'on or off')
        : reading.fault(node, 'UNKNOWN_VALUE', `\`${label}\` is "${value.slice(0, 60)}", not on or off`);
    },
    schema: () => ({ enum: ['on', 'off', true, false] }),
  };
}

/** A number between two bounds, both allowed. */
export function number(minimum: number, maximum: number, kind: 'integer' | 'number' = 'integer'): Reader<number> {
  const what = kind === 'integer' ? 'a whole number' : 'a number';
  return {
    read(node, label, reading) {
      const value = numberOf(node);
      if (value === null) return reading.wrongType(node, label, what);
      if (kind === 'integer' && !Number.isInteger(value)) return reading.wrongType(node, label, what);
      // Written so that NaN is refused too.
      if (value >= minimum && value <= maximum) return value;
      return reading.fault(node, 'OUT_OF_RANGE', `\`${label}\` is ${value}; allowed is ${minimum} to ${maximum}`);
    },
    schema: () => ({ type: kind, minimum, maximum }),
  };
}

/** Exactly this number. */
export function exactNumber(wanted: number): Reader<number> {
  return {
    read(node, label, reading) {
      const value = numberOf(node);
      if (value === null) return reading.wrongType(node, label, `the number ${wanted}`);
      if (value === wanted) return value;
      return reading.fault(node, 'UNKNOWN_VALUE', `\`${label}\` is ${value}; this stsync reads ${wanted}`);
    },
    schema: () => ({ const: wanted }),
  };
}

/** A duration in seconds between two bounds. */
export function duration(minimum: number, maximum: number, rangeCode: ConfigCode = 'OUT_OF_RANGE'): Reader<number> {
  const example = 'whole seconds, or a number with s, m, h, d or w: 300, 5m, 2w';
  return {
    read(node, label, reading) {
      const value = textOf(node) ?? numberOf(node);
      if (value === null) return reading.wrongType(node, label, 'a duration', example);
      const seconds = parseDuration(value);
      if (seconds === null) {
        return reading.fault(
          node,
          'BAD_DURATION',
          `\`${label}\` is "${String(value).slice(0, 60)}", not a duration`,
          example,
        );
      }
      if (seconds >= minimum && seconds <= maximum) return seconds;
      return reading.fault(node, rangeCode, `\`${label}\` is ${seconds} seconds; allowed is ${minimum} to ${maximum}`);
    },
    schema: () => ({
      anyOf: [
        { type: 'integer', minimum, maximum },
        { type: 'string', pattern: DURATION_PATTERN },
      ],
    }),
  };
}

/** Reads further what another reader gave; the JSON Schema stays the same. */
export function transform<A, B>(
  reader: Reader<A>,
  turn: (value: A, node: YamlNode, label: string, reading: Reading) => B | undefined,
): Reader<B> {
  return {
    read(node, label, reading) {
      const value = reader.read(node, label, reading);
      return value === undefined ? undefined : turn(value, node, label, reading);
    },
    schema: (definitions) => reader.schema(definitions),
  };
}
