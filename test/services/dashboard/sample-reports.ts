/** Thirty days of reports of four senders about the sample fleet, and what was set aside. */
import { formatPolicy } from '../../../src/core/policy.ts';
import type { KeptReport } from '../../../src/core/reports/model.ts';
import type { TlsReportFailure } from '../../../src/core/tls-report/model.ts';
import type { Change } from '../../../src/effects/report-store.ts';
import { failureOf, keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { DAY_MS, daysAgo, policy, type Sample } from './sample-domains.ts';

const SENDERS = [
  { name: 'Google Inc.', domain: 'google.com', contact: 'smtp-tls-reporting@google.com', share: 1, ip: '209.85.128' },
  {
    name: 'Microsoft Corporation',
    domain: 'microsoft.com',
    contact: 'tlsrpt-noreply@microsoft.com',
    share: 0.62,
    ip: null,
  },
  { name: 'Fastmail', domain: 'fastmail.com', contact: 'tls-reports@fastmail.com', share: 0.13, ip: '103.168.172' },
  { name: 'Posteo', domain: 'posteo.de', contact: 'tlsrpt@posteo.de', share: 0.05, ip: '185.67.36' },
] as const;

/** Ups and downs that are the same in each run. */
function wave(seed: number): number {
  return 0.5 + 0.5 * Math.sin(seed * 12.9898) * Math.cos(seed * 4.1414);
}

/** The certificate of mx2.example.com ran out twelve days ago, and was renewed three days later. */
function failuresOf(
  { domain, size }: Sample,
  day: number,
  share: number,
  ip: string | null,
): readonly TlsReportFailure[] {
  const address = (n: number): string | null => (ip === null ? null : `${ip}.${20 + n}`);
  const of = (resultType: string, count: number, mx: string, n: number): readonly TlsReportFailure[] =>
    count < 1
      ? []
      : [
          failureOf({
            resultType,
            failedSessionCount: Math.round(count),
            sendingMtaIp: address(n),
            receivingMxHostname: mx,
          }),
        ];
  const isIncident = domain === 'example.com' && day >= 10 && day <= 12;
  return [
    ...(isIncident ? of('certificate-expired', size * share * 0.38, `mx2.${domain}`, day % 3) : []),
    ...(isIncident ? of('certificate-expired', size * share * 0.11, `mx2.${domain}`, 4) : []),
    ...(domain === 'example.org' ? of('validation-failure', size * share * 0.12, `mx3.${domain}`, 1) : []),
    ...((day * 7 + domain.length) % 9 === 0 ? of('sts-policy-fetch-error', size * share * 0.02, '', 2) : []),
    ...((day + domain.length) % 11 === 0 ? of('starttls-not-supported', size * share * 0.012, `mx1.${domain}`, 3) : []),
  ];
}

export function reportsOf(sample: Sample, index: number): readonly Change[] {
  const { domain, size, live } = sample;
  if (size === 0) return [];
  return Array.from({ length: 30 }, (_, n) => 30 - n).flatMap((day) =>
    SENDERS.filter(({ name }) => size > 60 || name !== 'Posteo').map((sender, s): Change => {
      const at = daysAgo(day).toISOString().slice(0, 10);
      const isWeekend = [0, 6].includes(daysAgo(day).getUTCDay());
      const all = Math.round(
        size * sender.share * (0.75 + 0.5 * wave(day * 7 + index * 3 + s)) * (isWeekend ? 0.35 : 1),
      );
      const details = failuresOf(sample, day, sender.share, sender.ip);
      const failed = details.reduce((sum, one) => sum + one.failedSessionCount, 0);
      // Posteo still holds the policy of before.
      const isOld = day > 20 || (sender.name === 'Posteo' && day > 4);
      const held = policy(
        domain,
        isOld && domain === 'example.com' ? 'testing' : (live ?? 'testing'),
        isOld ? 86_400 : 604_800,
      );
      const report: KeptReport = keptReport({
        organizationName: sender.name,
        contactInfo: sender.contact,
        reportId: `${at}_${domain}_${sender.domain}`,
        dateRange: { start: new Date(`${at}T00:00:00Z`), end: new Date(`${at}T23:59:59Z`) },
        domain,
        verdict: 'dkim',
        proof: { domain: sender.domain, selector: '20230601', algorithm: 'rsa-sha256' },
        policies: [
          policyOf({
            policyDomain: domain,
            policyStrings: formatPolicy(held).trimEnd().split('\r\n'),
            mxHosts: held.mx,
            totalSuccessfulSessionCount: Math.max(0, all - failed),
            totalFailureSessionCount: failed,
            failureDetails: details,
          }),
        ],
        source: `<${at}.${index}${s}@${sender.domain}>`,
        receivedAt: new Date(Date.parse(`${at}T00:00:00Z`) + DAY_MS + (5 + s) * 3_600_000),
      });
      return { kind: 'keep', report, clears: report.reportId };
    }),
  );
}

export const ASIDE: readonly Change[] = [
  ['quarantined', 'DKIM_UNPROVED', 'no valid DKIM signature of the reporting domain', 'example.com', 'mail.ru'],
  ['quarantined', 'NOT_OURS', 'about a domain that is not in the YAML', 'old-brand.example', 'Google Inc.'],
  ['rejected', 'REPORT_SYNTAX', 'no JSON: unexpected end of input at byte 8,192', null, null],
].map(([state, code, message, domain, organization], n): Change => ({
  kind: 'set-aside',
  item: {
    state: state === 'rejected' ? 'rejected' : 'quarantined',
    code: code ?? '',
    message: message ?? '',
    domain: domain ?? null,
    organization: organization ?? null,
    source: `<2026112${n}.7781@mx.example.com>`,
    way: 'mail',
    digest: `d${n}`,
    content: null,
    at: daysAgo(n + 1),
  },
}));
