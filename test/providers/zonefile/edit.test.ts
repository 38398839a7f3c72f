/** Edits of zone files: before and after, byte for byte. The serial is 7 before and 8 after unless a case is about it. */
import { describe, expect, it } from 'vitest';

import { editZone, type WantedSet } from '../../../providers/zonefile/edit-zone.ts';
import type { RecordType } from '../../../src/core/record-set.ts';
import { faultOf, includeFrom, zoneOf } from './zones.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const SOA = '@ SOA ns hostmaster 7 3600 900 604800 300\n';
const HEAD = `$TTL 3600\n${SOA}`;

/** `a TXT 300 "x"` (label, type, TTL, data, more data behind |), or `a TXT` for "nothing". */
function want(text: string): WantedSet {
  const [label = '', typeText = '', ttl, ...data] = text.split(' ');
  const type = (['TXT', 'CNAME', 'A', 'AAAA', 'MX'] satisfies RecordType[]).find((one) => one === typeText);
  if (type === undefined) throw new Error(`no type: ${text}`);
  const name = label === '@' ? 'example.com' : `${label}.example.com`;
  const rdata = data.join(' ').split(' | ');
  return { name, type, after: ttl === undefined ? null : { name, type, ttlSeconds: Number(ttl), rdata } };
}

function edit(text: string, wanted: readonly string[], files: Readonly<Record<string, string>> = {}): string {
  return editZone(zoneOf(text, files), wanted.map(want), NOW, includeFrom(files)).source.text;
}

