import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatPolicy, parsePolicy, type PolicyMode, samePolicy, type StsPolicy } from '../../src/core/policy.ts';
import { runs } from '../property-runs.ts';

/** A body from lines, CRLF, with the final one. */
const body = (...lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join('');
const testing = ['version: STSv1', 'mode: testing', 'mx: mx1.example.com', 'max_age: 86400'];
const policy: StsPolicy = { mode: 'testing', maxAgeSeconds: 86_400, mx: ['mx1.example.com'] };
/** The testing policy with one line changed. */
const withLine = (at: number, line: string): string => body(...testing.with(at, line));

describe('the example of RFC 8461 §3.2', () => {
  const example = [
    'version: STSv1',
    'mode: enforce',
    'mx: mail.example.com',
    'mx: *.example.net',
    'mx: backupmx.example.com',
    'max_age: 604800',
  ];
  const wanted = {
    ok: true,
    value: {
      mode: 'enforce',
      maxAgeSeconds: 604_800,
      mx: ['mail.example.com', '*.example.net', 'backupmx.example.com'],
    },
    warnings: [],
  };
  test.each([
    ['CRLF', body(...example)],
    ['LF', `${example.join('\n')}\n`],
    ['no final line end', example.join('\r\n')],
    ['bytes', new TextEncoder().encode(body(...example))],
  ])('is read with %s', (_, text) => expect(parsePolicy(text)).toEqual(wanted));
});

const good: readonly [string, string | Uint8Array, string][] = [
  ['LF', testing.join('\n'), 'term = LF / CRLF, erratum 6253'],
  ['LF and CRLF mixed', `${testing[0]}\n${testing[1]}\r\n${testing[2]}\n${testing[3]}`, 'erratum 6253'],
  ['blanks at the end of a line', body(...testing.map((line) => `${line} \t`)), 'field *WSP, §3.2'],
  ['no blank after the colon', body(...testing.map((line) => line.replace(' ', ''))), 'field-delim = ":" *WSP'],
  ['tabs after the colon', body(...testing.map((line) => line.replace(' ', '\t \t'))), 'field-delim = ":" *WSP'],
  ['fields in another order', body(...testing.toReversed()), 'the order is free, §3.2'],
  ['leading zeros', withLine(3, 'max_age: 0000086400'), '1*10(DIGIT)'],
  ['an upper-case host', withLine(2, 'mx: MX1.Example.COM'), 'names have no case, RFC 4343'],
];

const readAs: readonly [string, string, Partial<StsPolicy>, readonly string[], string][] = [
  [
    'none without mx',
    body('version: STSv1', 'mode: none', 'max_age: 86400'),
    { mode: 'none', mx: [] },
    [],
    'mx may go under none, §3.2',
  ],
  ['none with mx', body(...testing.with(1, 'mode: none')), { mode: 'none', mx: ['mx1.example.com'] }, [], ''],
  ['max_age 0', withLine(3, 'max_age: 0'), { maxAgeSeconds: 0 }, [], 'non-negative'],
  ['the highest max_age', withLine(3, 'max_age: 31557600'), { maxAgeSeconds: 31_557_600 }, [], '§3.2'],
  [
    'a second mode',
    body(...testing, 'mode: enforce'),
    { mode: 'testing' },
    ['DUPLICATE_FIELD'],
    'the first counts, §3.2',
  ],
  [
    'a second mode that means nothing',
    body(...testing, 'mode: x'),
    { mode: 'testing' },
    ['DUPLICATE_FIELD'],
    'the first counts',
  ],
  [
    'a second version',
    body(...testing, 'version: STSv2'),
    { mode: 'testing' },
    ['DUPLICATE_FIELD'],
    'the first counts',
  ],
  [
    'a second max_age',
    body(...testing, 'max_age: 1'),
    { maxAgeSeconds: 86_400 },
    ['DUPLICATE_FIELD'],
    'the first counts',
  ],
  ['an unknown field', body(...testing, 'x-note: any text, with = ; and "ü"'), {}, ['UNKNOWN_FIELD'], 'ignored, §3.2'],
  ['an unknown field twice', body(...testing, 'x: 1', 'x: 2'), {}, ['UNKNOWN_FIELD', 'DUPLICATE_FIELD'], ''],
  [
    'a field in capitals',
    body(...testing, 'Mode: enforce'),
    { mode: 'testing' },
    ['UNKNOWN_FIELD'],
    '%s"mode" has a case',
  ],
  ['a name of 32 characters', body(...testing, `${'a'.repeat(32)}: 1`), {}, ['UNKNOWN_FIELD'], 'sts-policy-ext-name'],
];

const bad: readonly [string, string | Uint8Array, readonly string[], string][] = [
  ['nothing', '', ['POLICY_SYNTAX', 'VERSION_MISSING', 'MODE_MISSING', 'MAX_AGE_MISSING', 'MX_MISSING'], 'all at once'],
  ['no version', body(...testing.slice(1)), ['VERSION_MISSING'], '§3.2: a field that is not there makes it invalid'],
  ['no mode', body(...testing.toSpliced(1, 1)), ['MODE_MISSING'], ''],
  ['no mx', body(...testing.toSpliced(2, 1)), ['MX_MISSING'], 'only none may go without'],
  ['no max_age', body(...testing.slice(0, 3)), ['MAX_AGE_MISSING'], ''],
  ['version STSv2', withLine(0, 'version: STSv2'), ['VERSION_UNKNOWN'], ''],
  ['version stsv1', withLine(0, 'version: stsv1'), ['VERSION_UNKNOWN'], '%s"STSv1" has a case'],
  ['mode report', withLine(1, 'mode: report'), ['MODE_UNKNOWN'], 'the word of an early draft'],
  ['mode Enforce', withLine(1, 'mode: Enforce'), ['MODE_UNKNOWN'], '%s"enforce" has a case'],
  ['max_age with a unit', withLine(3, 'max_age: 1d'), ['MAX_AGE_SYNTAX'], '1*10(DIGIT)'],
  ['max_age negative', withLine(3, 'max_age: -1'), ['MAX_AGE_SYNTAX'], '1*10(DIGIT)'],
  ['max_age with a fraction', withLine(3, 'max_age: 86400.0'), ['MAX_AGE_SYNTAX'], '1*10(DIGIT)'],
  ['max_age in other digits', withLine(3, 'max_age: ٨٦٤٠٠'), ['MAX_AGE_SYNTAX'], 'DIGIT is 0 to 9'],
  ['max_age of 11 digits', withLine(3, 'max_age: 00000086400'), ['MAX_AGE_SYNTAX'], '1*10(DIGIT)'],
  [
    'max_age over a year',
    withLine(3, 'max_age: 31557601'),
    ['MAX_AGE_TOO_LARGE'],
    '§3.2; senders differ, erratum 7282',
  ],
  ['max_age of 10 digits', withLine(3, 'max_age: 9999999999'), ['MAX_AGE_TOO_LARGE'], ''],
  ['mx: an inner wildcard', withLine(2, 'mx: mail.*.example.com'), ['MX_SYNTAX'], '["*."] Domain'],
  ['mx: a part of a label', withLine(2, 'mx: mx*.example.com'), ['MX_SYNTAX'], '§4.1: the whole left-most label'],
  ['mx: a star in front of a label', withLine(2, 'mx: *mail.example.com'), ['MX_SYNTAX'], '§4.1'],
  ['mx: two wildcards', withLine(2, 'mx: *.*.example.com'), ['MX_SYNTAX'], ''],
  ['mx: a wildcard alone', withLine(2, 'mx: *'), ['MX_SYNTAX'], ''],
  ['mx: a leading dot', withLine(2, 'mx: .example.com'), ['MX_SYNTAX'], 'the form of an early draft'],
  ['mx: a final dot', withLine(2, 'mx: mx1.example.com.'), ['MX_SYNTAX'], 'Domain of RFC 5321 has none'],
  ['mx: a U-label', withLine(2, 'mx: mx.bücher.example'), ['MX_SYNTAX'], 'A-labels only, §3.2'],
  ['mx: an IPv4 address', withLine(2, 'mx: 192.0.2.1'), ['MX_SYNTAX'], ''],
  ['mx: an IPv6 address', withLine(2, 'mx: 2001:db8::1'), ['MX_SYNTAX'], ''],
  ['mx: a preference', withLine(2, 'mx: 10 mx1.example.com'), ['MX_SYNTAX'], 'a policy names hosts only'],
  ['mx: a list', withLine(2, 'mx: a.example, b.example'), ['MX_SYNTAX'], 'one a line'],
  [
    'mx: wrong under none',
    body(...testing.with(1, 'mode: none').with(2, 'mx: *')),
    ['MX_SYNTAX'],
    'none may go without, not with a wrong one',
  ],
  ['an empty value', withLine(1, 'mode:'), ['POLICY_SYNTAX', 'MODE_MISSING'], 'a value has a character'],
  ['a blank before the colon', withLine(1, 'mode : testing'), ['POLICY_SYNTAX', 'MODE_MISSING'], ''],
  ['a blank at the start', withLine(1, ' mode: testing'), ['POLICY_SYNTAX', 'MODE_MISSING'], ''],
  ['an equals sign', withLine(1, 'mode=testing'), ['POLICY_SYNTAX', 'MODE_MISSING'], ''],
  ['an empty line', body(...testing.slice(0, 2), '', ...testing.slice(2)), ['POLICY_SYNTAX'], ''],
  ['an empty line at the end', body(...testing, ''), ['POLICY_SYNTAX'], 'one term at the end, §3.2'],
  ['a comment', body('# ours', ...testing), ['POLICY_SYNTAX'], 'the grammar has none'],
  [
    'CR alone',
    testing.join('\r'),
    ['POLICY_SYNTAX', 'VERSION_MISSING', 'MODE_MISSING', 'MAX_AGE_MISSING', 'MX_MISSING'],
    'no term',
  ],
  ['CR alone at the end', `${testing.join('\r\n')}\r`, ['POLICY_SYNTAX', 'MAX_AGE_MISSING'], 'no term'],
  ['CR CR LF', `${testing.join('\r\n')}\r\r\n`, ['POLICY_SYNTAX', 'MAX_AGE_MISSING'], 'as ASCII-mode copies make it'],
  ['a byte order mark', `\ufeff${body(...testing)}`, ['POLICY_SYNTAX', 'VERSION_MISSING'], 'no character of a name'],
  ['a tab in a value', body(...testing, 'x: a\tb'), ['POLICY_SYNTAX'], 'inner blanks are %x20, sts-policy-ext-value'],
  ['a control character', body(...testing, 'x: a\u0001b'), ['POLICY_SYNTAX'], 'sts-policy-vchar'],
  ['a name of 33 characters', body(...testing, `${'a'.repeat(33)}: 1`), ['POLICY_SYNTAX'], '*31 after the first'],
  ['a name with a blank', body(...testing, 'my note: 1'), ['POLICY_SYNTAX'], 'sts-policy-ext-name'],
  ['a name with an underscore first', body(...testing, '_x: 1'), ['POLICY_SYNTAX'], 'a letter or digit first'],
  [
    'HTML',
    '<!doctype html>',
    ['POLICY_SYNTAX', 'VERSION_MISSING', 'MODE_MISSING', 'MAX_AGE_MISSING', 'MX_MISSING'],
    '',
  ],
  ['not UTF-8', new Uint8Array([0x76, 0xff]), ['NOT_UTF8'], 'UTF8-2 to 4, §3.2'],
  ['a lone surrogate', body(...testing, 'x: \ud800'), ['NOT_UTF8'], 'has no UTF-8 form'],
  ['over 65,536 bytes', body(...testing, `x: ${'a'.repeat(65_536)}`), ['BODY_TOO_LARGE'], '§3.3: 64 kilobytes'],
  [
    'over 65,536 bytes in fewer characters',
    body(...testing, `x: ${'€'.repeat(22_000)}`),
    ['BODY_TOO_LARGE'],
    'bytes count',
  ],
];

/** The first thing that is wrong with a body, in words. */
function message(text: string): string | undefined {
  const result = parsePolicy(text);
  return result.ok ? undefined : result.issues[0]?.message;
}

describe('parsePolicy', () => {
  test.each(good)('reads %s: %s', (_, text) => {
    expect(parsePolicy(text)).toEqual({ ok: true, value: policy, warnings: [] });
  });

  test.each(readAs)('reads %s', (_, text, value, warnings) => {
    const result = parsePolicy(text);
    expect(result).toMatchObject({ ok: true, value });
    expect(result.ok && result.warnings.map(({ code }) => code)).toEqual(warnings);
  });

  test.each(bad)('refuses %s', (_, text, codes) => {
    const result = parsePolicy(text);
    expect(!result.ok && result.issues.map(({ code }) => code)).toEqual(codes);
  });

  test('takes exactly 65,536 bytes', () => {
    const start = `${body(...testing)}x: `;
    expect(parsePolicy(start + 'a'.repeat(65_536 - start.length)).ok).toBe(true);
    expect(parsePolicy(`${start}${'a'.repeat(65_537 - start.length)}`).ok).toBe(false);
  });

  test('says in words what is wrong with a line, and where it begins', () => {
    expect(message(body(...testing, ''))).toContain('empty line');
    expect(message(`\ufeff${body(...testing)}`)).toContain('byte order mark');
    expect(message(withLine(1, ' mode: testing'))).toContain('begins with a blank');
    expect(message(withLine(1, 'mode : testing'))).toContain('before the colon');
    expect(message('<html>')).toContain('HTML');
    expect(parsePolicy(withLine(1, 'mode: x'))).toMatchObject({ issues: [{ offset: 16 }] });
  });

  test('takes time in proportion to the length', () => {
    for (const hostile of [
      `a:${' '.repeat(65_000)}b\u0001`,
      `${' '.repeat(65_000)}b`,
      'a:\n'.repeat(21_000),
      `mx:${'\t'.repeat(65_000)}b`,
    ]) {
      const start = performance.now();
      expect(parsePolicy(hostile).ok).toBe(false);
      expect(performance.now() - start).toBeLessThan(500);
    }
  });

  test('gives a value or issues for any bytes and any text', () => {
    const pieces = fc.constantFrom(
      'version: STSv1',
      'mode: enforce',
      'mode: none',
      'mx: a.example',
      'mx: *',
      'max_age: 1',
      '\r\n',
      '\n',
      ' ',
      ':',
      'ü',
    );
    const near = fc.array(pieces, { maxLength: 16 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 }), near), (text) => {
        const result = parsePolicy(text);
        // Who holds a policy can write it, and it means the same.
        const again = result.ok ? parsePolicy(formatPolicy(result.value)) : result;
        expect(again.ok).toBe(result.ok);
        expect(again.ok ? again.warnings.length : 0).toBe(0);
        expect(result.ok ? 1 : result.issues.length).toBeGreaterThan(0);
      }),
      runs(500),
    );
  });
});

