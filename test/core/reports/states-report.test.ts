/** Which mails say of themselves that they bring a TLS report. */
import { expect, it } from 'vitest';

import { statesReport } from '../../../src/core/reports/states-report.ts';

const body = '\r\n\r\nTLS-Report-Domain: example.com\r\n';

it.each([
  'TLS-Report-Domain: example.com',
  'Subject: x\r\ntls-report-submitter: sender.example',
  'Content-Type: multipart/report; report-type="tlsrpt"; boundary=b',
  'Content-Type: multipart/report;\r\n\tboundary=b;\r\n\tReport-Type=TLSRPT',
  'Subject: x\nContent-Type: application/tlsrpt+gzip; name=a',
])('states a report: %j', (head) => {
  expect(statesReport(head + body)).toBe(true);
});

it.each([
  'To: tlsrpt@example.com\r\nSubject: report-type=tlsrpt',
  // DMARC reports have the same subject.
  'Subject: Report Domain: example.com Submitter: sender.example Report-ID: <1>',
  'X-TLS-Report-Domain: example.com',
  'Content-Type: text/plain\r\nSubject: application/tlsrpt+gzip',
  'Content-Type: multipart/report; report-type=delivery-status',
  '',
])('does not: %j', (head) => {
  expect(statesReport(head + body)).toBe(false);
});
