/** docs/config.md names every key, and every config that our documents show is one. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { descriptors } from '../../providers/registry.ts';
import { configJsonSchema } from '../../src/core/config/config-shape.ts';
import { parseConfig, type ParsedConfig } from '../../src/core/config/parse-config.ts';
import { blocksOf, readDocument, root } from './markdown.ts';

const schema = configJsonSchema(descriptors);
const isOfSchema = new Ajv({ allErrors: true }).compile(schema);

/** Every secret is set and every path is left as it is. */
function parseText(file: string, text: string): ParsedConfig {
  return parseConfig([{ file, directory: '/etc/stsync', text: new TextEncoder().encode(text) }], {
    descriptors,
    secrets: { env: () => 'secret', file: () => 'secret' },
    resolvePath: (directory, path) => join(directory, path),
  });
}

function faultsOf(parsed: ParsedConfig): readonly unknown[] {
  return parsed.ok ? parsed.warnings : parsed.faults;
}

/** The names of all properties, at whatever depth. */
function propertyNames(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(propertyNames);
  return Object.entries(node).flatMap(([key, value]) => [
    ...(key === 'properties' && typeof value === 'object' && value !== null ? Object.keys(value) : []),
    ...propertyNames(value),
  ]);
}

const configs = [
  { place: 'domains.example.yaml', text: readDocument('domains.example.yaml') },
  ...['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()].flatMap((path) =>
    blocksOf(readDocument(path))
      .filter(({ language, text }) => language === 'yaml' && text.startsWith('version: 1'))
      .map(({ text }, index) => ({ place: `${path}, config ${index + 1}`, text })),
  ),
];

describe('docs/config.md', () => {
  it('names every key of the JSON Schema', () => {
    const markdown = readDocument('docs/config.md');
    const names = [...new Set(propertyNames(schema))];
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !markdown.includes(`\`${name}\``))).toEqual([]);
  });

  it('names every provider type, and says of each whether it is built', () => {
    const rows = readDocument('docs/config.md').split('\n');
    const said = descriptors.map(({ type }) => {
      const row = rows.find((line) => line.startsWith(`| \`${type}\` | `));
      return [type, row?.split('|').at(-2)?.trim()];
    });
    expect(said).toEqual(descriptors.map(({ type, isBuilt }) => [type, isBuilt ? 'yes' : 'refused']));
  });
});

describe('the configs that we show', () => {
  it.each(configs)('$place parses without faults or warnings', ({ place, text }) => {
    expect(faultsOf(parseText(place, text))).toEqual([]);
  });

  it.each(configs)('$place is valid by the JSON Schema', ({ text }) => {
    isOfSchema(parse(text));
    expect(isOfSchema.errors ?? []).toEqual([]);
  });

  it('would not pass with a misspelt key', () => {
    const text = readDocument('domains.example.yaml').replace('maxAge', 'max_age');
    expect(isOfSchema(parse(text))).toBe(false);
    expect(parseText('domains.yaml', text).ok).toBe(false);
  });
});
