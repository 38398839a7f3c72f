/**
 * The corpus of bad configs: each file or folder in test/bad-config is named after its fault, and `<name>.expected` holds what is printed.
 * `UPDATE=1 npx vitest run test/core/config/bad-config.test.ts` writes the expected lines anew; read the difference before it is committed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { descriptors } from '../../../providers/registry.ts';
import { configCodes } from '../../../src/core/codes.ts';
import { formatFault } from '../../../src/core/config/fault.ts';
import { loadCheckedConfig } from '../../../src/effects/load-config.ts';

const corpus = path.join(import.meta.dirname, '../../bad-config');
const cases = readdirSync(corpus).filter((name) => !name.endsWith('.expected'));

async function faultsOf(name: string): Promise<string> {
  const result = await loadCheckedConfig({
    path: name,
    descriptors: descriptors.filter(({ type }) => type !== 'memory'),
    environment: { EMPTY: '', TSIG: 'not printed' },
    workingDirectory: corpus,
  });
  const faults = result.ok ? result.warnings : result.faults;
  return faults.map((fault) => `${formatFault(fault)}\n`).join('');
}

function expectedFile(name: string): string {
  return path.join(corpus, `${name.replace(/\.yaml$/, '')}.expected`);
}

describe('a bad config', () => {
  it.each(cases)('is reported with place, code and cure: %s', async (name) => {
    const printed = await faultsOf(name);
    if (process.env['UPDATE'] === '1') writeFileSync(expectedFile(name), printed);
    expect(printed).toBe(readFileSync(expectedFile(name), 'utf8'));
    expect(printed).not.toBe('');
  });
});

describe('the corpus', () => {
  it('has an expected file for each case and a case for each expected file', () => {
    const expected = readdirSync(corpus).filter((name) => name.endsWith('.expected'));
    expect(expected.toSorted()).toEqual(cases.map((name) => path.basename(expectedFile(name))).toSorted());
    expect(cases.every((name) => existsSync(expectedFile(name)))).toBe(true);
  });

  it('shows every config code at least once', async () => {
    const printed = (await Promise.all(cases.map(faultsOf))).join('');
    const codes = new Set([...printed.matchAll(/^\S+:\d+:\d+: ([A-Z0-9_]+) /gm)].map((match) => match[1]));
    expect(configCodes.filter((code) => !codes.has(code))).toEqual([]);
  });

  it('never prints a secret', async () => {
    const printed = (await Promise.all(cases.map(faultsOf))).join('');
    expect(printed).not.toContain('0123456789abcdef');
    expect(printed).not.toContain('hunter2');
    expect(printed).not.toContain('not printed');
  });
});
