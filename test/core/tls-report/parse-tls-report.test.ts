import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseTlsReport } from '../../../src/core/tls-report/parse-tls-report.ts';
import { runs } from '../../property-runs.ts';
import {
  codesOf,
  detailWith,
  goodDetail,
  goodPolicy,
  goodReport,
  policyWith,
  rangeOf,
  reportWith,
  summaryWith,
} from './report-builder.ts';

const good = JSON.stringify(goodReport);
const details = (...counts: readonly unknown[]): string =>
  reportWith({
    policies: [
      { ...goodPolicy, 'failure-details': counts.map((count) => ({ ...goodDetail, 'failed-session-count': count })) },
    ],
  });

const manyDetails = (count: number): string =>
  reportWith({
    policies: [goodPolicy, { ...goodPolicy, 'failure-details': Array.from({ length: count }, () => ({})) }],
  });

const lenient: readonly [string, string, readonly string[], string][] = [
  ['nothing odd', good, [], 'no remark'],
  ['a byte order mark', `\ufeff${good}`, ['REPORT_BOM'], 'RFC 8259 §8.1'],
  ['a doubled key', good.replace('{', '{"report-id":"r-0",'), ['REPORT_DUPLICATE_KEY'], 'the last counts'],
  ['a key doubled in disguise', good.replace('{', '{"report\\u002did":"r-0",'), ['REPORT_DUPLICATE_KEY'], 'escaped'],
  ['equal keys in two objects', good.replace('{', '{"x":{"a":1},"y":{"a":1},'), [], 'are no double'],
  ['equal values', good.replace('{', '{"x":["a","a"],'), [], 'are no keys'],
  ['unknown fields', good.replace('{', '{"x":[[{}]],"__proto__":{"policies":[]},'), [], 'not looked at'],
  ['datetimes without zone', rangeOf('2026-09-07T00:00:00', '2026-09-07T23:59:59Z'), ['REPORT_DATE_FORM'], 'are UTC'],
  ['a blank for the T', rangeOf('2026-09-07 00:00:00Z', '2026-09-07T23:59:59Z'), ['REPORT_DATE_FORM'], 'SQL'],
  ['a zone without colon', rangeOf('2026-09-07T00:00:00+0000', '2026-09-08T00:00:00Z'), ['REPORT_DATE_FORM'], ''],
  ['a fraction, small letters', rangeOf('2026-09-07t00:00:00.5z', '2026-09-07T23:59:59.999999Z'), [], 'RFC 3339 §5.6'],
  ['an end at its start', rangeOf('2026-09-07T00:00:00Z', '2026-09-07T00:00:00Z'), [], 'is not before it'],
  ['a range of a week', rangeOf('2026-09-01T00:00:00Z', '2026-09-07T23:59:59Z'), [], 'Google did once'],
  ['a range of a month', rangeOf('2026-09-01T00:00:00Z', '2026-09-30T23:59:59Z'), ['REPORT_RANGE_LONG'], ''],
  ['no contact', reportWith({ 'contact-info': undefined }), ['REPORT_MISSING'], ''],
  ['a number as id', reportWith({ 'report-id': 17 }), ['REPORT_KIND'], ''],
  ['no policies', reportWith({ policies: [] }), [], 'a report of nothing'],
  ['one policy without its list', reportWith({ policies: goodPolicy }), ['REPORT_KIND'], ''],
  ['no policy-domain', policyWith({ 'policy-domain': undefined }), ['REPORT_MISSING'], ''],
  ['a policy-domain in Unicode', policyWith({ 'policy-domain': 'BÜCHER.example.' }), ['REPORT_U_LABEL'], ''],
  ['a policy-domain that is none', policyWith({ 'policy-domain': 'a b' }), ['REPORT_DOMAIN'], ''],
  ['mx-host as a text', policyWith({ 'mx-host': '*.example.com' }), ['REPORT_KIND'], 'erratum 6241'],
  ['no texts', policyWith({ 'mx-host': null, 'policy-string': '' }), [], ''],
  ['a list with a number', policyWith({ 'policy-string': ['version: STSv1', 7] }), ['REPORT_KIND'], 'left out'],
  ['an unknown policy type', policyWith({ 'policy-type': 'dane-next' }), ['REPORT_UNKNOWN_TYPE'], 'kept'],
  ['a type in capitals', policyWith({ 'policy-type': 'STS' }), ['REPORT_KIND'], ''],
  ['an unknown result type', detailWith({ 'result-type': 'quantum' }), ['REPORT_UNKNOWN_TYPE'], 'kept'],
  ['no result type', detailWith({ 'result-type': null }), ['REPORT_MISSING'], 'validation-failure, §4.3'],
  ['counts as texts', summaryWith({ 'total-successful-session-count': '5' }), ['REPORT_COUNT_TEXT'], ''],
  [
    'no summary',
    reportWith({ policies: [{ ...goodPolicy, summary: null }] }),
    ['REPORT_MISSING', 'REPORT_MISSING'],
    '',
  ],
  ['the largest count', summaryWith({ 'total-successful-session-count': 2 ** 53 - 1 }), [], ''],
  ['details that are less', details(1), ['REPORT_SUM'], ''],
  ['details that are more', details(1, 2), ['REPORT_SUM'], '§4.2'],
  [
    'no details of failures',
    reportWith({ policies: [{ ...goodPolicy, 'failure-details': {} }] }),
    ['REPORT_SUM'],
    'PHP',
  ],
  ['a detail without count', details(2, undefined), ['REPORT_MISSING'], ''],
  ['a host name for an address', detailWith({ 'sending-mta-ip': 'mail.example' }), ['REPORT_ADDRESS'], 'kept'],
  ['an empty address', detailWith({ 'sending-mta-ip': '', 'receiving-ip': null }), [], ''],
  ['a list for a text', detailWith({ 'receiving-mx-helo': ['a'] }), ['REPORT_KIND'], 'left out'],
  ['a long text', detailWith({ 'additional-information': 'x'.repeat(1025) }), ['REPORT_TEXT_CUT'], ''],
];

