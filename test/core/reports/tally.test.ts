import { describe, expect, test } from 'vitest';

import { bodyHash } from '../../../src/core/id.ts';
import { formatPolicy } from '../../../src/core/policy.ts';
import { tally } from '../../../src/core/reports/tally.ts';
import { failureOf, keptReport, policyOf, signedBy } from './kept-report.ts';

const body = formatPolicy({ mode: 'enforce', maxAgeSeconds: 86_400, mx: ['mx1.example.com'] });

describe('tally', () => {
  test('counts sessions by policy and failures by result, source and MX, on the day the report starts', () => {
    const key = {
      day: '2026-09-07',
      domain: 'example.com',
      reporter: 'sender.example',
      verdict: 'dkim',
      policyType: 'sts',
      held: bodyHash(body),
    };
    expect(tally(signedBy('sender.example'))).toEqual({
      totals: [{ ...key, succeeded: 5, failed: 2 }],
      failures: [{ ...key, result: 'certificate-expired', source: '192.0.2.1', mx: 'mx1.example.com', sessions: 2 }],
      held: new Map([[bodyHash(body), body]]),
    });
  });

  test('knows the policy a sender held by the hash that ends its id, in whatever order it is written', () => {
    const policyStrings = ['version: STSv1', 'max_age: 86400', 'mode: enforce', 'mx: MX1.example.com'];
    const { totals } = tally(keptReport({ policies: [policyOf({ policyStrings })] }));
    expect(totals[0]?.held).toBe(bodyHash(body));
  });

  test.each([
    [[], 'sts', ''],
    [['3 1 1 aa', '3 1 1 bb'], 'tlsa', '3 1 1 aa\n3 1 1 bb'],
    [['mode: enforce'], 'sts', 'mode: enforce'],
  ])('keeps other policies as they stand: %j', (policyStrings, policyType, text) => {
    const { totals, held } = tally(keptReport({ policies: [policyOf({ policyStrings, policyType })] }));
    expect([totals[0]?.held, [...held.values()]]).toEqual(text === '' ? ['', []] : [bodyHash(text), [text]]);
  });

  test.each([
    ['2001:DB8:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[IPv6:2001:db8::1]', '2001:db8::1'],
    ['mail.example', 'mail.example'],
    [null, ''],
  ])('takes source %s for %s', (sendingMtaIp, source) => {
    const policies = [policyOf({ failureDetails: [failureOf({ sendingMtaIp })] })];
    expect(tally(keptReport({ policies })).failures[0]?.source).toBe(source);
  });

  test('counts as many failures as 10 MiB can hold', () => {
    const failureDetails = Array.from({ length: 400_000 }, () => failureOf());
    expect(tally(keptReport({ policies: [policyOf({ failureDetails })] })).failures).toHaveLength(400_000);
  });

  test('takes an MX in any spelling for one', () => {
    const policies = [policyOf({ failureDetails: [failureOf({ receivingMxHostname: 'MX1.Example.COM.' })] })];
    expect(tally(keptReport({ policies })).failures[0]?.mx).toBe('mx1.example.com');
  });
});
