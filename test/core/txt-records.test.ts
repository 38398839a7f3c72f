import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Parsed } from '../../src/core/result.ts';
import {
  formatStsRecord,
  formatTlsRptRecord,
  parseRua,
  parseStsRecords,
  parseTlsRptRecords,
} from '../../src/core/txt-records.ts';
import { runs } from '../property-runs.ts';

type RecordTexts = readonly (string | readonly string[])[];

const codesOf = (result: Parsed<unknown>): readonly string[] =>
  (result.ok ? result.warnings : result.issues).map(({ code }) => code);

const goodSts: readonly [RecordTexts, string, readonly string[], string][] = [
  [['v=STSv1; id=20160831085700Z;'], '20160831085700Z', [], 'the example of RFC 8461 §3.1'],
  [['v=STSv1; id=1'], '1', [], 'the last delimiter is optional'],
  [['v=STSv1;id=1;'], '1', [], 'blanks are optional'],
  [['v=STSv1; \t id=1 \t ; \t'], '1', [], 'field-delim = *WSP ";" *WSP'],
  [[`v=STSv1; id=${'a'.repeat(32)};`], 'a'.repeat(32), [], '32 characters'],
  [[['v=STS', 'v1; id', '=1;']], '1', [], 'strings of one record are joined without blanks'],
  [['v=STSv1; id=1;', 'v=spf1 -all', 'v=STSv2; id=2;'], '1', [], 'others at the name are dropped'],
  [['v=STSv1; id=1;', 'v=STSv1 ; id=2;'], '1', [], 'a blank before the first ";": dropped, erratum 6285'],
  [['v=STSv1; id=1;', ' v=STSv1; id=2;'], '1', [], 'a blank in front: dropped'],
  [['v=STSv1; id=1;', 'V=STSv1; id=2;'], '1', [], '%s"v=STSv1" has a case'],
  [['v=STSv1; x=1; id=1; y_-.=<:>;'], '1', ['UNKNOWN_FIELD', 'UNKNOWN_FIELD'], 'extensions are ignored'],
  [['v=STSv1; ID=2; id=1;'], '1', ['UNKNOWN_FIELD'], '%s"id=" has a case, so ID is an extension'],
];

const badSts: readonly [RecordTexts, string, string][] = [
  [[], 'NO_RECORD', 'nothing there'],
  [['v=spf1 -all'], 'NO_RECORD', 'another kind of record'],
  [['v=STSv1'], 'NO_RECORD', 'does not begin "v=STSv1;"'],
  [['v=STSv1 ; id=1;'], 'NO_RECORD', 'the discard rule is stricter than the ABNF, erratum 6285'],
  [['v=STSv1; id=1;', 'v=STSv1; id=1;'], 'MULTIPLE_RECORDS', 'not exactly one is none, also when they agree, §3.1'],
  [['v=STSv1; id=1;', 'v=STSv1;'], 'MULTIPLE_RECORDS', 'counted before they are read'],
  [['v=STSv1;'], 'RECORD_SYNTAX', 'a field is required'],
  [['v=STSv1; x=1;'], 'RECORD_SYNTAX', 'the id is required'],
  [['v=STSv1; id=;'], 'RECORD_SYNTAX', '1*32(ALPHA / DIGIT)'],
  [[`v=STSv1; id=${'a'.repeat(33)};`], 'RECORD_SYNTAX', '33 characters'],
  [['v=STSv1; id=2016-08-31;'], 'RECORD_SYNTAX', 'a hyphen'],
  [['v=STSv1; id="1";'], 'RECORD_SYNTAX', 'quotes inside'],
  [['v=STSv1; id =1;'], 'RECORD_SYNTAX', 'a blank before "="'],
  [['v=STSv1; id= 1;'], 'RECORD_SYNTAX', 'a blank after "="'],
  [['v=STSv1; id=1 '], 'RECORD_SYNTAX', 'a blank at the end without a delimiter'],
  [['v=STSv1;; id=1;'], 'RECORD_SYNTAX', 'an empty field'],
  [['v=STSv1; id=1;;'], 'RECORD_SYNTAX', 'two delimiters at the end'],
  [['v=STSv1; id=1; id=2;'], 'RECORD_SYNTAX', 'two ids: §3.1 is silent, readers differ'],
  [['v=STSv1; id=1; id=a-b;'], 'RECORD_SYNTAX', 'a second id that is none is not read as an extension'],
  [['v=STSv1; id=1; id=1;'], 'RECORD_SYNTAX', 'two ids that agree are still two'],
  [['v=STSv1; id=1; x=a=b;'], 'RECORD_SYNTAX', 'an extension value has no "="'],
  [['v=STSv1; id=1; x=a b;'], 'RECORD_SYNTAX', 'an extension value has no blank'],
  [['v=STSv1; id=1; x;'], 'RECORD_SYNTAX', 'an extension has a value'],
  [[`v=STSv1; id=1; ${'x'.repeat(33)}=1;`], 'RECORD_SYNTAX', 'an extension name of 33 characters'],
  [['v=STSv1; id=1; x=ü;'], 'RECORD_SYNTAX', 'US-ASCII, §3.1'],
  [['v=STSv1; id=1;\n'], 'RECORD_SYNTAX', 'a line end is no WSP here'],
];

