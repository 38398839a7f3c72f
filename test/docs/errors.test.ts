/** docs/errors.md has a row for every code and no other, and no code is dead. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkCodes,
  configCodes,
  errorCodes,
  findingCodes,
  grammarCodes,
  reportCodes,
  reportFindingCodes,
} from '../../src/core/codes.ts';
import { readDocument, root, tableRows } from './markdown.ts';

const kinds = [
  ['## Grammar issues', grammarCodes],
  ['## Config faults', configCodes],
  ['## Errors', errorCodes],
  ['## Findings', findingCodes],
  ['## Check', checkCodes],
  ['## What reports mean', reportFindingCodes],
  ['## Reports', reportCodes],
] as const;

describe('docs/errors.md', () => {
  const markdown = readDocument('docs/errors.md');

  it.each(kinds)('has under "%s" exactly the codes of that kind, in their order', (heading, codes) => {
    const rows = tableRows(markdown, heading).map(([code]) => code);
    expect(rows).toEqual(codes.map((code) => `\`${code}\``));
  });

  it.each(kinds)('says under "%s" what each code means and what to do', (heading) => {
    const broken = tableRows(markdown, heading).filter((row) => row.length !== 3 || row.includes(''));
    expect(broken).toEqual([]);
  });
});

describe('codes.ts', () => {
  const texts = globSync(['src/**/*.ts', 'providers/**/*.ts'], { cwd: root })
    .filter((path) => !path.endsWith('codes.ts'))
    .map((path) => readFileSync(join(root, path), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''));

  it.each(kinds)('has no code under "%s" that nothing makes', (_heading, codes) => {
    expect(codes.filter((code) => !texts.some((text) => text.includes(`'${code}'`)))).toEqual([]);
  });

  it.each(kinds)('lists each code of "%s" once', (_heading, codes) => {
    expect(new Set(codes).size).toBe(codes.length);
  });
});