const refused: readonly [string, string, string, string][] = [
  ['nothing', '', 'REPORT_SYNTAX', ''],
  ['a cut report', good.slice(0, -1), 'REPORT_SYNTAX', ''],
  ['XML', '<?xml version="1.0"?><feedback/>', 'REPORT_SYNTAX', 'a DMARC report'],
  ['a list', '[]', 'REPORT_FIELD', ''],
  ['null', 'null', 'REPORT_FIELD', ''],
  ['33 levels', `{"x":${'['.repeat(32)}`, 'REPORT_TOO_DEEP', ''],
  ['a million levels', '[{"a":'.repeat(500_000), 'REPORT_TOO_DEEP', ''],
  ['no organization', reportWith({ 'organization-name': undefined }), 'REPORT_FIELD', ''],
  ['no id', reportWith({ 'report-id': '' }), 'REPORT_FIELD', 'it could not be told from others'],
  ['a long id', reportWith({ 'report-id': 'x'.repeat(1025) }), 'REPORT_FIELD', 'a cut id is another id'],
  ['no policies', reportWith({ policies: undefined }), 'REPORT_FIELD', ''],
  ['a policy that is a text', reportWith({ policies: ['sts'] }), 'REPORT_FIELD', ''],
  ['a policy without policy', reportWith({ policies: [{ ...goodPolicy, policy: null }] }), 'REPORT_FIELD', ''],
  ['no policy type', policyWith({ 'policy-type': null }), 'REPORT_FIELD', 'nothing can stand in for it'],
  ['no date range', reportWith({ 'date-range': undefined }), 'REPORT_FIELD', ''],
  ['no end', rangeOf('2026-09-07T00:00:00Z', undefined), 'REPORT_DATE', ''],
  ['31 June', rangeOf('2026-06-31T00:00:00Z', '2026-07-02T00:00:00Z'), 'REPORT_DATE', ''],
  ['month 13', rangeOf('2026-13-01T00:00:00Z', '2027-07-02T00:00:00Z'), 'REPORT_DATE', ''],
  ['hour 24', rangeOf('2026-06-30T24:00:00Z', '2026-07-02T00:00:00Z'), 'REPORT_DATE', ''],
  ['a zone of 99 hours', rangeOf('2026-06-30T00:00:00+99:00', '2026-07-02T00:00:00Z'), 'REPORT_DATE', ''],
  ['year 1', rangeOf('0001-01-01T00:00:00Z', '2026-07-02T00:00:00Z'), 'REPORT_DATE', 'the zero of .NET'],
  ['seconds since 1970', rangeOf(1788739200, '2026-09-07T23:59:59Z'), 'REPORT_DATE', ''],
  ['an end before the start', rangeOf('2026-09-07T00:00:01Z', '2026-09-07T00:00:00Z'), 'REPORT_RANGE', ''],
  ['an end before in another zone', rangeOf('2026-09-07T00:00:00Z', '2026-09-07T01:00:00+02:00'), 'REPORT_RANGE', ''],
  ['a negative count', summaryWith({ 'total-failure-session-count': -1 }), 'REPORT_COUNT', ''],
  ['a fraction', summaryWith({ 'total-failure-session-count': 1.5 }), 'REPORT_COUNT', ''],
  ['2^53', good.replace(':5,', ':9007199254740992,'), 'REPORT_COUNT', 'is no exact number'],
  ['1e400', good.replace(':5,', ':1e400,'), 'REPORT_COUNT', 'would be Infinity'],
  ['16 digits as text', summaryWith({ 'total-failure-session-count': '1000000000000000' }), 'REPORT_COUNT', ''],
  ['true', detailWith({ 'failed-session-count': true }), 'REPORT_COUNT', ''],
  [
    'details that overflow',
    reportWith({
      policies: [
        {
          ...goodPolicy,
          summary: {},
          'failure-details': [goodDetail, { ...goodDetail, 'failed-session-count': 2 ** 53 - 1 }],
        },
      ],
    }),
    'REPORT_COUNT',
    'and have no total',
  ],
];

