import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatTxt, parseTxt, splitTxt } from '../../src/core/txt.ts';
import { runs } from '../property-runs.ts';

/** A byte string: one character a byte. */
const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((array) => String.fromCharCode(...array));

describe('splitTxt', () => {
  test.each([
    [0, [0], 'a record has at least one character-string, RFC 1035 §3.3.14'],
    [1, [1], ''],
    [254, [254], ''],
    [255, [255], 'the longest one'],
    [256, [255, 1], ''],
    [509, [255, 254], ''],
    [510, [255, 255], ''],
    [511, [255, 255, 1], ''],
    [765, [255, 255, 255], ''],
  ])('%i bytes make strings of %j %s', (length, lengths) => {
    expect(splitTxt('x'.repeat(length)).map((one) => one.length)).toEqual(lengths);
  });

  test('joined again it is the same', () => {
    fc.assert(
      fc.property(bytes(1000), (text) => {
        expect(splitTxt(text).join('')).toBe(text);
      }),
      runs(50),
    );
  });
});

const good: readonly [string, readonly string[], string][] = [
  ['"v=STSv1; id=1;"', ['v=STSv1; id=1;'], 'quoted, RFC 1035 §5.1'],
  ['v=TLSRPTv1;', ['v=TLSRPTv1;'], 'bare: a semicolon begins a comment in a zone file only'],
  ['"a" "b"', ['a', 'b'], 'two strings'],
  ['"a""b"', ['a', 'b'], 'two strings without a blank, as some services answer'],
  ['a "b c" d', ['a', 'b c', 'd'], 'bare and quoted mixed'],
  ['a"b"', ['a', 'b'], 'a quote ends a bare word'],
  ['  "a"\t\r\n"b"  ', ['a', 'b'], 'blanks and line ends around'],
  ['""', [''], 'an empty string is one'],
  ['"\\""', ['"'], 'an escaped quote'],
  ['"\\\\"', ['\\'], 'an escaped backslash'],
  ['"\\;"', [';'], 'an escape of any other character is that character'],
  ['"\\065\\255\\000"', ['A\u00ff\u0000'], 'three digits are a byte in decimal'],
  ['a\\ b', ['a b'], 'an escaped blank in a bare word'],
  ['"caf\u00e9"', ['caf\u00e9'], 'a byte over 127 as it is'],
  [`"${'x'.repeat(255)}"`, ['x'.repeat(255)], '255 bytes'],
  [`"${'\\120'.repeat(255)}"`, ['x'.repeat(255)], '255 bytes, each escaped'],
];

const bad: readonly [string, string, string][] = [
  ['', 'TXT_SYNTAX', 'no string at all'],
  [' \t', 'TXT_SYNTAX', 'only blanks'],
  ['"open', 'TXT_SYNTAX', 'a quote without its end'],
  ['"a" "', 'TXT_SYNTAX', 'a quote without its end, at the end'],
  ['"\\256"', 'TXT_SYNTAX', 'over 255'],
  ['"\\12"', 'TXT_SYNTAX', 'two digits'],
  ['"\\1a2"', 'TXT_SYNTAX', 'one digit'],
  ['a\\', 'TXT_SYNTAX', 'a backslash at the end'],
  ['"\u0100"', 'TXT_SYNTAX', 'a character that is no byte'],
  ['"\\\u0100"', 'TXT_SYNTAX', 'an escaped character that is no byte'],
  ['"\ud83d\ude00"', 'TXT_SYNTAX', 'an emoji is no byte'],
  [`"${'x'.repeat(256)}"`, 'TXT_TOO_LONG', '256 bytes'],
  ['x'.repeat(256), 'TXT_TOO_LONG', '256 bytes, bare'],
];

describe('parseTxt', () => {
  test.each(good)('reads %j as %j: %s', (text, strings) => {
    expect(parseTxt(text)).toEqual({ ok: true, value: strings, warnings: [] });
  });

  test.each(bad)('refuses %j with %s: %s', (text, code) => {
    expect(parseTxt(text)).toMatchObject({ ok: false, issues: [{ code }] });
  });

  test('says where', () => {
    expect(parseTxt('"ab" "c')).toMatchObject({ issues: [{ offset: 5 }] });
    expect(parseTxt('"ab\\999"')).toMatchObject({ issues: [{ offset: 3 }] });
  });

  test('never throws, whatever the text', () => {
    const odd = fc.array(fc.constantFrom('"', '\\', ' ', '\t', '\n', '1', '25', 'a', 'ü', '€'), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          odd.map((parts) => parts.join('')),
        ),
        (text) => {
          const strings = parseTxt(text);
          const again = strings.ok ? parseTxt(formatTxt(strings.value)) : strings;
          expect(again).toEqual(strings);
          expect(strings.ok ? 1 : strings.issues.length).toBe(1);
        },
      ),
      runs(500),
    );
  });
});

describe('formatTxt', () => {
  test.each([
    [['v=STSv1; id=1;'], '"v=STSv1; id=1;"', 'a semicolon needs no escape in quotes'],
    [['a', ''], '"a" ""', 'two strings'],
    [['"\\'], '"\\"\\\\"', 'quote and backslash, RFC 1035 §5.1'],
    [['\u0000\t\u007f\u00ff'], '"\\000\\009\\127\\255"', 'bytes that do not print'],
  ])('writes %j as %s: %s', (strings, text) => expect(formatTxt(strings)).toBe(text));

  test('read again it is the same', () => {
    fc.assert(
      fc.property(fc.array(bytes(255), { minLength: 1, maxLength: 5 }), (strings) => {
        const text = formatTxt(strings);
        expect(text).toMatch(/^[ -~]+$/);
        expect(parseTxt(text)).toEqual({ ok: true, value: strings, warnings: [] });
      }),
      runs(200),
    );
  });
});
