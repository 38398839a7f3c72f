/** Kept reports for the tests, and an arbitrary of ones that meet in the same slots. */
import * as fc from 'fast-check';

import type { KeptReport, Verdict } from '../../../src/core/reports/model.ts';
import type { TlsReportFailure, TlsReportPolicy } from '../../../src/core/tls-report/model.ts';

export function failureOf(rest: Partial<TlsReportFailure> = {}): TlsReportFailure {
  return {
    resultType: 'certificate-expired',
    failedSessionCount: 2,
    sendingMtaIp: '192.0.2.1',
    receivingMxHostname: 'mx1.example.com',
    receivingMxHelo: null,
    receivingIp: null,
    additionalInformation: null,
    failureReasonCode: null,
    ...rest,
  };
}

export function policyOf(rest: Partial<TlsReportPolicy> = {}): TlsReportPolicy {
  return {
    policyType: 'sts',
    policyDomain: 'example.com',
    policyStrings: ['version: STSv1', 'mode: enforce', 'mx: mx1.example.com', 'max_age: 86400'],
    mxHosts: ['mx1.example.com'],
    totalSuccessfulSessionCount: 5,
    totalFailureSessionCount: 2,
    failureDetails: [failureOf()],
    ...rest,
  };
}

export function keptReport(rest: Partial<KeptReport> = {}): KeptReport {
  return {
    organizationName: 'Sender',
    contactInfo: 'tls@sender.example',
    reportId: 'r-1',
    dateRange: { start: new Date('2026-09-07T00:00:00Z'), end: new Date('2026-09-07T23:59:59Z') },
    domain: 'example.com',
    verdict: 'file',
    proof: null,
    policies: [policyOf()],
    remarks: [],
    source: 'in/a.json',
    receivedAt: new Date('2026-09-08T06:00:00Z'),
    ...rest,
  };
}

export function signedBy(domain: string, rest: Partial<KeptReport> = {}): KeptReport {
  return keptReport({ verdict: 'dkim', proof: { domain, selector: 's1', algorithm: 'rsa-sha256' }, ...rest });
}

/** Few ids, contacts, days and signers, so that copies meet. */
export const keptReports: fc.Arbitrary<readonly KeptReport[]> = fc.array(
  fc
    .record({
      id: fc.constantFrom('r-1', 'r-2'),
      contact: fc.constantFrom('tls@sender.example', 'tls@mail.sender.example', null),
      day: fc.constantFrom('2026-09-07', '2026-09-08'),
      domain: fc.constantFrom('example.com', 'example.org'),
      verdict: fc.constantFrom<Verdict>('dkim', 'file', 'unsigned', 'https'),
      signer: fc.constantFrom('sender.example', 'mail.sender.example'),
      sessions: fc.nat({ max: 3 }),
      type: fc.constantFrom('sts', 'tlsa'),
      ip: fc.constantFrom('192.0.2.1', '2001:DB8::1', null),
    })
    .map(({ id, contact, day, domain, verdict, signer, sessions, type, ip }) =>
      keptReport({
        reportId: id,
        contactInfo: contact,
        domain,
        verdict,
        proof: verdict === 'dkim' ? { domain: signer, selector: 's', algorithm: 'rsa-sha256' } : null,
        dateRange: { start: new Date(`${day}T00:00:00Z`), end: new Date(`${day}T23:59:59Z`) },
        policies: [
          policyOf({
            policyType: type,
            totalFailureSessionCount: sessions,
            failureDetails: [failureOf({ failedSessionCount: sessions, sendingMtaIp: ip })],
          }),
        ],
      }),
    ),
  { maxLength: 12 },
);