describe('parseStsRecords', () => {
  test.each(goodSts)('reads %j: id %s %j, %s', (records, id, warnings) => {
    const result = parseStsRecords(records);
    expect(result).toMatchObject({ ok: true, value: { id } });
    expect(codesOf(result)).toEqual(warnings);
  });

  test.each(badSts)('refuses %j with %s: %s', (records, code) => {
    const result = parseStsRecords(records);
    expect(result.ok).toBe(false);
    expect(codesOf(result)).toEqual([code]);
  });

  test('reads what formatStsRecord writes', () => {
    expect(formatStsRecord('20160831085700Z')).toBe('v=STSv1; id=20160831085700Z;');
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]{1,32}$/), (id) => {
        expect(parseStsRecords([formatStsRecord(id)])).toEqual({ ok: true, value: { id }, warnings: [] });
      }),
      runs(100),
    );
  });
});

const goodRpt: readonly [RecordTexts, readonly string[], readonly string[], string][] = [
  [
    ['v=TLSRPTv1;rua=mailto:reports@example.com'],
    ['mailto:reports@example.com'],
    [],
    'the first example of RFC 8460 §3.1',
  ],
  [
    ['v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt'],
    ['https://reporting.example.com/v1/tlsrpt'],
    [],
    'the second',
  ],
  [
    ['v=TLSRPTv1; rua=mailto:a@example.com,https://example.com/r;'],
    ['mailto:a@example.com', 'https://example.com/r'],
    [],
    'a list',
  ],
  [
    ['v=TLSRPTv1; rua=mailto:a@example.com \t, mailto:b@example.com ;'],
    ['mailto:a@example.com', 'mailto:b@example.com'],
    [],
    '*WSP "," *WSP',
  ],
  [['v=TLSRPTv1; rua=MAILTO:a@example.com'], ['MAILTO:a@example.com'], [], 'a scheme has no case, RFC 3986 §3.1'],
  [
    ['v=TLSRPTv1; x=1; rua=mailto:a@example.com'],
    ['mailto:a@example.com'],
    ['UNKNOWN_FIELD'],
    'extensions are ignored',
  ],
  [
    ['v=TLSRPTv1; rua=ftp://example.com/,mailto:a@example.com'],
    ['mailto:a@example.com'],
    ['UNKNOWN_SCHEME'],
    'other schemes are left out',
  ],
  [['v=TLSRPTv1; rua=mailto:a%21b@example.com?x=%2C'], ['mailto:a%21b@example.com?x=%2C'], [], 'encoded "!" and ","'],
  [
    ['v=spf1 -all', ['v=TLSRPTv1;', 'rua=mailto:a@example.com']],
    ['mailto:a@example.com'],
    [],
    'strings joined, others dropped',
  ],
];

