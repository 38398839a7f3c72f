/** Files as such: folders, the byte order mark, faults of several files, texts that are no config. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../property-runs.ts';
import { codes, good, HEAD, parse, printed } from './load.ts';

const DOMAIN = 'domains: { example.com: { mx: [mx1.example.com] } }\n';

describe('a folder', () => {
  it('merges domains over its files', () => {
    const config = good({
      'b.yaml': 'domains: { b.example: { mx: live } }',
      'a.yaml': `${HEAD}domains: { c.example: { mx: live } }`,
      'c.yml': 'domains: { a.example: { mx: live } }',
    });
    expect(config.domains.map(({ domain, place }) => `${domain} ${place.file}`)).toEqual([
      'a.example c.yml',
      'b.example b.yaml',
      'c.example a.yaml',
    ]);
  });

  it('reports a domain that stands in two files at the later one, whatever the order of the files', () => {
    const files = { 'a.yaml': HEAD + DOMAIN, 'b.yaml': DOMAIN };
    const turned = { 'b.yaml': DOMAIN, 'a.yaml': HEAD + DOMAIN };
    expect(printed(files)).toContain('b.yaml:1:12: DUPLICATE_DOMAIN');
    expect(printed(turned)).toBe(printed(files));
  });

  it('reports the faults of all files at once, sorted by file, line and column', () => {
    const text = printed({ 'b.yaml': 'x: 1\ny: 2', 'a.yaml': `${HEAD}z: 1\n${DOMAIN}` });
    expect(text.match(/^\S+:\d+:\d+/gm)).toEqual(['a.yaml:4:1', 'b.yaml:1:1', 'b.yaml:2:1']);
  });

  it('says nothing of what may stand in a file that cannot be read', () => {
    expect(
      codes({ 'a.yaml': 'domains: { example.com: { provider: p, profile: q } }', 'b.yaml': 'providers: [' }),
    ).toEqual(['YAML_SYNTAX']);
  });
});

describe('a file', () => {
  it('may begin with a byte order mark, which moves no column', () => {
    expect(good(`\ufeff${HEAD}${DOMAIN}`).domains[0]?.place).toEqual({ file: 'domains.yaml', line: 4, column: 12 });
  });

  it('may end its lines with CRLF', () => {
    expect(good((HEAD + DOMAIN).replaceAll('\n', '\r\n')).domains[0]?.place.line).toBe(4);
  });

  it('may use anchors and aliases', () => {
    const text = 'domains: { a.example: { mx: &mx [mx1.example.com] }, b.example: { mx: *mx } }';
    expect(good(HEAD + text).domains.map(({ mx }) => mx)).toEqual([['mx1.example.com'], ['mx1.example.com']]);
  });

  it('reads YAML 1.2 also where a directive asks for 1.1', () => {
    expect(codes(`%YAML 1.1\n---\n${HEAD}world: { allowPrivateAddresses: yes }\n${DOMAIN}`)).toEqual(['WRONG_TYPE']);
  });

  it('prints control characters of the YAML as escapes, so that a fault stays on its line', () => {
    const text = printed(`${HEAD}"a\\nb\\u001b[31m": 1\n${DOMAIN}`);
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toContain(String.raw`\u000a`);
    expect(text).not.toContain('\u001b');
  });

  it('is refused with a few faults when it is nested thousands of levels deep', () => {
    const found = codes(`${HEAD}x: ${'['.repeat(20_000)}`);
    expect(new Set(found)).toEqual(new Set(['YAML_SYNTAX']));
    expect(found.length).toBeLessThan(10);
  });

  it('takes keys of every object for no properties', () => {
    expect(codes(`${HEAD}__proto__: 1\nconstructor: 2\n${DOMAIN}`)).toEqual(['UNKNOWN_KEY', 'UNKNOWN_KEY']);
    expect(codes(`${HEAD}domains: { example.com: { mx: live, profile: toString, provider: constructor } }`)).toEqual([
      'UNKNOWN_PROFILE',
      'UNKNOWN_PROVIDER',
    ]);
  });
});

function isAnswer(files: Parameters<typeof parse>[0]): boolean {
  const result = parse(files);
  return result.ok || result.faults.length > 0;
}

describe('any text', () => {
  const words = `domains: example.com: mx: mode: enforce providers: - { } [ ] " ' &a *a !t | > # --- ... ? : , <<: \${env:X}`;
  const pieces = fc.constantFrom(...words.split(' '), ' ', '\n', '\n  ', '\n    ', '\t', '\ufeff', 'version: 1\n');

  it('gives a config or faults, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(isAnswer({ 'a.yaml': bytes })).toBe(true);
      }),
      runs(300),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (some) => {
        expect(isAnswer(some.join(''))).toBe(true);
      }),
      runs(500),
    );
  });
});