describe('parseTlsReport', () => {
  test.each(lenient)('reads %s', (_what, json, codes) => {
    const result = parseTlsReport(json);
    expect([result.ok, codesOf(result)]).toEqual([true, codes]);
  });

  test.each(refused)('refuses %s', (_what, json, code) => {
    const result = parseTlsReport(json);
    expect([result.ok, codesOf(result)]).toEqual([false, [code]]);
  });

  test('names the place of each fault, all at once', () => {
    const result = parseTlsReport(
      reportWith({
        'report-id': undefined,
        policies: [goodPolicy, { ...goodPolicy, 'failure-details': [{ ...goodDetail, 'failed-session-count': -3 }] }],
      }),
    );
    expect(result.ok ? [] : result.issues.map(({ message }) => message)).toEqual([
      'report-id is missing',
      'policies[1].failure-details[0].failed-session-count is not a whole number from 0 to 2^53-1 ("-3")',
    ]);
  });

  test('says a remark once with its number, however often it applies', () => {
    const many = details(...Array.from({ length: 50_000 }, () => '1'));
    const result = parseTlsReport(many);
    expect(result.ok && result.warnings.map(({ message }) => message)).toEqual([
      'policies[0].failure-details[0].failed-session-count is a text; read as a number (and 49999 more like it)',
      'policies[0].summary.total-failure-session-count is less than its details add up to: 2, details 50000',
    ]);
  });

  test('stops at ten issues', () => {
    const result = parseTlsReport(details(...Array.from({ length: 50_000 }, () => -1)));
    expect(codesOf(result)).toHaveLength(10);
  });

  test('takes what stands in for a missing count from the details', () => {
    const result = parseTlsReport(reportWith({ policies: [{ ...goodPolicy, summary: {} }] }));
    expect(result.ok && result.value.policies[0]).toMatchObject({
      totalSuccessfulSessionCount: 0,
      totalFailureSessionCount: 2,
    });
  });

  test('keeps addresses and types as they are written, and texts well-formed', () => {
    const result = parseTlsReport(
      detailWith({ 'sending-mta-ip': '2001:DB8:0::1', 'result-type': 'quantum', 'failure-reason-code': '\ud800' }),
    );
    expect(result.ok && result.value.policies[0]?.failureDetails[0]).toMatchObject({
      sendingMtaIp: '2001:DB8:0::1',
      resultType: 'quantum',
      failureReasonCode: '\ufffd',
    });
  });

  test('reads a failure without a type as the type for what has none, RFC 8460 §4.3', () => {
    const result = parseTlsReport(detailWith({ 'result-type': undefined }));
    expect(result.ok && result.value.policies[0]?.failureDetails[0]?.resultType).toBe('validation-failure');
  });

  test('takes of two equal keys the last', () => {
    const result = parseTlsReport(good.replace('{', '{"report-id":"r-0","report-id":"r-00",'));
    expect(result.ok && [result.value.reportId, result.warnings]).toEqual([
      'r-1',
      [
        {
          code: 'REPORT_DUPLICATE_KEY',
          message: '"report-id" stands twice in one object; the last counts (and 1 more keys)',
        },
      ],
    ]);
  });

  test('reads UTC where there is no zone, and a zone where there is one', () => {
    const result = parseTlsReport(rangeOf('2026-09-07T00:00:00', '2026-09-07T23:59:60-02:30'));
    expect(result.ok && result.value.dateRange).toEqual({
      start: new Date('2026-09-07T00:00:00Z'),
      end: new Date('2026-09-08T02:30:00Z'),
    });
  });

  test('takes 200,000 policies and failures in all, and not one more', () => {
    expect(parseTlsReport(manyDetails(199_997)).ok).toBe(true);
    expect(codesOf(parseTlsReport(manyDetails(199_998)))).toEqual(['REPORT_TOO_LARGE']);
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(codesOf(parseTlsReport(Uint8Array.from([0x7b, 0xff, 0x7d])))).toEqual(['NOT_UTF8']);
  });

  test('takes 10 MiB and not one byte more, counted in UTF-8', () => {
    const limit = 10 * 1024 * 1024;
    const bytes = new TextEncoder().encode(good).length;
    const filled = good + ' '.repeat(limit - bytes);
    expect(parseTlsReport(filled).ok).toBe(true);
    expect(codesOf(parseTlsReport(`${filled} `))).toEqual(['REPORT_TOO_LARGE']);
    expect(codesOf(parseTlsReport(new TextEncoder().encode(`${filled} `)))).toEqual(['REPORT_TOO_LARGE']);
    const wide = reportWith({ 'organization-name': '\u20ac' }) + ' '.repeat(limit - bytes - 5);
    expect(new TextEncoder().encode(wide).length).toBeLessThanOrEqual(limit);
    expect(codesOf(parseTlsReport(`"${'\u20ac'.repeat(limit / 3)}"`))).toEqual(['REPORT_TOO_LARGE']);
  });
});