const pattern = fc
  .tuple(fc.boolean(), fc.stringMatching(/^[a-z0-9]{1,8}(\.[a-z]{1,6}){1,3}$/))
  .map(([isWild, host]) => (isWild ? `*.${host}` : host));
const anyPolicy: fc.Arbitrary<StsPolicy> = fc.record({
  mode: fc.constantFrom<PolicyMode>('enforce', 'testing', 'none'),
  maxAgeSeconds: fc.integer({ min: 0, max: 31_557_600 }),
  mx: fc.uniqueArray(pattern, { minLength: 1, maxLength: 8 }),
});

describe('formatPolicy', () => {
  test('writes version, mode, sorted mx, max_age, each with CRLF (rule 3)', () => {
    expect(formatPolicy({ mode: 'enforce', maxAgeSeconds: 604_800, mx: ['mail.example.com', '*.example.net'] })).toBe(
      'version: STSv1\r\nmode: enforce\r\nmx: *.example.net\r\nmx: mail.example.com\r\nmax_age: 604800\r\n',
    );
  });

  test('read again it is the same policy, without a warning', () => {
    fc.assert(
      fc.property(anyPolicy, (one) => {
        const sorted = { ...one, mx: one.mx.toSorted() };
        expect(parsePolicy(formatPolicy(one))).toEqual({ ok: true, value: sorted, warnings: [] });
        expect(samePolicy(one, sorted)).toBe(true);
      }),
      runs(200),
    );
  });

  test('order, case, doubling, final dots and spelling of patterns change no byte (rule 3)', () => {
    const written = formatPolicy({ ...policy, mx: ['mx.bücher.example', 'b.example', '*.a.example'] });
    const mx = ['*.A.example.', 'xn--bcher-kva.example', 'B.EXAMPLE', 'b.example', 'MX.Bücher.example'];
    expect(formatPolicy({ ...policy, mx: mx.toSpliced(1, 1) })).toBe(written);
    fc.assert(
      fc.property(anyPolicy, fc.infiniteStream(fc.boolean()), (one, coins) => {
        const shouted = one.mx.map((host) => (coins.next().value === true ? host.toUpperCase() : host));
        const other = { ...one, mx: [...shouted, ...one.mx].toReversed() };
        expect(formatPolicy(other)).toBe(formatPolicy(one));
      }),
      runs(100),
    );
  });

  test.each<[string, StsPolicy]>([
    ['mode', { ...policy, mode: 'enforce' }],
    ['max_age', { ...policy, maxAgeSeconds: 86_401 }],
    ['a pattern more', { ...policy, mx: [...policy.mx, 'mx2.example.com'] }],
    ['another pattern', { ...policy, mx: ['*.example.com'] }],
  ])('another %s is another policy', (_, other) => expect(samePolicy(policy, other)).toBe(false));
});
