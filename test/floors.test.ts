/** Reads every import in `src` and `providers` and proves that arrows point down (DESIGN section 5); and that files stay small. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const files = ['src', 'providers'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => posix.join(folder, name.replaceAll('\\', '/'))),
);

/** npm packages of the core; elsewhere package.json and knip decide. */
const corePackages = ['yaml', 'zod', '@noble/hashes'];
/** A provider gets files and commands handed in (`ProviderContext`), so that tests can hand in others. */
const handedIn = ['node:fs', 'node:fs/promises', 'node:child_process', 'node:sqlite', 'node:worker_threads'];

/** What a file imports: static, re-exported, dynamic, type only, or through `process.getBuiltinModule`. `?`: a computed one. */
function importsOf(text: string): readonly string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const statements = code.matchAll(/^\s*(?:import|export)\b(?:[^;'"]*?\bfrom)?\s*(['"])(.+?)\1/gm);
  const calls = code.matchAll(/\b(?:import|require|getBuiltinModule)\(\s*(?:(['"])([^'"]+)\1\s*[,)])?/g);
  return [...statements, ...calls].map((match) => match[2] ?? '?');
}

/** Why `file` may not import `target`; null: it may. */
function objection(file: string, target: string): string | null {
  if (target === '?') return 'a computed import cannot be checked';
  if (!target.startsWith('.')) return objectionToPackage(file, target);
  const path = posix.join(posix.dirname(file), target);
  if (!path.endsWith('.ts')) return 'a relative import names the .ts file';
  if (file.startsWith('providers/')) return objectionOfProvider(file, path);
  if (path.startsWith('providers/'))
    return file.startsWith('src/cli/') ? null : 'only the command line wires providers in';
  const [from, to] = [floorOf(file), floorOf(path)];
  return from >= to ? null : `floor ${from} imports floor ${to}`;
}

function objectionToPackage(file: string, target: string): string | null {
  const isPackage = (name: string): boolean => target === name || target.startsWith(`${name}/`);
  if (file.startsWith('src/core/') || file === 'src/index.ts' || file === 'src/provider.ts') {
    return corePackages.some(isPackage) ? null : `the core imports only ${corePackages.join(', ')}`;
  }
  if (file.startsWith('providers/') && handedIn.includes(target)) return 'files and commands are handed in';
  return null;
}

function objectionOfProvider(file: string, path: string): string | null {
  if (path.startsWith('src/core/') || path === 'src/provider.ts') return null;
  if (path.startsWith('src/')) return 'a provider imports the core and the contract, nothing else of src';
  if (posix.dirname(path) === posix.dirname(file) || posix.dirname(path) === 'providers') return null;
  return posix.dirname(file) === 'providers' ? null : 'a provider does not import another one';
}

function floorOf(path: string): number {
  if (path === 'src/provider.ts') return 1;
  const floor = ['src/core/', '', 'src/effects/', 'src/services/', 'src/cli/'].findIndex(
    (folder) => folder !== '' && path.startsWith(folder),
  );
  // The library export is the core.
  return path === 'src/index.ts' ? 0 : floor;
}

/** What is wrong with the size of a file; null: nothing. */
function sizeFault(text: string): string | null {
  const lines = text.trimEnd().split('\n').length;
  if (lines > 450) return `${lines} lines; at most 450`;
  const head = /^\s*\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? '';
  return lines > 300 && !/^[\s*/]*Long because/m.test(head)
    ? `${lines} lines, and the head does not say "Long because"`
    : null;
}

describe('floors', () => {
  test('there are files to look at', () => expect(files.length).toBeGreaterThan(40));

  test.each(files)('%s stands on a floor and imports only from below', (file) => {
    expect(file.startsWith('providers/') || floorOf(file) >= 0).toBe(true);
    const text = readFileSync(join(root, file), 'utf8');
    const faults = importsOf(text).flatMap((target) => {
      const why = objection(file, target);
      return why === null ? [] : [`${target}: ${why}`];
    });
    expect(faults).toEqual([]);
  });

  test.each(files)('%s is small', (file) => {
    expect(sizeFault(readFileSync(join(root, file), 'utf8'))).toBeNull();
  });
});

describe('the test itself', () => {
  test('sees every kind of import', () => {
    const text = `
      /** import { no } from 'a-comment'; */
      // import 'no-comment';
      import 'bare';
      import def from 'default';
      import {
        a,
        b,
      } from 'many-lines';
      import type { T } from 'type-only';
      export { x } from 'again';
      export * from "star";
      const url = 'import { no } from';
      const y = await import('dynamic');
      type S = typeof import('in-a-type');
      const z = process.getBuiltinModule('node:sqlite');
      const w = await import(\`../\${name}.ts\`);`;
    expect(importsOf(text)).toEqual([
      'bare',
      'default',
      'many-lines',
      'type-only',
      'again',
      'star',
      'dynamic',
      'in-a-type',
      'node:sqlite',
      '?',
    ]);
  });

  test.each([
    ['src/core/a.ts', 'node:fs'],
    ['src/core/a.ts', 'pino'],
    ['src/core/plan/a.ts', '../../effects/b.ts'],
    ['src/core/a.ts', '../provider.ts'],
    ['src/index.ts', './effects/b.ts'],
    ['src/provider.ts', './effects/b.ts'],
    ['src/effects/a.ts', '../services/b.ts'],
    ['src/services/a.ts', '../cli/b.ts'],
    ['src/services/a.ts', '../../providers/registry.ts'],
    ['src/effects/a.ts', '../../providers/memory/provider.ts'],
    ['providers/x/provider.ts', '../../src/effects/b.ts'],
    ['providers/x/provider.ts', '../y/provider.ts'],
    ['providers/x/provider.ts', 'node:fs'],
    ['src/core/a.ts', './b'],
    ['src/cli/a.ts', '?'],
  ])('%s may not import %s', (file, target) => expect(objection(file, target)).not.toBeNull());

  test.each([
    ['src/core/a.ts', 'yaml'],
    ['src/core/id.ts', '@noble/hashes/sha2.js'],
    ['src/core/plan/a.ts', '../b.ts'],
    ['src/effects/a.ts', '../provider.ts'],
    ['src/services/a.ts', '../effects/b.ts'],
    ['src/cli/a.ts', '../../providers/registry.ts'],
    ['providers/registry.ts', './memory/provider.ts'],
    ['providers/x/provider.ts', './descriptor.ts'],
    ['providers/x/provider.ts', '../../src/core/b.ts'],
  ])('%s may import %s', (file, target) => expect(objection(file, target)).toBeNull());

  test('weighs files', () => {
    expect(sizeFault('x\n'.repeat(300))).toBeNull();
    expect(sizeFault('x\n'.repeat(301))).toContain('301');
    expect(sizeFault(`/**\n * Long because it is a table.\n */\n${'x\n'.repeat(320)}`)).toBeNull();
    expect(sizeFault(`/**\n * Long because it is a table.\n */\n${'x\n'.repeat(450)}`)).toContain('450');
    expect(sizeFault(`/** A head. */\n${'x\n'.repeat(320)}// Long because`)).toContain('does not say');
  });
});
