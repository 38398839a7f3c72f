/** JUnit XML: well-formed whatever strangers wrote, one test case a domain, and no time in it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderJunit, xmlText } from '../../../src/core/plan/render-junit.ts';
import { statuses } from '../../../src/core/plan/model.ts';
import { hostile, hostileReport, planOf, reportOf } from './hostile-report.ts';

const numRuns = process.env['SLOW'] === '1' ? 5000 : 500;
const render = (report: Parameters<typeof renderJunit>[0]): string => renderJunit(report, { isVerbose: true });

const TAG = /<(\/?)([a-z][a-z-]*)((?: [a-z]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)(\/?)>/y;
const TEXT = /(?:[^<&]|&(?:amp|lt|gt|quot);)+/y;

/** The names of the elements in their order. Throws for what is not well-formed in the part of XML 1.0 that we write. */
function elementsOf(xml: string): readonly string[] {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!xml.startsWith(declaration)) throw new Error('no declaration');
  // eslint-disable-next-line no-control-regex -- XML 1.0 §2.2 is about them
  if (!xml.isWellFormed() || /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(xml))
    throw new Error('no character of XML');
  const open: string[] = [];
  const names: string[] = [];
  for (let at = declaration.length; at < xml.length;) {
    const expression = xml[at] === '<' ? TAG : TEXT;
    expression.lastIndex = at;
    const found = expression.exec(xml);
    if (found === null) throw new Error(`not well-formed at ${xml.slice(at, at + 40)}`);
    const [whole, close, name, , empty] = found;
    at += whole.length;
    if (name === undefined) continue;
    if (close === '/' && open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    if (close === '') names.push(name);
    if (close === '' && empty === '') open.push(name);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed`);
  return names;
}

describe('renderJunit', () => {
  it('is well-formed and has one test case a domain, whatever the texts are', () => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        const names = elementsOf(render(report));
        expect(names.filter((name) => name === 'testcase')).toHaveLength(report.domains.length);
      }),
      { numRuns },
    );
  });

  it('tells the statuses apart as CI servers do', () => {
    const report = reportOf(statuses.map((status) => planOf(`${status.replace(' ', '-')}.example`, status, 'x')));
    const xml = renderJunit(report, { isVerbose: false });
    const cases = xml.split('<testcase ').slice(1);
    const verdicts = cases.map((one) => [
      / name="(\w+)/.exec(one)?.[1],
      /<(error|failure|skipped|system-out)/.exec(one)?.[1],
    ]);
    expect(Object.fromEntries(verdicts)).toMatchObject({
      failed: 'error',
      held: 'failure',
      drift: 'failure',
      waiting: 'skipped',
      changed: 'system-out',
    });
    expect(cases.at(-1)).toMatch(/^classname="stsync" name="in-sync.example"\/>/);
    expect(xml).toContain('tests="6" failures="2" errors="1" skipped="1"');
    expect(xml).not.toMatch(/ (?:time|timestamp)="/);
  });
});

describe('xmlText', () => {
  it.each([
    ['a & b < c > "d"', 'a &amp; b &lt; c &gt; &quot;d&quot;', 'markup'],
    [']]>', ']]&gt;', 'the end of a CDATA section'],
    ['a\u0000\u001b[31m\r\u0085', 'a\ufffd\ufffd[31m\ufffd\ufffd', 'control characters'],
    ['\ud800 \ufffe', '\ufffd \ufffd', 'what is no character'],
    ['ü \u{1f600}', 'ü \u{1f600}', 'what is one'],
  ])('%j becomes %j: %s', (text, wanted) => {
    expect(xmlText(text)).toBe(wanted);
  });

  it('is read back as the text, where XML can say it', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const read = xmlText(text)
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&amp;', '&');
        const shown = Array.from(text.toWellFormed(), (sign) => (xmlText(sign) === '\ufffd' ? '\ufffd' : sign));
        expect(read).toBe(shown.join(''));
      }),
      { numRuns },
    );
  });
});
