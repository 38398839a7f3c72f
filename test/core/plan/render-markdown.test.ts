/** Markdown for a pull request: what strangers wrote into DNS is shown and does nothing, and the comment is never too long. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fencedBlock, markdownText } from '../../../src/core/plan/markdown-text.ts';
import { renderMarkdown } from '../../../src/core/plan/render-markdown.ts';
import { hostile, hostileReport, planOf, reportOf } from './hostile-report.ts';

const numRuns = process.env['SLOW'] === '1' ? 5000 : 500;
const render = (report: Parameters<typeof renderMarkdown>[0]): string => renderMarkdown(report, { isVerbose: true });

/** The lines outside fenced blocks; a block that nobody closes swallows the rest. */
function outsideFences(markdown: string): readonly string[] {
  const outside: string[] = [];
  let fence: string | null = null;
  for (const line of markdown.split('\n')) {
    const ticks = /^ {0,3}(`{3,})/.exec(line)?.[1];
    if (fence === null && ticks !== undefined) fence = ticks;
    else if (fence !== null && new RegExp(`^ {0,3}${fence}\`*\\s*$`).test(line)) fence = null;
    else if (fence === null) outside.push(line);
  }
  expect(fence).toBeNull();
  return outside;
}

describe('markdownText', () => {
  it.each([
    ['a|b', 'a&#124;b', 'a cell of a table'],
    ['<script>', '&#60;script&#62;', 'HTML'],
    ['`x`', '&#96;x&#96;', 'code'],
    ['[a](b)', '&#91;a&#93;(b)', 'a link'],
    ['*a* _b_ ~c~', '&#42;a&#42; &#95;b&#95; &#126;\u200bc&#126;', 'emphasis'],
    ['&lt;', '&#38;\u200blt;', 'a reference'],
    ['@user', '&#64;\u200buser', 'a notice to a user'],
    ['a@example.net', 'a&#64;\u200bexample.net', 'an address that would become a link'],
    ['see #12', 'see &#35;\u200b12', 'a note at another issue'],
    ['GH-12', 'GH-\u200b12', 'the same in another spelling'],
    ['https://x.example', 'https&#58;//x.example', 'a bare link'],
    ['www.x.example', 'www&#46;x.example', 'a bare link without scheme'],
    ['a\r\n\n# b', 'a\ufffd\ufffd\ufffd&#35; b', 'lines'],
    ['\u202etxt', '\ufffdtxt', 'reversed text'],
    ['mx1.example.com, 10 %', 'mx1.example.com, 10 %', 'plain text stays'],
  ])('%j becomes %j: %s', (text, wanted) => {
    expect(markdownText(text)).toBe(wanted);
  });

  it('leaves nothing that begins markup, for any text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = markdownText(text);
        expect(shown.replaceAll(/&#\d+;/g, '')).not.toMatch(/[\\`*_{}[\]<>&#|~$@\n\r]|:\/\/|www\./i);
        expect(shown).not.toMatch(/&#(?:64|35);[\p{L}\p{N}]/u);
        expect(shown.isWellFormed()).toBe(true);
      }),
      { numRuns },
    );
  });
});

describe('fencedBlock', () => {
  it('has a fence that nothing inside can close, for any lines', () => {
    expect(fencedBlock('diff', ['a ```` b'])).toEqual(['`````diff', 'a ```` b', '`````']);
    fc.assert(
      fc.property(fc.array(hostile), (lines) => {
        const block = fencedBlock('diff', lines);
        expect(block.every((line) => !/[\r\n]/.test(line))).toBe(true);
        expect(outsideFences(block.join('\n'))).toEqual([]);
      }),
      { numRuns },
    );
  });
});

describe('renderMarkdown', () => {
  it('is whole whatever the texts are: marker first, five cells a row, each fold closed', () => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        const markdown = render(report);
        expect(markdown.startsWith('<!-- stsync -->\n')).toBe(true);
        const outside = outsideFences(markdown);
        const count = report.domains.filter((plan) => plan.status !== 'in sync').length;
        const of = (pattern: RegExp): readonly string[] => outside.filter((line) => pattern.test(line));
        expect(of(/^<details>$/)).toHaveLength(count);
        expect(of(/^<\/details>$/)).toHaveLength(count);
        expect(of(/^\|/)).toHaveLength(count === 0 ? 0 : count + 2);
        for (const row of of(/^\|/)) expect(row.split('|')).toHaveLength(6);
        const tags = outside.flatMap((line) => [...line.matchAll(/<[^>]*>?/g)].map(([tag]) => tag));
        const ours = ['<!-- stsync -->', '<details>', '</details>', '<summary>', '</summary>', '<br>'];
        expect(tags.filter((tag) => !ours.includes(tag))).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('never has more than 65,000 characters, and says how much is left out', () => {
    const names = Array.from({ length: 2000 }, (_, index) => `d${index}.example`);
    const findings = names.map((message) => ({ code: 'ORPHAN', severity: 'warning', message, hint: null }) as const);
    const markdown = render(
      reportOf(
        names.map((name) => planOf(name, 'drift', '`<|'.repeat(3000))),
        findings,
      ),
    );
    expect(markdown.length).toBeLessThanOrEqual(65_000);
    expect(markdown.length).toBeGreaterThan(35_000);
    expect(outsideFences(markdown).filter((line) => line === '<details>').length).toBeGreaterThan(0);
    expect(markdown).toMatch(/\nLeft out, .*: \d+ domains in the table, \d+ domains in the details, \d+ .* the run\. /);
    const small = render(reportOf(names.map((name) => planOf(name, 'in sync', 'x'))));
    expect(small).toContain('2000 domains: 2000 in sync');
    expect(small.length).toBeLessThan(300);
  });

  it('shows the worst first and what is in sync only as a number', () => {
    const report = reportOf([
      planOf('a.example', 'in sync', 'x'),
      planOf('b.example', 'drift', 'x'),
      planOf('c.example', 'failed', 'x'),
    ]);
    const rows = render(report)
      .split('\n')
      .filter((line) => /^\| \w+\.example/.test(line));
    expect(rows.map((row) => row.split(' ')[1])).toEqual(['c.example', 'b.example']);
    expect(render(report)).toContain('3 domains: 1 failed, 1 drift, 1 in sync');
  });
});
