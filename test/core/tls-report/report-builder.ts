/** A small good report for the tests, to be made worse in one place. */
import type { Parsed } from '../../../src/core/result.ts';

type Json = Readonly<Record<string, unknown>>;

export const goodDetail: Json = {
  'result-type': 'certificate-expired',
  'sending-mta-ip': '192.0.2.1',
  'receiving-mx-hostname': 'mx1.example.com',
  'failed-session-count': 2,
};

export const goodPolicy: Json = {
  policy: {
    'policy-type': 'sts',
    'policy-string': ['version: STSv1'],
    'policy-domain': 'example.com',
    'mx-host': ['mx1.example.com'],
  },
  summary: { 'total-successful-session-count': 5, 'total-failure-session-count': 2 },
  'failure-details': [goodDetail],
};

export const goodReport: Json = {
  'organization-name': 'Sender',
  'date-range': { 'start-datetime': '2026-09-07T00:00:00Z', 'end-datetime': '2026-09-07T23:59:59Z' },
  'contact-info': 'tls@sender.example',
  'report-id': 'r-1',
  policies: [goodPolicy],
};

/** The good report with other values in its root; undefined takes one away. */
export function reportWith(root: Json): string {
  return JSON.stringify({ ...goodReport, ...root });
}

/** With other values in its one `policy`. */
export function policyWith(policy: Json): string {
  const { policy: good } = goodPolicy;
  return reportWith({ policies: [{ ...goodPolicy, policy: Object.assign({}, good, policy) }] });
}

/** With other values in its `summary`. */
export function summaryWith(summary: Json): string {
  const { summary: good } = goodPolicy;
  return reportWith({ policies: [{ ...goodPolicy, summary: Object.assign({}, good, summary) }] });
}

/** With other values in its one failure detail. */
export function detailWith(detail: Json): string {
  return reportWith({ policies: [{ ...goodPolicy, 'failure-details': [{ ...goodDetail, ...detail }] }] });
}

/** With another `date-range`. */
export function rangeOf(start: unknown, end: unknown): string {
  return reportWith({ 'date-range': { 'start-datetime': start, 'end-datetime': end } });
}

export function codesOf(result: Parsed<unknown>): readonly string[] {
  return (result.ok ? result.warnings : result.issues).map(({ code }) => code);
}
