/** README.md: its two commands, its output, its library example and its table of dependencies are what is there. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLine } from './console.ts';
import { blocksOf, readDocument, replaceBlocks, root, tableRows } from './markdown.ts';

const readme = readDocument('README.md');
const blocks = blocksOf(readme);
const pack: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The keys of one map of package.json. */
function keysOf(name: string): readonly string[] {
  const map: unknown = typeof pack === 'object' && pack !== null ? Reflect.get(pack, name) : null;
  return typeof map === 'object' && map !== null ? Object.keys(map) : [];
}

describe('README.md', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stsync-readme-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has two commands to try, and both are scripts', () => {
    const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim());
    expect(commands).toEqual(['npm ci && npm run example', 'npm test']);
    expect(keysOf('scripts')).toEqual(expect.arrayContaining(['example', 'test']));
  });

  it('shows what the example prints of one domain; `vitest -u` writes it there', async () => {
    cpSync(join(root, 'domains.example.yaml'), join(folder, 'domains.yaml'));
    cpSync(join(root, 'examples', 'zones'), join(folder, 'examples', 'zones'), { recursive: true });
    mkdirSync(join(folder, 'examples', 'www'));
    const filled = replaceBlocks(readme, ({ language, text }) => {
      if (language !== 'console') return text;
      const command = text.split('\n')[0] ?? '';
      const paragraphs = runLine(command, folder, '2026-11-24T09:00:00Z').split('\n\n');
      const domain = paragraphs.find((one) => one.startsWith('careful.example'));
      return `${command}\n${domain}\n\n${paragraphs.at(-1)?.replace(/\n\(exit code.*$/s, '')}\n`;
    });
    await expect(filled).toMatchFileSnapshot(join(root, 'README.md'));
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
    const rows = tableRows(readme, '## Dependencies').flatMap(([names = '']) => names.replaceAll('`', '').split(', '));
    expect(rows.toSorted()).toEqual([...keysOf('dependencies'), ...keysOf('devDependencies')].toSorted());
  });

  it('stays short', () => {
    expect(readme.split('\n').length).toBeLessThan(180);
  });
});
