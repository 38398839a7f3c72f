/**
 * A fleet as its owner would know it: twelve domains in several states, thirty days of reports of four senders, and an MX host whose certificate ran
 * out for three days. For the tests in a browser and the pictures in the docs.
 */
import { join } from 'node:path';

import { newRecord } from '../../../src/core/certificates/model.ts';
import { noMemory } from '../../../src/core/memory.ts';
import { formatPolicy, type PolicyMode, type StsPolicy } from '../../../src/core/policy.ts';
import { policyId } from '../../../src/core/id.ts';
import type { DomainPlan, Finding, Status } from '../../../src/core/plan/model.ts';
import type { KeptReport } from '../../../src/core/reports/model.ts';
import type { TlsReportFailure } from '../../../src/core/tls-report/model.ts';
import type { Change } from '../../../src/effects/report-store.ts';
import { lookAtState } from '../../../src/effects/look-at-state.ts';
import { openCertificateStore } from '../../../src/effects/store-sqlite-certificates.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { openStore } from '../../../src/effects/store-sqlite.ts';
import type { DashboardWorld } from '../../../src/services/dashboard/answers.ts';
import { type FleetState, noFleet } from '../../../src/services/daemon/fleet-state.ts';
import { wantedDomain } from '../../support/world.ts';
import { failureOf, keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { configOf, planOf, stateWith } from '../daemon/states.ts';

export const now = new Date('2026-11-24T12:04:00Z');
const DAY_MS = 86_400_000;
const daysAgo = (days: number): Date => new Date(now.getTime() - days * DAY_MS);
const COMMIT = '9f2c61be0d7a4e55a1c83b60f2d9e4417ab05c3d';

interface Sample {
  readonly domain: string;
  readonly status: Status;
  readonly wanted: PolicyMode;
  readonly live: PolicyMode | null;
  /** Sessions a day of the largest sender; 0: nobody reports. */
  readonly size: number;
  readonly certificateDays: number;
  readonly finding?: Finding;
}

const finding = (code: Finding['code'], severity: Finding['severity'], message: string, hint: string): Finding => ({
  code,
  severity,
  message,
  hint,
});

const SAMPLES: readonly Sample[] = [
  { domain: 'example.com', status: 'in sync', wanted: 'enforce', live: 'enforce', size: 1240, certificateDays: 61 },
  { domain: 'example.net', status: 'in sync', wanted: 'enforce', live: 'enforce', size: 310, certificateDays: 58 },
  {
    domain: 'example.org',
    status: 'held',
    wanted: 'enforce',
    live: 'testing',
    size: 96,
    certificateDays: 33,
    finding: finding(
      'UNCOVERED_MX',
      'warning',
      'mx3.example.org takes mail and no pattern of the policy matches it',
      'add mx3.example.org to mx:, or take it out of DNS',
    ),
  },
  {
    domain: 'billing.example.com',
    status: 'waiting',
    wanted: 'enforce',
    live: 'testing',
    size: 44,
    certificateDays: 71,
  },
  { domain: 'clinic.example', status: 'in sync', wanted: 'testing', live: 'testing', size: 210, certificateDays: 47 },
  { domain: 'garden-tools.example', status: 'changed', wanted: 'testing', live: 'none', size: 12, certificateDays: 89 },
  { domain: 'harbour.example', status: 'in sync', wanted: 'enforce', live: 'enforce', size: 530, certificateDays: 9 },
  {
    domain: 'letters.example',
    status: 'failed',
    wanted: 'enforce',
    live: 'enforce',
    size: 75,
    certificateDays: 64,
    finding: finding(
      'PROVIDER_BUSY',
      'error',
      'the provider main did not answer: 503 for each of three tries',
      'it is tried again by the next run; look at the status page of the provider',
    ),
  },
  { domain: 'museum.example', status: 'drift', wanted: 'testing', live: null, size: 0, certificateDays: 80 },
  {
    domain: 'newsletter.example',
    status: 'in sync',
    wanted: 'enforce',
    live: 'enforce',
    size: 2900,
    certificateDays: 40,
  },
  { domain: 'school.example', status: 'in sync', wanted: 'testing', live: 'testing', size: 130, certificateDays: 52 },
  {
    domain: 'xn--mnchen-3ya.example',
    status: 'in sync',
    wanted: 'enforce',
    live: 'enforce',
    size: 61,
    certificateDays: 27,
  },
];

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

function policy(domain: string, mode: PolicyMode, maxAgeSeconds = 604_800): StsPolicy {
  return { mode, maxAgeSeconds, mx: [`mx1.${domain}`, `mx2.${domain}`] };
}

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

function reportsOf(sample: Sample, index: number): readonly Change[] {
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

const ASIDE: readonly Change[] = [
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

function planOfSample({ domain, status, wanted, live, finding: found }: Sample): DomainPlan {
  const isOpen = !['in sync', 'changed'].includes(status);
  const body = formatPolicy(policy(domain, wanted));
  const step: DomainPlan['steps'][number] = {
    kind: 'publish-policy',
    name: `mta-sts.${domain}`,
    type: null,
    before: null,
    after: [body],
    reason: 'the mode changes',
    outcome: status === 'held' ? 'held' : status === 'failed' ? 'failed' : 'pending',
    guard: null,
    notBefore: null,
    changes: [],
    chain: 'policy',
  };
  const hosts = [`mx1.${domain}`, `mx2.${domain}`, ...(domain === 'example.org' ? [`mx3.${domain}`] : [])];
  return planOf(domain, {
    status,
    mode: { wanted, live },
    mx: {
      wanted: policy(domain, wanted).mx,
      live: hosts,
      uncovered: hosts.slice(2),
      unused: [],
    },
    id: { live: live === null ? null : policyId(formatPolicy(policy(domain, live)), daysAgo(20)), next: null },
    steps: isOpen ? [step] : [],
    findings: found === undefined ? [] : [found],
  });
}

function fleetOf(): FleetState {
  const wanted = SAMPLES.map(({ domain, wanted: mode }) =>
    wantedDomain(domain, { mode, maxAgeSeconds: 604_800, mx: policy(domain, mode).mx }),
  );
  const states = SAMPLES.map((sample, n) => {
    const since = daysAgo(sample.status === 'in sync' ? 20 - n : 0.4);
    const lookedAt = new Date(now.getTime() - 240_000);
    return [
      sample.domain,
      stateWith({ status: sample.status, since, lookedAt, plan: planOfSample(sample) }, sample.domain),
    ] as const;
  });
  const ended = new Date(now.getTime() - 240_000);
  return {
    ...noFleet,
    role: 'leader',
    inForce: { config: configOf([], { domains: wanted }), commit: COMMIT, loadedAt: daysAgo(1) },
    domains: new Map(states),
    lastRun: { startedAt: ended, endedAt: ended, reason: 'schedule', error: null },
    lastGoodRunAt: ended,
    nextRunAt: new Date(now.getTime() + 660_000),
    intervalMs: 900_000,
  };
}

/** Writes the state of the fleet into `directory`, and gives the world that the dashboard looks into. */
export function sampleWorld(directory: string): DashboardWorld {
  const path = join(directory, 'stsync.db');
  const reports = openReportStore(path);
  reports.store([...SAMPLES.flatMap(reportsOf), ...ASIDE]);
  reports.close();
  writeHistory(path);
  const certificates = openCertificateStore(path, (error) => {
    throw error;
  });
  const directoryUrl = 'https://acme.example/directory';
  certificates.save(
    SAMPLES.map(({ domain, certificateDays }) => ({
      ...newRecord(`mta-sts.${domain}`, directoryUrl, daysAgo(90)),
      certificate: {
        notBefore: daysAgo(90 - certificateDays),
        notAfter: daysAgo(-certificateDays - 0.3),
        issuedAt: daysAgo(90 - certificateDays),
        directoryUrl,
        stamp: domain,
        chainPem: 'chain',
        keyPem: 'key',
      },
    })),
  );
  certificates.close();
  const state = fleetOf();
  return {
    state: () => state,
    now: () => now,
    look: (ask) => lookAtState(path, ask),
    pause: async () => undefined,
    onTrouble: (error) => {
      throw error;
    },
  };
}

function writeHistory(path: string): void {
  const store = openStore(path);
  for (const { domain, live } of SAMPLES) {
    if (live === null) continue;
    const [old, next] = [policy(domain, 'testing', 86_400), policy(domain, live)];
    const served = { txtTtlSeconds: 300, cause: 'change', isHeldTesting: false } as const;
    const [first, second] = [daysAgo(52), daysAgo(20)];
    store.saveMemory(domain, {
      ...noMemory,
      history: [
        { ...served, policy: old, id: policyId(formatPolicy(old), first), from: first, to: second, rotatedAt: first },
        {
          ...served,
          policy: next,
          id: policyId(formatPolicy(next), second),
          from: second,
          to: null,
          rotatedAt: second,
        },
      ],
    });
    store.savePolicyBody(`mta-sts.${domain}`, formatPolicy(next));
    const step = (
      at: Date,
      kind: 'publish-policy' | 'upsert',
      body: StsPolicy,
      reason: string,
      before: StsPolicy | null,
    ): void => {
      const isPolicy = kind === 'publish-policy';
      const text = (one: StsPolicy): string =>
        isPolicy ? formatPolicy(one) : `v=STSv1; id=${policyId(formatPolicy(one), at)};`;
      const number = store.beginStep({
        at,
        domain,
        kind,
        name: isPolicy ? `mta-sts.${domain}` : `_mta-sts.${domain}`,
        type: isPolicy ? null : 'TXT',
        before: before === null ? null : [text(before)],
        after: [text(body)],
        reason,
        commit: COMMIT,
      });
      store.endStep(number, 'done', null);
    };
    step(first, 'publish-policy', old, 'the domain is new: its policy is served before anything points at it', null);
    step(first, 'upsert', old, 'every address serves the policy: senders may know of it', null);
    step(second, 'publish-policy', next, `mode testing -> ${live}, max_age 1d -> 1w`, old);
    step(new Date(second.getTime() + 95_000), 'upsert', next, 'the policy changed and is proved: the id follows', old);
  }
  store.close();
}
