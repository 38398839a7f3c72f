/** A file cut into blocks says the same as the file parsed whole, places included. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBlocks } from '../../../src/core/config/yaml-blocks.ts';
import { runs } from '../../property-runs.ts';
import { HEAD, parse, printed } from './load.ts';

const WHOLE = 1_000_000;

function entries(count: number, body = 'mx: [mx1.example.com]'): string {
  return Array.from({ length: count }, (_, index) => `  d${index}.example:\n    ${body}\n`).join('');
}

describe('cutting', () => {
  const plain = `${HEAD}domains:   # all of them\n${entries(7)}# the end\nlimits: { changedDomains: 3 }\n`;

  it('makes pieces that put together are the file', () => {
    const cut = cutBlocks(plain, 3);
    expect(cut?.blocks.map(({ text }) => text.match(/^ {2}d\d/gm)?.length)).toEqual([3, 3, 1]);
    const cutOffset = cut?.cutOffset ?? 0;
    const middle = cut?.blocks.map(({ text }) => text).join('') ?? '';
    expect(cut?.frame.slice(0, cutOffset) + middle + cut?.frame.slice(cutOffset)).toBe(plain);
    expect(cut?.blocks.every(({ text, offset }) => plain.startsWith(text, offset))).toBe(true);
  });

  it.each([
    ['few domains', `${HEAD}domains:\n${entries(3)}`],
    ['a tab', plain.replace('[mx1', '[\tmx1')],
    ['an anchor', plain.replace('[mx1', '&a [mx1')],
    ['an alias', plain.replace('[mx1.example.com]', '*a')],
    ['a tag', plain.replace('[mx1', '!t [mx1')],
    ['a second document', `${plain}---\na: 1\n`],
    ['a flow map', `${HEAD}domains: {}\n${entries(7)}`],
    ['a line between two indentations', plain.replace('    mx', ' mx')],
    ['an explicit key', plain.replace('  d4.example:', '  ? d4.example\n  :')],
    ['a list', plain.replace('  d4.example:', '  - d4.example:')],
    ['a quoted key', plain.replace('domains:', '"domains":')],
  ])('is left alone with %s', (_title, text) => {
    expect(cutBlocks(text, 3)).toBeNull();
  });

  it('is not put off by what looks like an anchor in a comment or in quotes', () => {
    const text = plain
      .replace('  d4.example:', '  # Müller & Söhne, *all* of !them\n  d4.example:   # & Co')
      .replace('[mx1', '["*.mx1');
    expect(cutBlocks(text.replace('com]', 'com"]'), 3)).not.toBeNull();
  });
});

describe('a file in blocks', () => {
  it('gives the same config as the file in one piece', () => {
    const text = `${HEAD}domains:\n${entries(20)}`;
    expect(parse(text, { blockSize: 3 }).ok).toBe(true);
    expect(parse(text, { blockSize: 3 })).toEqual(parse(text, { blockSize: WHOLE }));
  });

  it('puts faults where they stand, also after the section', () => {
    const bad = entries(9).replace('  d7.example:\n    mx', '  d7.example:\n    mode: testin\n    mx');
    const text = `${HEAD}domains:\n${bad}\nlimit: 1\n`;
    expect(printed(text, { blockSize: 2 })).toBe(printed(text, { blockSize: WHOLE }));
    expect(printed(text, { blockSize: 2 })).toContain('domains.yaml:20:11: UNKNOWN_VALUE');
    expect(printed(text, { blockSize: 2 })).toContain('domains.yaml:25:1: UNKNOWN_KEY');
  });

  it('finds a domain again that stands in another block', () => {
    const text = `${HEAD}domains:\n${entries(9)}  D0.example: { mx: live }\n`;
    expect(printed(text, { blockSize: 2 })).toContain(
      '23:3: DUPLICATE_DOMAIN the domain d0.example stands here a second time; first at domains.yaml:5:3',
    );
  });
});

/** Lines that reach over borders, end the section or break the YAML; `~` stands for a space at the start, `\t` for a tab. */
const oddLines = String.raw`
~~e.example:
~~e.example: &x {}
~~f.example: *x
~~g.example: !t {}
~~h.example: |
~~~~text
~~~odd: 1
~less: 1
domains:
limits: {}
x: "
~~k: "
~~~~"
~~l: 'a
~~m: {
~~}
~~~~}
~~n: [
~~]
~~? o.example
~~: {}
~~- p
# c & d
~~# e *f
---
...
\t
~~\tq: 1
~~~
~~r
~~"s.example":
~~bücher.example:
~~u: >-
~~~~~~folded
~~v: "a # b": &y
~~~~mx: live
~~~~mx: live # &z
~~"w.example" :
~~x.example:\r
`;
const odd = oddLines.split('\n').map((text) =>
  text
    .replaceAll('~', ' ')
    .replace(String.raw`\t`, '\t')
    .replace(String.raw`\r`, '\r'),
);
const number = fc.integer({ min: 0, max: 9 });
const line = fc.oneof(
  { weight: 6, arbitrary: number.map((n) => `  d${n}.example: { mx: live }`) },
  { weight: 4, arbitrary: number.map((n) => `  d${n}.example:\n    mx: [a.example]\n    mode: enforce`) },
  { weight: 3, arbitrary: fc.constantFrom(...odd) },
);

describe('any lines', () => {
  it('say the same in blocks and in one piece', () => {
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 3, maxLength: 25 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('', '\nlimits: { changedDomains: 1 }', '\nunknown: 1\n'),
        (lines, blockSize, tail) => {
          const text = `${HEAD}domains:\n${lines.join('\n')}${tail}`;
          expect(parse(text, { blockSize })).toEqual(parse(text, { blockSize: WHOLE }));
        },
      ),
      runs(400),
    );
  });
});
