/** Floor 0. A check as Markdown, for an issue or a ticket: table first, details collapsed. */
import type { CheckReport, Instruction } from './model.ts';
import { plain } from './plain.ts';
import { factLines } from './render-facts.ts';

export function renderCheckMarkdown({ domain, verdict, senders, findings, instructions, facts }: CheckReport): string {
  return [
    `### ${domain}: ${verdict.kind}`,
    '',
    `${escape(capital(verdict.sentence))}.`,
    '',
    '| Sender | With mail to this domain now |',
    '|---|---|',
    ...senders.map(({ sender, does }) => `| ${sender} | ${escape(does)} |`),
    ...(findings.length === 0 ? [] : ['', '| | Finding | Cure |', '|---|---|---|']),
    ...findings.map(
      (one) => `| ${one.severity} | \`${one.code}\` ${escape(one.message)} | ${escape(one.hint ?? '')} |`,
    ),
    ...(instructions.length === 0 ? [] : ['', ...instructions.flatMap(instructionLines)]),
    '',
    '<details><summary>Facts</summary>',
    '',
    '| | |',
    '|---|---|',
    ...factLines(facts).map(({ label, value }) => `| ${escape(label)} | ${escape(value)} |`),
    '',
    '</details>',
    '',
  ].join('\n');
}

function instructionLines({ step, copy }: Instruction, index: number): readonly string[] {
  const fence = copy.length === 0 ? [] : ['', '   ```', ...copy.map((line) => `   ${plain(line)}`), '   ```', ''];
  return [`${index + 1}. ${escape(step)}`, ...fence];
}

/** What a stranger's record says must not become markup, nor end a cell. */
function escape(text: string): string {
  return plain(text.replaceAll(/\s+/g, ' ')).replaceAll(/[\\`*_[\]<>|]/g, String.raw`\$&`);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
