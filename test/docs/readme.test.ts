/** README.md: its two commands, its output, its library example and its table of dependencies are what is there. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLine } from './console.ts';
import { blocksOf, readDocument, root, tableRows } from './markdown.ts';

const readme = readDocument('README.md');
const blocks = blocksOf(readme);
const pack = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

describe('README.md', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stsync-readme-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has two commands to try, and both are scripts', () => {
    const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim());
    expect(commands).toEqual(['npm ci && npm run example', 'npm test']);
    expect(pack.scripts).toMatchObject({ example: expect.any(String), test: expect.any(String) });
  });

  it('shows what the example prints', () => {
    cpSync(join(root, 'domains.example.yaml'), join(folder, 'domains.yaml'));
    cpSync(join(root, 'examples', 'zones'), join(folder, 'examples', 'zones'), { recursive: true });
    mkdirSync(join(folder, 'examples', 'www'));
    const [command, ...lines] = blocks.find(({ language }) => language === 'console')?.text.trimEnd().split('\n') ?? [];
    const printed = runLine(command ?? '', folder, '2026-11-24T09:00:00Z');
    expect(printed.split('\n')).toEqual(expect.arrayContaining(lines));
  });

  it('has a library example that prints what its comments say', () => {
    const example = blocks.find(({ language }) => language === 'ts')?.text ?? '';
    const file = join(folder, 'example.ts');
    const library = pathToFileURL(join(root, 'src', 'index.ts')).href;
    writeFileSync(file, example.replace("from 'stsync'", `from '${library}'`));
    const { stdout, stderr } = spawnSync(process.execPath, [file], {
      encoding: 'utf8',
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    expect(stderr).toBe('');
    const said = [...example.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text]) => text);
    expect(said.length).toBeGreaterThan(2);
    expect(stdout.trimEnd().split('\n')).toEqual(said);
  });

  it('has a row for each dependency and no other', () => {
    const rows = tableRows(readme, '## Dependencies').map(([name]) => name?.slice(1, -1));
    const names = [...Object.keys(pack.dependencies), ...Object.keys(pack.devDependencies)];
    expect(rows).toEqual(names);
  });

  it('stays short', () => {
    expect(readme.split('\n').length).toBeLessThan(180);
  });
});
