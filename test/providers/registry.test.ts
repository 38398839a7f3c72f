/** The registry says what the folders say. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { descriptors, isBuiltType, openers } from '../../providers/registry.ts';

const root = path.join(import.meta.dirname, '../../providers');
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('the provider registry', () => {
  it('opens exactly the types that have a folder', () => {
    expect(Object.keys(openers).toSorted()).toEqual(folders.toSorted());
  });

  it('has a descriptor of each type once, built if and only if there is a folder', () => {
    const types = descriptors.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    for (const { type, isBuilt } of descriptors) expect([type, isBuilt]).toEqual([type, folders.includes(type)]);
    expect(types.filter(isBuiltType).toSorted()).toEqual(folders.toSorted());
  });

  it.each(folders)('finds the same files in each folder: %s', (folder) => {
    for (const file of ['descriptor.ts', 'provider.ts']) expect(existsSync(path.join(root, folder, file))).toBe(true);
  });

  it.each(descriptors.filter(({ isBuilt }) => isBuilt))('finds the tests that go with it: $type', ({ type, calls }) => {
    const tests = path.join(root, '../test');
    expect(existsSync(path.join(tests, 'conformance', `${type}.test.ts`))).toBe(true);
    // Calls that a descriptor promises are counted by a test.
    expect(existsSync(path.join(tests, 'providers', type, 'calls.test.ts'))).toBe(calls !== undefined);
  });

  it.each(Object.entries(openers))('loads the code of %s on demand', async (_type, load) => {
    expect((await load()).open).toBeTypeOf('function');
  });

  it('says of each type what rights it needs, where its limits are and where it is described', () => {
    for (const { title, leastPrivilege, limits, documentation, options, exactlyOneOf } of descriptors) {
      expect([title, leastPrivilege, ...limits].every((text) => text.length > 5)).toBe(true);
      expect(limits.length).toBeGreaterThan(0);
      expect(documentation).toMatch(/^https:/);
      expect(exactlyOneOf.flat().every((name) => options.some((option) => option.name === name))).toBe(true);
    }
  });
});
