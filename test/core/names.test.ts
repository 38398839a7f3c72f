import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  byCodePoint,
  isIpAddress,
  isIpv4,
  isWithin,
  parentOf,
  parseHostName,
  parseIpv6,
} from '../../src/core/names.ts';
import { runs } from '../property-runs.ts';

const label63 = 'a'.repeat(63);
const name253 = `${label63}.${label63}.${label63}.${'b'.repeat(61)}`;

const good: readonly [string, string, string][] = [
  ['example.com', 'example.com', 'a plain name'],
  ['EXAMPLE.Com', 'example.com', 'case does not count, RFC 4343'],
  ['example.com.', 'example.com', 'absolute, RFC 1034 §3.1'],
  ['3com.example', '3com.example', 'a label may begin with a digit, RFC 1123 §2.1'],
  ['1.2.3.4a', '1.2.3.4a', 'digits, but the last label is no number'],
  ['a--b.example', 'a--b.example', 'inner hyphens may be doubled, RFC 1034 §3.5'],
  ['localhost', 'localhost', 'one label'],
  ['bücher.example', 'xn--bcher-kva.example', 'U-label to A-label, RFC 5891 §5'],
  ['BÜCHER.example', 'xn--bcher-kva.example', 'upper case is mapped first, UTS 46 §4'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example', 'an A-label stays'],
  ['XN--BCHER-KVA.example', 'xn--bcher-kva.example', 'an A-label in upper case'],
  ['faß.example', 'xn--fa-hia.example', 'ß is a letter of its own, RFC 5894 §4.4'],
  ['例え。テスト', 'xn--r8jz45g.xn--zckzah', 'an ideographic full stop is a dot, UTS 46 §4'],
  ['mta-sts.example.com', 'mta-sts.example.com', 'the policy host, RFC 8461 §3.3'],
  [label63, label63, '63 characters in a label, RFC 1035 §2.3.4'],
  [name253, name253, '253 characters in a name, RFC 1035 §2.3.4'],
];

const bad: readonly [string, string, string][] = [
  ['', 'BAD_NAME', 'empty'],
  ['.', 'BAD_NAME', 'the root is no host'],
  ['example..com', 'BAD_NAME', 'an empty label'],
  ['.example.com', 'BAD_NAME', 'an empty label at the start'],
  ['example.com..', 'BAD_NAME', 'two final dots'],
  ['-example.com', 'BAD_NAME', 'a hyphen at the start of a label, RFC 1034 §3.5'],
  ['example-.com', 'BAD_NAME', 'a hyphen at the end of a label'],
  ['_mta-sts.example.com', 'BAD_NAME', 'an underscore is for owner names, RFC 8552'],
  ['*.example.com', 'BAD_NAME', 'a wildcard is a pattern, not a host'],
  ['exa mple.com', 'BAD_NAME', 'a blank'],
  ['example.com ', 'BAD_NAME', 'a blank at the end'],
  ['example.com\n', 'BAD_NAME', 'a line end'],
  ['example.com:25', 'IP_ADDRESS', 'a port reads as IPv6'],
  ['user@example.com', 'BAD_NAME', 'a mail address'],
  ['https://example.com', 'IP_ADDRESS', 'a URL reads as IPv6'],
  ['example.com/path', 'BAD_NAME', 'a path'],
  ['exa%6dple.com', 'BAD_NAME', 'a percent sign'],
  ['exa\u0000mple.com', 'BAD_NAME', 'a control character'],
  ['xn--a.example', 'BAD_NAME', 'an A-label that is no Punycode, RFC 5891 §5.4'],
  ['\ud800.example', 'BAD_NAME', 'a lone surrogate'],
  ['192.0.2.1', 'IP_ADDRESS', 'IPv4'],
  ['１９２.０.２.１', 'IP_ADDRESS', 'IPv4 in full-width digits'],
  ['2001:db8::1', 'IP_ADDRESS', 'IPv6'],
  ['[2001:db8::1]', 'IP_ADDRESS', 'an address literal, RFC 5321 §4.1.3'],
  ['example.123', 'BAD_NAME', 'the last label is digits only, RFC 1123 §2.1'],
  ['0x7f.1', 'BAD_NAME', 'a number as URLs read it'],
  [`${label63}a.example`, 'BAD_NAME', '64 characters in a label'],
  [`${name253}b`, 'BAD_NAME', '254 characters in a name'],
  [`${'ü'.repeat(60)}.example`, 'BAD_NAME', 'an A-label of more than 63 characters'],
];

describe('parseHostName', () => {
  test.each(good)('%s gives %s: %s', (text, name) => {
    expect(parseHostName(text)).toEqual({ ok: true, value: name, warnings: [] });
  });

  test.each(bad)('refuses %j with %s: %s', (text, code) => {
    expect(parseHostName(text)).toMatchObject({ ok: false, issues: [{ code }] });
  });

  test('says what to write instead of a wildcard or an underscore', () => {
    expect(parseHostName('*.example.com')).toMatchObject({ issues: [{ hint: expect.stringContaining('left-most') }] });
    expect(parseHostName('mx_1.example.com')).toMatchObject({
      issues: [{ hint: expect.stringContaining('underscore') }],
    });
  });

  test('never throws, and what it gives is read as itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.domain(), nameLike), (text) => {
        const name = parseHostName(text);
        const again = name.ok ? parseHostName(name.value) : name;
        expect(again).toEqual(name);
        expect(name.ok ? name.value : 'a').toMatch(/^[a-z0-9.-]{1,253}$/);
        expect(name.ok ? 1 : name.issues.length).toBe(1);
      }),
      runs(500),
    );
  });
});