const badRpt: readonly [RecordTexts, string, string][] = [
  [[], 'NO_RECORD', 'nothing there'],
  [['v=TLSRPTv1 ; rua=mailto:a@example.com'], 'NO_RECORD', 'a blank before the first ";", §3.1'],
  [
    ['v=TLSRPTv1; rua=mailto:a@example.com', 'v=TLSRPTv1; rua=mailto:a@example.com'],
    'MULTIPLE_RECORDS',
    'not exactly one',
  ],
  [['v=TLSRPTv1;'], 'RECORD_SYNTAX', 'no rua'],
  [['v=TLSRPTv1; rua=;'], 'RECORD_SYNTAX', 'an empty rua'],
  [['v=TLSRPTv1; rua=mailto:a@example.com,;'], 'RECORD_SYNTAX', 'an empty URI'],
  [['v=TLSRPTv1; rua=tls@example.com'], 'RECORD_SYNTAX', 'an address is no URI'],
  [['v=TLSRPTv1; rua=ftp://example.com/'], 'RECORD_SYNTAX', 'no usable URI'],
  [['v=TLSRPTv1; rua= mailto:a@example.com'], 'RECORD_SYNTAX', 'a blank after "="'],
  [['v=TLSRPTv1; rua=mailto:a@example.com '], 'RECORD_SYNTAX', 'a blank at the end'],
  [['v=TLSRPTv1; rua=mailto:a!b@example.com'], 'RECORD_SYNTAX', '"!" must be encoded, §3'],
  [['v=TLSRPTv1; rua=mailto:a%2@example.com'], 'RECORD_SYNTAX', 'a half percent-encoding, RFC 3986 §2.1'],
  [
    ['v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com'],
    'RECORD_SYNTAX',
    'two rua: §3 is silent, readers differ',
  ],
  [['v=TLSRPTv1; rua=mailto:a@example.com; x=a=b'], 'RECORD_SYNTAX', 'tlsrpt-ext-value'],
  [
    ['v=TLSRPTv1; RUA=mailto:a@example.com'],
    'RECORD_SYNTAX',
    '%s"rua=" has a case; as an extension it is one, but then there is no rua',
  ],
  [['v=TLSRPTv1; rua=mailto:ü@example.com'], 'RECORD_SYNTAX', 'US-ASCII'],
];

