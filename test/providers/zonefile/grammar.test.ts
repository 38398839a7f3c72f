/** The grammar of zone files (RFC 1035 §5.1, RFC 2308 §4): what is read, and what is refused with its place. */
import { describe, expect, it } from 'vitest';

import { readSet } from '../../../providers/zonefile/rdata.ts';
import { parseTtl } from '../../../providers/zonefile/ttl.ts';
import type { RecordType } from '../../../src/core/record-set.ts';
import { faultOf, HEAD, zoneOf } from './zones.ts';

/** `TTL data | data` of a set, for one-line expectations. */
function show(text: string, key: string, files: Readonly<Record<string, string>> = {}): string {
  const [label = '', type = ''] = key.split(' ');
  const name = label === '@' ? 'example.com' : `${label}.example.com`;
  const set = readSet(zoneOf(text, files), name, recordType(type));
  return set === null ? 'nothing' : `${set.ttlSeconds} ${set.rdata.join(' | ')}`;
}

function recordType(text: string): RecordType {
  if (text === 'TXT' || text === 'CNAME' || text === 'A' || text === 'AAAA' || text === 'MX') return text;
  throw new Error(`no type: ${text}`);
}

describe('a zone file is read:', () => {
  it.each([
    // Names
    ['a relative owner', 'a A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['an absolute owner', 'a.example.com. A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['the apex as @', '@ A 192.0.2.1', '@ A', '3600 192.0.2.1'],
    ['upper case', 'A.EXAMPLE.com. a 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['an owner left out', 'a A 192.0.2.1\n  AAAA 2001:DB8::0:1', 'a AAAA', '3600 2001:db8::1'],
    ['an owner left out after blank lines and comments', 'a A 192.0.2.1\n\n; c\n \n\tTXT x', 'a TXT', '3600 "x"'],
    ['$ORIGIN', '$ORIGIN sub\na A 192.0.2.1', 'a.sub A', '3600 192.0.2.1'],
    [
      '$ORIGIN in lower case, twice, absolute',
      '$origin sub\n$ORIGIN b.example.com.\n@ A 192.0.2.1',
      'b A',
      '3600 192.0.2.1',
    ],
    ['an owner left out across $ORIGIN', 'a A 192.0.2.1\n$ORIGIN b\n TXT x', 'a TXT', '3600 "x"'],
    ['escaped letters in a name', '\\097\\b A 192.0.2.1', 'ab A', '3600 192.0.2.1'],
    ['a dot inside a label', 'x\\.a A 192.0.2.1', 'a A', 'nothing'],
    ['an owner like a type', 'TXT TXT TXT', 'txt TXT', '3600 "TXT"'],
    ['an owner of digits', '300 IN A 192.0.2.1', '300 A', '3600 192.0.2.1'],
    [
      'names in data, relative and absolute',
      '@ MX 10 Mx1\n@ MX 20 mx.Example.NET.',
      '@ MX',
      '3600 10 mx1.example.com. | 20 mx.example.net.',
    ],
    ['@ in data', 'a CNAME @', 'a CNAME', '3600 example.com.'],
    ['a null MX', '@ MX 0 .', '@ MX', '3600 0 .'],
    ['data relative to $ORIGIN', '$ORIGIN sub\na CNAME b', 'a.sub CNAME', '3600 b.sub.example.com.'],
    // TTL and class
    ['TTL, then class', 'a 60 IN A 192.0.2.1', 'a A', '60 192.0.2.1'],
    ['class, then TTL', 'a IN 60 A 192.0.2.1', 'a A', '60 192.0.2.1'],
    ['class without TTL', 'a in A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['the class as CLASS1', 'a CLASS1 A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['units', 'a 1h30m A 192.0.2.1', 'a A', '5400 192.0.2.1'],
    ['$TTL in the middle', 'a A 192.0.2.1\n$TTL 1d\nb A 192.0.2.2', 'b A', '86400 192.0.2.2'],
    ['$TTL over a TTL given before', 'a 60 A 192.0.2.1\nb A 192.0.2.2', 'b A', '3600 192.0.2.2'],
    ['TTLs that differ: the lowest counts', 'a 60 A 192.0.2.1\na 30 A 192.0.2.2', 'a A', '30 192.0.2.1 | 192.0.2.2'],
    ['a TTL over 2^31-1 is 0 (RFC 2181 §8)', 'a 2147483648 A 192.0.2.1', 'a A', '0 192.0.2.1'],
    // TXT
    ['several strings', 'a TXT "v=STSv1;" "id=1"', 'a TXT', '3600 "v=STSv1;" "id=1"'],
    ['strings without a blank between', 'a TXT "x""y"', 'a TXT', '3600 "x" "y"'],
    ['a bare word', 'a TXT v=spf1', 'a TXT', '3600 "v=spf1"'],
    ['a semicolon in quotes', 'a TXT "a;b" ; c', 'a TXT', '3600 "a;b"'],
    ['an escaped semicolon', 'a TXT a\\;b', 'a TXT', '3600 "a;b"'],
    ['a comment right behind a word', 'a TXT ab;c', 'a TXT', '3600 "ab"'],
    ['\\" and \\\\', String.raw`a TXT "say \"hi\" C:\\"`, 'a TXT', String.raw`3600 "say \"hi\" C:\\"`],
    ['\\DDD', String.raw`a TXT "\065\000\255"`, 'a TXT', String.raw`3600 "A\000\255"`],
    ['bytes over 127', 'a TXT "\u00c3\u00bc"', 'a TXT', String.raw`3600 "\195\188"`],
    ['parentheses inside quotes', 'a TXT "(" ")"', 'a TXT', '3600 "(" ")"'],
    ['an empty string', 'a TXT ""', 'a TXT', '3600 ""'],
    ['blanks in quotes', 'a TXT "  a\tb "', 'a TXT', String.raw`3600 "  a\009b "`],
    ['the same data twice', 'a TXT x\na TXT "x"', 'a TXT', '3600 "x"'],
    // Layout
    [
      'parentheses over lines, with comments',
      'a TXT ( "x" ; one (\n  ; two )\n "y"\n) ; three',
      'a TXT',
      '3600 "x" "y"',
    ],
    ['parentheses around owner-less parts', 'a (\n 60 IN\n A ) 192.0.2.1', 'a A', '60 192.0.2.1'],
    ['parentheses without blanks', 'a TXT("x")("y")', 'a TXT', '3600 "x" "y"'],
    ['nested parentheses', 'a TXT ( ( "x" ) "y" )', 'a TXT', '3600 "x" "y"'],
    ['CRLF', 'a TXT "x"\r\n  A 192.0.2.1\r\n', 'a A', '3600 192.0.2.1'],
    ['no line break at the end', 'a A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['a comment at the end without a line break', 'a A 192.0.2.1\n; end', 'a A', '3600 192.0.2.1'],
    // Types
    ['types that are not known', 'a TYPE65534 \\# 3 abcdef\na WALLET x y\na A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['a known type by its number', 'a TYPE16 "x"', 'a TXT', '3600 "x"'],
    ['faults in data that nobody asked for', 'b A not-an-address\na A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['records of other zones are left out', 'a.example.net. A 192.0.2.1', 'a A', 'nothing'],
    ['a wildcard is not expanded', '* TXT x', 'a TXT', 'nothing'],
  ])('%s', (_, text, key, expected) => {
    expect(show(HEAD + text, key)).toBe(expected);
  });

  it('without $TTL: the TTL given before (RFC 1035 §5.1), at first the minimum of the SOA', () => {
    const soa = '@ SOA ns hostmaster 1 3600 900 604800 300\n';
    expect(show(`${soa}a A 192.0.2.1`, 'a A')).toBe('300 192.0.2.1');
    expect(show(`${soa.replace('SOA', '60 SOA')}a A 192.0.2.1\nb 30 A 192.0.2.2\nc A 192.0.2.3`, 'c A')).toBe(
      '30 192.0.2.3',
    );
    expect(show(`${soa.replace('SOA', '60 SOA')}a A 192.0.2.1\nb 30 A 192.0.2.2`, 'a A')).toBe('60 192.0.2.1');
  });

  it.each([
    ['records of an included file', 'a A 192.0.2.1', '$INCLUDE f', 'a A', '3600 192.0.2.1'],
    ['its own origin', 'a A 192.0.2.1', '$INCLUDE f sub ; comment', 'a.sub A', '3600 192.0.2.1'],
    ['whose $ORIGIN ends with it', '$ORIGIN x\nb A 192.0.2.9', '$INCLUDE "f"\na A 192.0.2.1', 'a A', '3600 192.0.2.1'],
    ['whose last owner ends with it', 'b A 192.0.2.9', 'a A 192.0.2.1\n$INCLUDE f\n TXT x', 'a TXT', '3600 "x"'],
    ['that starts with the owner before it', ' TXT x', 'a A 192.0.2.1\n$INCLUDE f', 'a TXT', '3600 "x"'],
  ])('$INCLUDE: %s', (_, file, text, key, expected) => {
    expect(show(HEAD + text, key, { f: file })).toBe(expected);
  });
});

describe('a zone file is refused, with file, line and column:', () => {
  it.each([
    ['a quote without end', 'a TXT "x\n', '3:7: a quoted string that does not end in its line'],
    ['a quote without end at the end', 'a TXT "x', '3:7: a quoted string that does not end in its line'],
    ['( without )', 'a TXT ( x\n; c\n', '3:7: a "(" that is never closed'],
    [') without (', 'a TXT x )\n', '3:9: a ")" without its "("'],
    ['a backslash at the end', 'a TXT x\\', '3:8: a backslash with nothing behind it'],
    ['a lone carriage return', 'a TXT x\ry', '3:8: a carriage return without a line feed'],
    ['no type', 'a 60 IN', '3:8: a record without a type'],
    ['a type that is none', 'a 60 IN "TXT" x', '3:9: ""TXT"" is no record type'],
    ['two TTLs', 'a 60 IN 70 A 192.0.2.1', '3:9: "70" is no record type'],
    ['a TTL that is none', 'a 1x A 192.0.2.1', '3:3: "1x" is no TTL'],
    ['another class', 'a CH TXT x', '3:3: class CH: only IN is read'],
    ['an empty label', 'a..b A 192.0.2.1', '3:1: "a..b" is no name: it has an empty label'],
    [
      'a long label',
      `${'a'.repeat(64)} A 192.0.2.1`,
      `3:1: "${'a'.repeat(64)}" is no name: a label has at most 63 bytes and a name at most 255`,
    ],
    [
      'a bad escape in a name',
      '\\2 A 192.0.2.1',
      '3:1: "\\2" is no name: a backslash needs three digits up to 255, or one character',
    ],
    ['a quoted owner', '"a" A 192.0.2.1', '3:1: ""a"" is no name: a name stands without quotes'],
    ['an unknown directive', '$FOO x', '3:1: unknown directive $FOO'],
    ['$ORIGIN alone', '$ORIGIN', '3:1: $ORIGIN needs a name'],
    ['$TTL with a word', '$TTL x', '3:1: $TTL needs a TTL, such as 300 or 1h30m'],
    ['a second SOA', '@ SOA a b 1 2 3 4 5', '3:1: an SOA record of example.com where only one of example.com may be'],
    ['an SOA below', 'a SOA a b 1 2 3 4 5', '3:1: an SOA record of a.example.com where only one of example.com may be'],
  ])('%s', (_, text, expected) => {
    expect(faultOf(() => zoneOf(HEAD + text))).toBe(`ZONE_SYNTAX example.com.zone:${expected}`);
  });

  it.each([
    ['no SOA', 'a 60 A 192.0.2.1', '1:1: there is no SOA record of example.com'],
    ['nothing', '', '1:1: there is no SOA record of example.com'],
    ['no owner before', ' 60 A 192.0.2.1', '1:2: a record without an owner: there is none before it to take over'],
    ['no TTL before', 'a A 192.0.2.1', '1:3: a record without a TTL, and no $TTL before it'],
    ['an SOA without minimum', '@ SOA a b 1', '1:1: an SOA has seven fields: two names and five numbers'],
  ])('%s', (_, text, expected) => {
    expect(faultOf(() => zoneOf(text))).toBe(`ZONE_SYNTAX example.com.zone:${expected}`);
  });

  it.each([
    ['A', 'a A 192.0.2.256', '"192.0.2.256" is no IPv4 address'],
    ['A', 'a A 192.0.2.1 192.0.2.2', '"192.0.2.1 192.0.2.2" is no IPv4 address'],
    ['AAAA', 'a AAAA 2001:db8', '"2001:db8" is no IPv6 address'],
    ['MX', 'a MX mx1', 'MX has a number up to 65535 and a name'],
    ['MX', 'a MX 65536 mx1', 'MX has a number up to 65535 and a name'],
    ['CNAME', 'a CNAME b c', 'CNAME has one name'],
    ['TXT', 'a TXT \\# 3 026869', 'TXT in the generic form of RFC 3597, which stsync does not read'],
    ['TXT', `a TXT ${'x'.repeat(256)}`, 'a character-string of 256 bytes; at most 255'],
    ['TXT', 'a TXT \\256', 'a backslash needs three digits up to 255, or one character'],
  ])('%s data that is asked for: %#', (type, text, expected) => {
    expect(faultOf(() => show(HEAD + text, `a ${type}`))).toMatch(`: ${expected}`);
  });

  it('a file that includes itself', () => {
    expect(faultOf(() => zoneOf(`${HEAD}$INCLUDE f`, { f: '$INCLUDE f' }))).toMatch(
      /f:1:1: files that include each other/,
    );
  });
});

it.each([
  ['0', 0],
  ['300', 300],
  ['1w2d3h4m5s', 788_645],
  ['1H', 3600],
  ['4294967295', 0],
  ['4294967296', null],
  ['1h30', null],
  ['h', null],
  ['-1', null],
  ['', null],
])('reads the TTL %j as %j', (text, seconds) => {
  expect(parseTtl(text)).toBe(seconds);
});
