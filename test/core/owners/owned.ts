/** Domains and findings as the owners' mails have them. */
import type { OwnedDomain } from '../../../src/core/owners/model.ts';
import type { ReportFinding } from '../../../src/core/reports/finding-model.ts';

export function owned(domain: string, rest: Partial<OwnedDomain> = {}): OwnedDomain {
  return {
    domain,
    status: 'in sync',
    mode: 'enforce',
    isServedByUs: true,
    week: { succeeded: 1200, failed: 0, reports: 9 },
    before: { succeeded: 1100, failed: 0, reports: 8 },
    reportFindings: [],
    planFindings: [],
    liveMx: [`mx1.${domain}`],
    link: null,
    ...rest,
  };
}

export function reportFinding(rest: Partial<ReportFinding> = {}): ReportFinding {
  return {
    code: 'REPORT_MX_CERTIFICATE',
    severity: 'error',
    message: 'mx2.example.com showed an expired certificate to Google from 24 to 26 November (82 sessions)',
    hint: 'look at it: `stsync check`',
    confidence: 'high',
    subject: 'certificate-expired mx2.example.com sts',
    isOver: false,
    from: '2026-11-24',
    to: '2026-11-26',
    sessions: 82,
    reporters: ['google.com'],
    rows: [],
    ...rest,
  };
}