/** Texts near the border: short labels of the characters that matter. */
const nameLike = fc
  .array(fc.constantFrom('a', '1', '-', '.', '_', '*', 'ü', 'xn--', 'ß', '。', ':', '%'), { maxLength: 12 })
  .map((parts) => parts.join(''));

describe('addresses', () => {
  test.each([
    ['192.0.2.1', true, 'dotted decimal'],
    ['255.255.255.255', true, 'the highest'],
    ['256.0.2.1', false, 'an octet over 255'],
    ['192.0.2', false, 'three octets'],
    ['192.0.2.1.1', false, 'five octets'],
    ['192.0.2.01', false, 'a leading zero reads as octal elsewhere'],
    ['192.0.2.1.', false, 'a final dot'],
    ['', false, 'nothing'],
  ])('isIpv4(%j) is %s: %s', (text, answer) => expect(isIpv4(text)).toBe(answer));

  test.each([
    ['192.0.2.1', true],
    ['::1', true],
    ['[::1]', true],
    ['example.com', false],
  ])('isIpAddress(%j) is %s', (text, answer) => expect(isIpAddress(text)).toBe(answer));

  test.each<[string, string | null, string]>([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', 'RFC 5952 §4'],
    ['::', '::', 'the unspecified address'],
    ['::ffff:192.0.2.1', '::ffff:c000:201', 'an IPv4-mapped one'],
    ['2001:db8::1%eth0', null, 'a zone, RFC 4007'],
    ['2001:db8', null, 'too short'],
    ['1::2::3', null, 'two gaps'],
    ['192.0.2.1', null, 'IPv4'],
    ['[::1]', null, 'brackets belong to URLs'],
    ['::1]/x[', null, 'no way into the URL parser'],
  ])('parseIpv6(%j) is %j: %s', (text, address) => expect(parseIpv6(text)).toBe(address));
});

describe('names and their order', () => {
  test.each([
    ['example.com', 'example.com', true],
    ['a.example.com', 'example.com', true],
    ['badexample.com', 'example.com', false],
    ['example.com', 'a.example.com', false],
  ])('isWithin(%s, %s) is %s', (name, ancestor, answer) => expect(isWithin(name, ancestor)).toBe(answer));

  test('parentOf takes the left-most label away', () => {
    expect(parentOf('a.b.c')).toBe('b.c');
    expect(parentOf('com')).toBeNull();
  });

  test('byCodePoint does not ask the machine: a hyphen before a dot before letters', () => {
    expect(['b', 'a.b', 'a-b', 'a', 'B'].toSorted(byCodePoint)).toEqual(['B', 'a', 'a-b', 'a.b', 'b']);
    expect(byCodePoint('a', 'a')).toBe(0);
  });
});
