/** The domains of the sample fleet. */
import { type PolicyMode, type StsPolicy } from '../../../src/core/policy.ts';
import type { Finding, Status } from '../../../src/core/plan/model.ts';

export const now = new Date('2026-11-24T12:04:00Z');
export const DAY_MS = 86_400_000;
export const daysAgo = (days: number): Date => new Date(now.getTime() - days * DAY_MS);

export interface Sample {
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

export const SAMPLES: readonly Sample[] = [
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

export function policy(domain: string, mode: PolicyMode, maxAgeSeconds = 604_800): StsPolicy {
  return { mode, maxAgeSeconds, mx: [`mx1.${domain}`, `mx2.${domain}`] };
}
