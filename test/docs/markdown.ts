/** The fenced blocks of our documents, for the tests that run them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** A fenced block, with the comment on the line before it that says what to do with it. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** `file: domains.yaml` of `<!-- file: domains.yaml -->`; null: no comment. */
  readonly directive: string | null;
}

const BLOCK = /(?:^<!-- (.+) -->\n)?^```([a-z]*)\n([\s\S]*?)^```$/gm;

export function readDocument(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(BLOCK)].map(([, directive, language, text]) => ({
    language: language ?? '',
    text: text ?? '',
    directive: directive ?? null,
  }));
}

/** The document with the text of each block replaced. */
export function replaceBlocks(markdown: string, replace: (block: Block) => string): string {
  return markdown.replaceAll(BLOCK, (whole: string, directive: string | undefined, language: string, text: string) => {
    const fresh = replace({ language, text, directive: directive ?? null });
    return `${whole.slice(0, whole.length - text.length - 3)}${fresh}\`\`\``;
  });
}

/** Rows of every table below a heading: the cells of each, trimmed. */
export function tableRows(markdown: string, heading: string): readonly (readonly string[])[] {
  const start = markdown.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`there is no heading "${heading}"`);
  const section = markdown.slice(start + heading.length + 2).split(/^#{1,2} /m)[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}
