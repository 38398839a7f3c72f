/** Reports whose every text comes from strangers, for the renderers that have to make it harmless. */
import fc from 'fast-check';
import { type DomainPlan, type Finding, type Status, statuses, type Step } from '../../../src/core/plan/model.ts';
import type { RunReport } from '../../../src/core/plan/report.ts';

/** What breaks Markdown, HTML, XML or terminals, alone and inside other text. */
export const hostile: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '|',
        '`',
        '```',
        '~~~~',
        '\n',
        '\r\n',
        '\n\n</details>\n',
        '<script>alert(1)</script>',
        '<!-- -->',
        '-->',
        ']]>',
        '&amp;',
        '&#64;user',
        '@user',
        '@org/team',
        '#1',
        'GH-1',
        'https://evil.example/',
        'www.evil.example',
        '[a](javascript:b)',
        '![a](https://evil.example/p.png)',
        '\u0000',
        '\u001b[31m',
        '\u202e',
        '\ud800',
        '\ufffe',
        '"',
        "'",
      ),
    ),
  )
  .map((parts) => parts.join(''));

export function planOf(domain: string, status: Status, text: string, findings: readonly Finding[] = []): DomainPlan {
  const common = { notBefore: null, changes: [], chain: 'policy', reason: text } as const;
  const steps: readonly Step[] = [
    {
      ...common,
      kind: 'upsert',
      name: `_mta-sts.${domain}`,
      type: 'TXT',
      before: [text],
      after: ['a'],
      outcome: 'pending',
      guard: null,
    },
    {
      ...common,
      kind: 'delete',
      name: `mta-sts.${domain}`,
      type: 'CNAME',
      before: [text],
      after: null,
      outcome: 'held',
      guard: 'plan-is-current',
    },
    {
      ...common,
      kind: 'publish-policy',
      name: `mta-sts.${domain}`,
      type: null,
      before: [text],
      after: [text],
      outcome: 'failed',
      guard: null,
    },
    {
      ...common,
      kind: 'wait',
      name: `mta-sts.${domain}`,
      type: null,
      before: null,
      after: null,
      outcome: 'pending',
      guard: null,
    },
  ];
  return {
    domain,
    status,
    wantedHash: null,
    mode: { wanted: 'enforce', live: 'testing' },
    mx: { wanted: [], live: null, uncovered: [], unused: [] },
    id: { live: null, next: null },
    steps,
    findings: [{ code: 'STEP_FAILED', severity: 'error', message: text, hint: text }, ...findings],
    serve: null,
    isHeldTesting: false,
    idRecord: `_mta-sts.${domain}`,
    announce: null,
    cause: null,
    txtTtlSeconds: 0,
    foundEqual: [],
    isFailed: false,
    countsAsChange: false,
    delegation: null,
  };
}

export function reportOf(domains: readonly DomainPlan[], findings: readonly Finding[] = []): RunReport {
  const generatedAt = new Date('2026-11-24T12:00:00Z');
  return { version: 1, digest: 'd'.repeat(64), generatedAt, isDryRun: true, domains, orphans: [], findings };
}

/** Any status, any text, also as name of the domain. */
export const hostileReport: fc.Arbitrary<RunReport> = fc
  .array(fc.tuple(hostile, fc.constantFrom(...statuses), hostile), { maxLength: 4 })
  .map((plans) => {
    const domains = plans.map(([domain, status, text]) => planOf(domain, status, text));
    const note = domains.map(
      ({ domain }) => ({ code: 'ORPHAN', severity: 'warning', message: domain, hint: null }) as const,
    );
    return reportOf(domains, note);
  });