describe('properties', () => {
  const broken = fc
    .tuple(fc.nat({ max: good.length }), fc.nat({ max: 20 }), fc.string({ unit: 'binary' }))
    .map(([at, cut, text]) => good.slice(0, at) + text + good.slice(at + cut));

  test('any bytes give a value or issues', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const result = parseTlsReport(bytes);
        expect(result.ok || result.issues.length > 0).toBe(true);
      }),
      runs(300),
    );
  });

  test('any change of a good report gives a value or issues', () => {
    fc.assert(
      fc.property(broken, (text) => {
        const result = parseTlsReport(text);
        expect(result.ok || result.issues.length > 0).toBe(true);
      }),
      runs(1000),
    );
  });

  test('any JSON in any field gives a value that holds to its type, or issues', () => {
    const fields = ['organization-name', 'date-range', 'contact-info', 'report-id', 'policies'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), fc.jsonValue(), (field, root, inner) => {
        const policies = [
          { policy: inner, summary: inner, 'failure-details': inner },
          { ...goodPolicy, 'failure-details': [inner] },
        ];
        for (const json of [
          reportWith({ [field]: root }),
          reportWith({ policies }),
          policyWith({ 'mx-host': inner }),
        ]) {
          const result = parseTlsReport(json);
          if (!result.ok) continue;
          for (const one of result.value.policies) {
            const counts = [one.totalSuccessfulSessionCount, one.totalFailureSessionCount];
            counts.push(...one.failureDetails.map(({ failedSessionCount }) => failedSessionCount));
            expect(counts.every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true);
            expect([...one.mxHosts, ...one.policyStrings].every((text) => typeof text === 'string')).toBe(true);
          }
        }
      }),
      runs(300),
    );
  });
});
