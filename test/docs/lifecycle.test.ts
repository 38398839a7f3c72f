/**
 * docs/lifecycle.md, docs/review.md and docs/gitops.md are run: files are written and edited, commands are typed, and what they print is what the documents
 * show.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { runLine } from './console.ts';
import { type Block, readDocument, replaceBlocks, root } from './markdown.ts';

/** What the block should say. `vitest -u` writes it there. */
function carryOut({ directive, language, text }: Block, folder: string): string {
  const [verb, argument = ''] = directive?.split(/:? (.*)/s) ?? [];
  const file = join(folder, argument);
  if (verb === 'file') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (verb === 'edit') {
    writeFileSync(file, applyDiff(readFileSync(file, 'utf8'), text));
  } else if (verb === 'show') {
    return readFileSync(file, 'utf8');
  } else if (verb === 'at' && language === 'console') {
    const lines = text.split('\n').filter((line) => line.startsWith('$ '));
    return lines.map((line) => `${line}\n${runLine(line, folder, argument)}`).join('\n');
  }
  return text;
}

/** Replaces the lines marked `-`, which have to stand there exactly once, by those marked `+`. */
function applyDiff(content: string, diff: string): string {
  const lines = diff.split('\n');
  const [before, after] = ['-', '+'].map((mark) =>
    lines.flatMap((line) => (line.startsWith(mark) ? [`${line.slice(1)}\n`] : [])).join(''),
  );
  if (before === undefined || after === undefined || content.split(before).length !== 2)
    throw new Error(`cannot apply\n${diff}`);
  return content.replace(before, () => after);
}

it.each(['lifecycle.md', 'review.md', 'gitops.md'])(
  '%s shows what the commands print',
  { timeout: 120_000 },
  async (name) => {
    const path = join('docs', name);
    const folder = mkdtempSync(join(tmpdir(), 'stsync-docs-'));
    try {
      mkdirSync(join(folder, 'www'));
      const filled = replaceBlocks(readDocument(path), (block) => carryOut(block, folder));
      await expect(filled).toMatchFileSnapshot(join(root, path));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
