/** What the known senders write, and holes that were seen. Shapes after public issue threads (FIELD section 2, STACK-mail section 10), names are reserved ones. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { parseTlsReport } from '../../../src/core/tls-report/parse-tls-report.ts';
import type { TlsReport } from '../../../src/core/tls-report/model.ts';
import { codesOf } from './report-builder.ts';

const bytesOf = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.json`));

function read(name: string): TlsReport {
  const result = parseTlsReport(bytesOf(name));
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
}

/** type, domain, successes, failures, details */
type Line = readonly [string, string | null, number, number, number];

const known: readonly [string, readonly Line[], readonly string[], string][] = [
  ['google', [['sts', 'example.com', 412, 3, 1]], [], 'every field of the RFC but helo'],
  ['google-week', [['no-policy-found', 'example.com', 9, 0, 0]], [], 'a range of seven days, seen once; no details'],
  [
    'microsoft-sts-and-tlsa',
    [
      ['sts', 'example.com', 12, 0, 0],
      ['tlsa', 'example.com', 12, 0, 0],
    ],
    [],
    'both policies for the same sessions, no mx-host, no details',
  ],
  ['microsoft-no-zone', [['sts', 'example.com', 1, 0, 0]], ['REPORT_DATE_FORM', 'REPORT_DATE_FORM'], 'no zone'],
  ['microsoft-no-addresses', [['sts', 'example.com', 0, 3, 1]], [], 'a failure without any address, no policy-string'],
  [
    'microsoft-failures',
    [
      ['sts', 'example.com', 7, 2, 1],
      ['tlsa', 'example.com', 9, 0, 0],
    ],
    ['REPORT_DATE_FORM', 'REPORT_DATE_FORM'],
    'all its habits at once: no zone, no addresses, an id that ends in +, nine sessions under two policies',
  ],
  [
    'mox',
    [
      ['sts', 'xn--bcher-kva.example', 4, 1, 1],
      ['tlsa', 'mx1.example.com', 2, 0, 0],
    ],
    ['REPORT_U_LABEL'],
    'U-labels, null for empty lists, empty texts',
  ],
  [
    'mox-mx-host',
    [['tlsa', 'mx1.example.com', 0, 3, 2]],
    [],
    'sent to the MX host itself: DANE has its own record there',
  ],
  ['stalwart', [['sts', 'example.com', 1, 2, 1]], ['REPORT_MISSING'], 'null for what is missing, contact-info too'],
  [
    'postfix-tlsrpt-reporter',
    [['no-policy-found', null, 1, 1, 1]],
    ['REPORT_MISSING'],
    'no policy-domain under no-policy-found, empty sending-mta-ip',
  ],
  [
    'rfc8460-appendix-b',
    [['sts', 'company-y.example', 5326, 303, 3]],
    ['REPORT_KIND'],
    'mx-host as a text, erratum 6241',
  ],
  [
    'holes',
    [['no-policy-found', null, 0, 4, 1]],
    ['REPORT_MISSING', 'REPORT_MISSING', 'REPORT_MISSING', 'REPORT_MISSING'],
    'no contact, domain, addresses or totals; other readers refuse it',
  ],
  ['overlap', [['sts', 'example.com', 30, 5, 2]], ['REPORT_SUM'], 'sessions that failed in two ways, RFC 8460 §4.2'],
  [
    'extensions',
    [['dane-and-sts', 'example.com', 8, 1, 1]],
    ['REPORT_COUNT_TEXT', 'REPORT_UNKNOWN_TYPE', 'REPORT_UNKNOWN_TYPE', 'REPORT_COUNT_TEXT', 'REPORT_COUNT_TEXT'],
    'types that no RFC has (the registry of §6.6 is open), counts as texts, a field of its own',
  ],
];

describe('reports of known senders', () => {
  test('stand each in the table', () => {
    const files = readdirSync(join(import.meta.dirname, 'fixtures')).map((name) => name.replace(/\.json$/, ''));
    expect(known.map(([name]) => name).toSorted()).toEqual(files.toSorted());
  });

  test.each(known)('%s is read', (name, lines, warnings) => {
    const { policies } = read(name);
    const summary = policies.map((one) => [
      one.policyType,
      one.policyDomain,
      one.totalSuccessfulSessionCount,
      one.totalFailureSessionCount,
      one.failureDetails.length,
    ]);
    expect(summary).toEqual(lines);
    expect(codesOf(parseTlsReport(bytesOf(name)))).toEqual(warnings);
  });

  test('the example of RFC 8460 appendix B is read in full', () => {
    const detail = { receivingMxHelo: null, receivingIp: null, additionalInformation: null, failureReasonCode: null };
    expect(read('rfc8460-appendix-b')).toEqual({
      organizationName: 'Company-X',
      dateRange: { start: new Date('2016-04-01T00:00:00Z'), end: new Date('2016-04-01T23:59:59Z') },
      contactInfo: 'sts-reporting@company-x.example',
      reportId: '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
      policies: [
        {
          policyType: 'sts',
          policyDomain: 'company-y.example',
          policyStrings: ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
          mxHosts: ['*.mail.company-y.example'],
          totalSuccessfulSessionCount: 5326,
          totalFailureSessionCount: 303,
          failureDetails: [
            {
              ...detail,
              resultType: 'certificate-expired',
              failedSessionCount: 100,
              sendingMtaIp: '2001:db8:abcd:0012::1',
              receivingMxHostname: 'mx1.mail.company-y.example',
            },
            {
              ...detail,
              resultType: 'starttls-not-supported',
              failedSessionCount: 200,
              sendingMtaIp: '2001:db8:abcd:0013::1',
              receivingMxHostname: 'mx2.mail.company-y.example',
              receivingIp: '203.0.113.56',
              additionalInformation:
                'https://reports.company-x.example/report_info?id=5065427c-23d3#StarttlsNotSupported',
            },
            {
              ...detail,
              resultType: 'validation-failure',
              failedSessionCount: 3,
              sendingMtaIp: '198.51.100.62',
              receivingMxHostname: 'mx-backup.mail.company-y.example',
              receivingIp: '203.0.113.58',
              failureReasonCode: 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
            },
          ],
        },
      ],
    });
  });

  test('ids are kept as they are written', () =>
    expect(['google', 'microsoft-failures', 'microsoft-no-zone'].map((name) => read(name).reportId)).toEqual([
      '2026-09-07T00:00:00Z_example.com',
      '134326213113267004+',
      '134326213113267002+example.com',
    ]));

  test('the texts of a failure are null where a sender leaves them empty', () => {
    const [policy] = read('mox').policies;
    expect(policy?.failureDetails[0]).toMatchObject({
      receivingMxHelo: 'mail.example.net',
      additionalInformation: null,
      failureReasonCode: 'tls-remote-certificate-host-mismatch',
    });
    expect(read('postfix-tlsrpt-reporter').policies[0]?.failureDetails[0]?.sendingMtaIp).toBeNull();
    expect(read('stalwart').contactInfo).toBeNull();
  });
});