describe('an edit', () => {
  it.each<[title: string, before: string, wanted: readonly string[], after: string]>([
    // Data in place
    [
      'replaces data and keeps layout and comment',
      'a   IN  TXT   "x"  ; why\n',
      ['a TXT 3600 "y"'],
      'a   IN  TXT   "y"  ; why\n',
    ],
    ['replaces several strings', 'a TXT "x" "y" ; c\n', ['a TXT 3600 "z"'], 'a TXT "z" ; c\n'],
    [
      'replaces data in parentheses over lines',
      'a TXT ( ; one\n "x" ; two\n "y" ) ; three\n',
      ['a TXT 3600 "z"'],
      'a TXT ( ; one\n "z" ) ; three\n',
    ],
    ['replaces data that opens parentheses', 'a TXT "x" ( "y"\n) ; c\n', ['a TXT 3600 "z"'], 'a TXT "z" ; c\n'],
    ['closes nested parentheses', 'a ( TXT ( "x" ) )\n', ['a TXT 3600 "z"'], 'a ( TXT ( "z" ) )\n'],
    [
      'keeps the other strings of the set as they are',
      'a TXT other\na TXT "x"\n  TXT ( "third" )\n',
      ['a TXT 3600 "other" | "y" | "third"'],
      'a TXT other\na TXT "y"\n  TXT ( "third" )\n',
    ],
    [
      'keeps a value that is cut differently',
      'a TXT "oth" "er"\na TXT x\n',
      ['a TXT 3600 "other" | "y"'],
      'a TXT "oth" "er"\na TXT "y"\n',
    ],
    ['escapes what needs it', 'a TXT x\n', [String.raw`a TXT 3600 "\"\\\000;"`], `a TXT ${String.raw`"\"\\\000;"`}\n`],
    [
      'writes names absolute',
      '$ORIGIN sub\na CNAME b\n',
      ['a.sub CNAME 3600 c.example.com.'],
      '$ORIGIN sub\na CNAME c.example.com.\n',
    ],
    [
      'keeps bytes that are no UTF-8 and trailing blanks',
      '; \u00ff\u00fe \t\na TXT x \t \n\n',
      ['a TXT 3600 "y"'],
      '; \u00ff\u00fe \t\na TXT "y" \t \n\n',
    ],
    // TTL
    ['changes a TTL in place', 'a 5m IN TXT x\n', ['a TXT 600 "x"'], 'a 600 IN TXT x\n'],
    ['changes a TTL behind the class', 'a IN 300 TXT x\n', ['a TXT 600 "x"'], 'a IN 600 TXT x\n'],
    ['adds a TTL', 'a IN TXT x\n', ['a TXT 600 "x"'], 'a 600 IN TXT x\n'],
    [
      'adds a TTL without owner and class',
      'a A 192.0.2.1\n   TXT x\n',
      ['a TXT 600 "x"'],
      'a A 192.0.2.1\n   600 TXT x\n',
    ],
    [
      'changes the TTL of every record of the set',
      'a TXT x\na 5 TXT y\n',
      ['a TXT 600 "x" | "y"'],
      'a 600 TXT x\na 600 TXT y\n',
    ],
    ['changes data and TTL', 'a TXT x ; c\n', ['a TXT 600 "y"'], 'a 600 TXT "y" ; c\n'],
    // Removal
    ['removes the line with its comment', 'a TXT x ; c\nb TXT y\n', ['a TXT'], 'b TXT y\n'],
    ['removes all lines of a record', 'a TXT ( x ; c\n ; d\n)\nb TXT y\n', ['a TXT'], 'b TXT y\n'],
    ['removes the last line', 'b TXT y\na TXT x', ['a TXT'], 'b TXT y\n'],
    ['removes one string of several', 'a TXT x\na TXT y\na TXT z\n', ['a TXT 3600 "x" | "z"'], 'a TXT x\na TXT z\n'],
    ['removes data that stands there twice', 'a TXT x\na TXT "x"\n', ['a TXT'], ''],
    [
      'moves the owner down, in its column',
      'mta-sts     A 192.0.2.1\n            AAAA 2001:db8::1\n',
      ['mta-sts A'],
      'mta-sts     AAAA 2001:db8::1\n',
    ],
    [
      'moves the owner down, with tabs',
      'mta-sts\tA 192.0.2.1\n\tAAAA 2001:db8::1\n\tHINFO x y\n',
      ['mta-sts A'],
      'mta-sts\tAAAA 2001:db8::1\n\tHINFO x y\n',
    ],
    ['moves the owner down across comments', 'a A 192.0.2.1\n; c\n\n TXT x\n', ['a A'], '; c\n\na TXT x\n'],
    [
      'moves the owner down across $ORIGIN',
      'a A 192.0.2.1\n$ORIGIN sub\n TXT x\n',
      ['a A'],
      '$ORIGIN sub\na.example.com. TXT x\n',
    ],
    ['moves @ down', '$ORIGIN a\n@ A 192.0.2.1\n TXT x\n', ['a A'], '$ORIGIN a\n@ TXT x\n'],
    // Insertion
    ['adds behind the set', 'a TXT x\nb TXT y\n', ['a TXT 3600 "x" | "z"'], 'a TXT x\na 3600 IN TXT "z"\nb TXT y\n'],
    ['adds behind the name', 'a TXT x\nb TXT y\n', ['a A 60 192.0.2.1'], 'a TXT x\na 60 IN A 192.0.2.1\nb TXT y\n'],
    [
      'adds before an owner left out',
      'a TXT x\n  HINFO y z\n',
      ['a TXT 3600 "x" | "z"'],
      'a TXT x\na 3600 IN TXT "z"\n  HINFO y z\n',
    ],
    ['adds a new name at the end', 'a TXT x\n', ['b.c TXT 60 "y"'], 'a TXT x\nb.c 60 IN TXT "y"\n'],
    [
      'adds at the end without a line break there',
      'a TXT x',
      ['b TXT 60 "y"', 'c TXT 60 "z"'],
      'a TXT x\nb 60 IN TXT "y"\nc 60 IN TXT "z"\n',
    ],
    ['adds at the end behind a comment', 'a TXT x\n; end', ['b TXT 60 "y"'], 'a TXT x\n; end\nb 60 IN TXT "y"\n'],
    ['adds at the apex', 'a TXT x\n', ['@ A 60 192.0.2.1'], '@ 60 IN A 192.0.2.1\na TXT x\n'],
    [
      'adds with the origin that is in effect',
      '$ORIGIN x.example.com.\na TXT x\n',
      ['b.x TXT 60 "y"', 'c TXT 60 "z"'],
      '$ORIGIN x.example.com.\na TXT x\nb 60 IN TXT "y"\nc.example.com. 60 IN TXT "z"\n',
    ],
    [
      'adds with the origin of another zone',
      '$ORIGIN example.net.\n',
      ['b TXT 60 "y"'],
      '$ORIGIN example.net.\nb.example.com. 60 IN TXT "y"\n',
    ],
    ['adds with tabs where the zone has tabs', 'a\tTXT\tx\n', ['b TXT 60 "y"'], 'a\tTXT\tx\nb\t60\tIN\tTXT\t"y"\n'],
    [
      'puts addresses where the CNAME was',
      'a CNAME x\nb TXT y\n',
      ['a CNAME', 'a A 60 192.0.2.1', 'a AAAA 60 2001:db8::1'],
      'a 60 IN A 192.0.2.1\na 60 IN AAAA 2001:db8::1\nb TXT y\n',
    ],
    [
      'puts addresses where the CNAME was, at the end without a line break',
      'a CNAME x',
      ['a CNAME', 'a A 60 192.0.2.1'],
      'a 60 IN A 192.0.2.1\n',
    ],
    [
      'puts a CNAME where the addresses were',
      'a A 192.0.2.1\n  AAAA ::1\nb TXT y\n',
      ['a A', 'a AAAA', 'a CNAME 60 x.example.net.'],
      'a 60 IN CNAME x.example.net.\nb TXT y\n',
    ],
    ['does not care for the same data twice', 'a TXT x\n', ['a TXT 3600 "y" | "y"'], 'a TXT "y"\n'],
  ])('%s', (_, before, wanted, after) => {
    expect(edit(HEAD + before, wanted)).toBe((HEAD + after).replace('hostmaster 7', 'hostmaster 8'));
  });

  it('keeps CRLF lines', () => {
    const text = `${HEAD}a TXT x\n`.replaceAll('\n', '\r\n');
    const after = `${HEAD}a TXT "y"\nb 60 IN TXT "z"\n`.replaceAll('\n', '\r\n').replace(' 7 ', ' 8 ');
    expect(edit(text, ['a TXT 3600 "y"', 'b TXT 60 "z"'])).toBe(after);
  });

  describe('without $TTL, where a TTL carries over from the record before (RFC 1035 §5.1),', () => {
    const head = SOA.replace('SOA', '900 SOA');
    it.each<[string, string, readonly string[], string]>([
      [
        'writes it out behind a record that gets another',
        'a TXT x\nb TXT y\nc TXT z\n',
        ['a TXT 60 "x"'],
        'a 60 TXT x\nb 900 TXT y\nc TXT z\n',
      ],
      [
        'writes it out behind a new record',
        'a TXT x\nb TXT y\n',
        ['a TXT 900 "x" | "z"'],
        'a TXT x\na 900 IN TXT "z"\nb TXT y\n',
      ],
      ['writes it out behind a removed record', 'a 60 TXT x\nb TXT y\nc TXT z\n', ['a TXT'], 'b 60 TXT y\nc TXT z\n'],
      ['writes out owner and TTL', 'a 60 TXT x\n  HINFO y z\nc TXT z\n', ['a TXT'], 'a 60 HINFO y z\nc TXT z\n'],
    ])('%s', (_, before, wanted, after) => {
      expect(edit(head + before, wanted)).toBe((head + after).replace('hostmaster 7', 'hostmaster 8'));
    });
  });

  it.each([
    ['on one line', '@ SOA a b 2026112300 1 2 3 4', '@ SOA a b 2026112400 1 2 3 4'],
    [
      'with comments',
      '@ SOA a b (\n  2026112400 ; serial 2026112400\n 1 2 3 4 )',
      '@ SOA a b (\n  2026112401 ; serial 2026112400\n 1 2 3 4 )',
    ],
    ['that gets longer', '@ SOA a b ( 9 ; serial\n 1 2 3 4 )', '@ SOA a b ( 10 ; serial\n 1 2 3 4 )'],
    ['once for several changes', '@ SOA a b 7 1 2 3 4', '@ SOA a b 8 1 2 3 4'],
  ])('bumps the serial %s', (_, before, after) => {
    const rest = 'a TXT x\nb TXT y\n';
    expect(edit(`$TTL 60\n${before}\n${rest}`, ['a TXT', 'b TXT'])).toBe(`$TTL 60\n${after}\n`);
  });

  describe('with $INCLUDE', () => {
    const files = { f: 'a TXT x\nb CNAME c\n' };
    it('leaves the included file alone, and adds to its sets in the zone file', () => {
      expect(edit(`${HEAD}$INCLUDE f\n`, ['a TXT 3600 "x" | "y"'], files)).toBe(
        `${HEAD}$INCLUDE f\na 3600 IN TXT "y"\n`.replace(' 7 ', ' 8 '),
      );
    });
    it.each<[string, readonly string[]]>([
      ['other data', ['a TXT 3600 "y"']],
      ['another TTL', ['a TXT 60 "x"']],
      ['nothing', ['b CNAME']],
    ])('refuses to make an included record %s', (_, wanted) => {
      expect(faultOf(() => edit(`${HEAD}$INCLUDE f\n`, wanted, files))).toMatch(
        /^ZONE_UNWRITABLE .* stands in an included file, f:[12]:1, and/,
      );
    });
    it('refuses when the SOA is included', () => {
      expect(faultOf(() => edit(`$TTL 60\n$INCLUDE f\na TXT x\n`, ['a TXT'], { f: SOA }))).toMatch(
        /^ZONE_UNWRITABLE the SOA with the serial stands in an included file/,
      );
    });
    it('refuses when a record of an included file took over the owner', () => {
      expect(faultOf(() => edit(`${HEAD}a A 192.0.2.1\n$INCLUDE f\n`, ['a A'], { f: ' TXT x\n' }))).toMatch(
        /^ZONE_UNWRITABLE .*takes over its owner/,
      );
    });
  });

  it.each([
    ['TXT', 'a TXT 60 "x'],
    ['A', 'a A 60 host'],
    ['CNAME', 'a CNAME 60 x. y.'],
    ['CNAME', 'a CNAME 60 x.\ny TXT z'],
  ])('refuses %s data that is none: %j', (_, wanted) => {
    expect(faultOf(() => edit(HEAD, [wanted]))).toMatch(/^PROVIDER_REFUSED /);
  });

  it('refuses a serial that is none', () => {
    expect(faultOf(() => edit(`$TTL 60\n@ SOA a b x 1 2 3 4\n`, ['a TXT 60 "x"']))).toMatch(
      /^ZONE_SYNTAX .*2:11: the SOA has no serial/,
    );
  });
});
