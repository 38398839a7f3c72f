import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { canonicalPatterns, coverMx, matchMx, parsePattern } from '../../src/core/mx.ts';
import { runs } from '../property-runs.ts';

describe('parsePattern', () => {
  test.each([
    ['mx1.example.com', 'mx1.example.com', ''],
    ['MX1.Example.com.', 'mx1.example.com', 'case and final dot'],
    ['*.example.com', '*.example.com', 'the whole left-most label, RFC 8461 §4.1'],
    ['*.bücher.example', '*.xn--bcher-kva.example', 'A-labels'],
    ['*.com', '*.com', 'the grammar allows it'],
  ])('reads %s as %s %s', (text, value) => expect(parsePattern(text)).toEqual({ ok: true, value, warnings: [] }));

  test.each([
    ['*', 'BAD_PATTERN', 'no name after it'],
    ['*.', 'BAD_PATTERN', 'no name after it'],
    ['*.*.example.com', 'BAD_PATTERN', 'two wildcards'],
    ['mx*.example.com', 'BAD_PATTERN', 'not a whole label'],
    ['*mail.example.com', 'BAD_PATTERN', 'not a whole label, the star in front'],
    ['mx.*.example.com', 'BAD_PATTERN', 'not left-most'],
    ['**.example.com', 'BAD_PATTERN', 'not a whole label'],
    ['.example.com', 'BAD_PATTERN', 'the form of an early draft'],
    ['mx_1.example.com', 'BAD_PATTERN', 'an underscore'],
    ['', 'BAD_PATTERN', 'nothing'],
    ['192.0.2.1', 'IP_ADDRESS', ''],
    ['*.192.0.2.1', 'IP_ADDRESS', ''],
    ['[192.0.2.1]', 'BAD_PATTERN', 'an address literal'],
    ['2001:db8::1', 'IP_ADDRESS', ''],
    ['10 mx1.example.com', 'MX_WITH_PREFERENCE', 'as a zone file has it'],
    ['10\tmx1.example.com.', 'MX_WITH_PREFERENCE', ''],
  ])('refuses %j with %s: %s', (text, code) => {
    expect(parsePattern(text)).toMatchObject({ ok: false, issues: [{ code }] });
  });

  test('says what to write instead', () => {
    expect(parsePattern('10 mx1.example.com.')).toMatchObject({ issues: [{ hint: 'write "mx1.example.com"' }] });
    expect(parsePattern('mx.*.example.com')).toMatchObject({
      issues: [{ hint: expect.stringContaining('left-most') }],
    });
  });
});

describe('matchMx, RFC 8461 §4.1', () => {
  test.each([
    ['mail.example.com', 'mail.example.com', true, 'the same name'],
    ['mail.example.com', 'MAIL.example.com.', true, 'case and final dot do not count'],
    ['mail.example.com', 'example.com', false, 'a parent'],
    ['mail.example.com', 'a.mail.example.com', false, 'a child'],
    ['*.example.com', 'mail.example.com', true, 'one label'],
    ['*.example.com', 'example.com', false, 'no label'],
    ['*.example.com', 'foo.bar.example.com', false, 'two labels'],
    ['*.example.com', 'mailexample.com', false, 'a label is whole'],
    ['*.example.com', '*.example.com', false, 'a wildcard is no host'],
    ['*.bücher.example', 'mx.xn--bcher-kva.example', true, 'A-labels'],
    ['mx_1.example.com', 'mx_1.example.com', false, 'what is no name matches nothing'],
    ['*', 'com', false, 'what is no pattern matches nothing'],
    ['', '', false, ''],
  ])('%s and %s: %s, %s', (pattern, host, answer) => expect(matchMx(pattern, host)).toBe(answer));

  test('agrees with the definition: same labels, or the first replaced by *', () => {
    fc.assert(
      fc.property(pattern, host, (one, other) => {
        const labels = other.toLowerCase().split('.');
        const asWild = ['*', ...labels.slice(1)].join('.');
        const wanted = one.toLowerCase();
        expect(matchMx(one, other)).toBe(wanted === labels.join('.') || (labels.length > 1 && wanted === asWild));
      }),
      runs(500),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
        expect(typeof matchMx(one, other)).toBe('boolean');
      }),
      runs(200),
    );
  });
});

const host = fc.stringMatching(/^[abA](\.[abB]){0,3}$/);
const pattern = fc.tuple(fc.boolean(), host).map(([isWild, name]) => (isWild ? `*.${name}` : name));

describe('coverMx', () => {
  test('tells uncovered hosts and unused patterns, sorted, each once', () => {
    const hosts = ['MX2.example.com.', 'mx1.example.com', 'mx1.example.com', 'a.b.example.net', 'mx.example.org'];
    expect(
      coverMx(['*.example.net', 'mx1.example.com', 'MX1.EXAMPLE.COM', 'zzz.example', '*.example.org'], hosts),
    ).toEqual({
      uncovered: ['a.b.example.net', 'mx2.example.com'],
      unused: ['*.example.net', 'zzz.example'],
    });
  });

  test('what is no host stays uncovered and what is no pattern unused, even if they look alike', () => {
    expect(coverMx(['mx_1.example.com', '*.bad_name', '*.example.com'], ['mx_1.example.com', 'x.bad_name'])).toEqual({
      uncovered: ['mx_1.example.com', 'x.bad_name'],
      unused: ['*.bad_name', '*.example.com', 'mx_1.example.com'],
    });
  });

  test('of nothing is nothing', () => {
    expect(coverMx([], [])).toEqual({ uncovered: [], unused: [] });
    expect(coverMx(['a.example'], [])).toEqual({ uncovered: [], unused: ['a.example'] });
    expect(coverMx([], ['a.example'])).toEqual({ uncovered: ['a.example'], unused: [] });
  });

  test('agrees with matchMx', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 4 }), fc.array(host, { maxLength: 4 }), (patterns, hosts) => {
        const { uncovered, unused } = coverMx(patterns, hosts);
        for (const one of hosts) {
          expect(uncovered.includes(one.toLowerCase())).toBe(!patterns.some((other) => matchMx(other, one)));
        }
        for (const one of patterns) {
          expect(unused.includes(one.toLowerCase())).toBe(!hosts.some((other) => matchMx(one, other)));
        }
      }),
      runs(200),
    );
  });
});

test('canonicalPatterns: a set in A-labels and lower case by code point (rule 3)', () => {
  expect(canonicalPatterns(['b.example', '*.a.example.', 'B.EXAMPLE', 'bücher.example'])).toEqual([
    '*.a.example',
    'b.example',
    'xn--bcher-kva.example',
  ]);
});