describe('parseTlsRptRecords', () => {
  test.each(goodRpt)('reads %j: %j %j, %s', (records, rua, warnings) => {
    const result = parseTlsRptRecords(records);
    expect(result).toMatchObject({ ok: true, value: { rua } });
    expect(codesOf(result)).toEqual(warnings);
  });

  test.each(badRpt)('refuses %j with %s: %s', (records, code) => {
    const result = parseTlsRptRecords(records);
    expect(result.ok).toBe(false);
    expect(codesOf(result)).toEqual([code]);
  });

  test('says which: no rua at all, or none that can be used', () => {
    expect(parseTlsRptRecords(['v=TLSRPTv1; x=1'])).toMatchObject({ issues: [{ message: 'no rua' }] });
    expect(parseTlsRptRecords(['v=TLSRPTv1; rua=ftp://example.com/'])).toMatchObject({
      issues: [{ message: expect.stringContaining('mailto: or https:') }],
    });
  });

  test('reads what formatTlsRptRecord writes', () => {
    expect(formatTlsRptRecord(['mailto:a,b!c;d@example.com'])).toBe(
      'v=TLSRPTv1; rua=mailto:a%2Cb%21c%3Bd@example.com;',
    );
    const uri = fc.oneof(
      fc.stringMatching(/^mailto:[a-z0-9,!;+'$]{1,20}@[a-z]{1,10}\.example$/),
      fc.stringMatching(/^https:\/\/[a-z]{1,10}\.example\/[a-zA-Z0-9/?&=,;!]{0,20}$/),
    );
    fc.assert(
      fc.property(fc.array(uri, { minLength: 1, maxLength: 4 }), (uris) => {
        const rua = uris.flatMap((text) => {
          const one = parseRua(text);
          return one.ok ? [one.value] : [];
        });
        expect(rua).toHaveLength(uris.length);
        // Written from either form it is the same record, and read it is the encoded form.
        expect(formatTlsRptRecord(rua)).toBe(formatTlsRptRecord(uris));
        expect(parseTlsRptRecords([formatTlsRptRecord(uris)])).toEqual({ ok: true, value: { rua }, warnings: [] });
      }),
      runs(200),
    );
  });
});

describe('parseRua', () => {
  test.each([
    ['mailto:tls-reports@example.com', 'mailto:tls-reports@example.com', ''],
    ['mailto:a!b@example.com', 'mailto:a%21b@example.com', 'encoded for the record'],
    ['mailto:a@example.com?subject=x', 'mailto:a@example.com?subject=x', 'with header fields, RFC 6068'],
    ['https://example.com/a;b,c', 'https://example.com/a%3Bb%2Cc', ''],
    ['https://[2001:db8::1]:8443/r', 'https://[2001:db8::1]:8443/r', 'an address'],
  ])('reads %s as %s %s', (text, value) => expect(parseRua(text)).toEqual({ ok: true, value, warnings: [] }));

  test.each([
    ['tls-reports@example.com', 'no scheme'],
    ['http://example.com/', 'not https'],
    ['mailto:', 'no address'],
    ['mailto:tls-reports', 'no domain'],
    ['mailto:@example.com', 'no local part'],
    ['mailto:a@', 'an empty domain'],
    ['mailto:a@exam_ple.com', 'no host name'],
    ['mailto:a@example.com,mailto:b@example.com', 'two in one entry'],
    ['mailto:a b@example.com', 'a blank'],
    ['mailto:a%@example.com', 'a half percent-encoding'],
    ['mailto:ü@example.com', 'not ASCII'],
    ['https://', 'no host'],
    ['https:///r', 'no host'],
    ['https://exa mple.com/', 'a blank'],
    ['', 'nothing'],
  ])('refuses %j: %s', (text) => expect(codesOf(parseRua(text))).toEqual(['BAD_RUA']));
});

describe('any record set', () => {
  const pieces = fc.constantFrom(
    'v=STSv1;',
    'v=TLSRPTv1;',
    ' ',
    ';',
    'id=',
    'id=1',
    'rua=',
    'mailto:a@b.example',
    ',',
    '=',
    'x=1',
    'ü',
    '\n',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  const set = fc.array(fc.oneof(text, fc.array(text, { maxLength: 3 })), { maxLength: 4 });

  test('gives a value or issues, never throws', () => {
    fc.assert(
      fc.property(set, (records) => {
        const sts = parseStsRecords(records);
        expect(sts.ok ? sts.value.id : 'none').toMatch(/^[A-Za-z0-9]{1,32}$/);
        const rpt = parseTlsRptRecords(records);
        const again = rpt.ok ? parseTlsRptRecords([formatTlsRptRecord(rpt.value.rua)]) : rpt;
        expect(again.ok && again.value).toEqual(rpt.ok && rpt.value);
        for (const result of [sts, rpt]) expect(result.ok ? 1 : result.issues.length).toBe(1);
      }),
      runs(500),
    );
  });

  test('takes time in proportion to the length', () => {
    const blanks = ' '.repeat(65_000);
    const start = performance.now();
    expect(parseStsRecords([`v=STSv1;${blanks}x`]).ok).toBe(false);
    expect(parseTlsRptRecords([`v=TLSRPTv1; rua=${blanks}x,${blanks}`]).ok).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
