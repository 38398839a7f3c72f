import { describe, expect, test } from 'vitest';

import type { KeptReport } from '../../../src/core/reports/model.ts';
import type { Change } from '../../../src/effects/report-store.ts';
import { openStore } from '../../../src/effects/store-sqlite.ts';
import { failureOf, keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { ask, worldWith } from './rig.ts';

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u0000&amp;`;
const FORMULA = '=HYPERLINK("http://evil.example")';

function hostileReport(word: string): KeptReport {
  return keptReport({
    organizationName: word,
    contactInfo: word,
    reportId: word,
    source: word,
    remarks: [word],
    verdict: 'dkim',
    proof: { domain: word, selector: word, algorithm: word },
    dateRange: { start: new Date('2026-11-20T00:00:00Z'), end: new Date('2026-11-20T23:59:59Z') },
    policies: [
      policyOf({
        policyType: word,
        policyDomain: word,
        policyStrings: [word],
        mxHosts: [word],
        failureDetails: [
          failureOf({
            resultType: word,
            sendingMtaIp: word,
            receivingMxHostname: word,
            receivingMxHelo: word.slice(1),
            receivingIp: word,
            additionalInformation: word,
            failureReasonCode: word,
          }),
        ],
      }),
    ],
  });
}

function hostileWorld(word: string): ReturnType<typeof worldWith> {
  const aside: Change = {
    kind: 'set-aside',
    item: {
      state: 'rejected',
      code: word,
      message: word,
      source: word,
      way: 'mail',
      organization: word,
      domain: word,
      digest: 'd',
      content: null,
      at: new Date('2026-11-20T00:00:00Z'),
    },
  };
  const finding = { code: 'PROVIDER_BUSY', severity: 'error', message: word, hint: word } as const;
  const plan = {
    findings: [finding],
    mx: { wanted: [word], live: [word], uncovered: [word], unused: [word] },
    id: { live: word, next: null },
  };
  const lastRun = { startedAt: new Date(0), endedAt: new Date(0), reason: 'start' as const, error: word };
  const refused = { faults: [], message: word, commit: word, at: new Date(0) };
  const world = worldWith(
    { 'example.com': plan },
    [{ kind: 'keep', report: hostileReport(word), clears: 'x' }, aside],
    {
      lastRun,
      refused,
      sourceFailure: { message: word, since: new Date(0), failures: 1 },
    },
  );
  const store = openStore(world.path);
  const step = {
    at: new Date('2026-11-20T00:00:00Z'),
    domain: 'example.com',
    kind: 'upsert',
    name: word,
    type: 'TXT',
  } as const;
  store.endStep(
    store.beginStep({ ...step, before: [word], after: [word], reason: word, commit: word }),
    'failed',
    word,
  );
  store.close();
  return world;
}

describe('the words of strangers', () => {
  test.each([
    '/',
    '/domains/example.com',
    '/reports',
    '/reports/1',
    '/rejected',
    '/journal',
    '/journal?domain=%22%3E%3Cscript%3E',
  ])('are shown on %s, and do nothing', async (path) => {
    const { status, text } = await ask(hostileWorld(EVIL), path);
    expect(status).toBe(200);
    expect(text).not.toMatch(/<script|<img|onerror=alert\(1\)>\u202e/);
    expect(text).not.toContain('\u202e');
    expect(text).not.toContain('\u0000');
    expect(text).toContain('&lt;script&gt;');
  });

  test.each(['result', 'source', 'mx', 'policy', 'reporter', 'held'])(
    'are no formula in the file by %s',
    async (by) => {
      const { text } = await ask(hostileWorld(FORMULA), `/domains/example.com/reports.csv?by=${by}`);
      expect(text).not.toMatch(/(?:^|,)"?=/m);
      expect(text).toMatch(/"'=HYPERLINK/);
    },
  );

  test.each(['/files/journal.csv', '/files/reports.csv', '/files/rejected.csv'])(
    'are no formula in %s',
    async (path) => {
      const { text } = await ask(hostileWorld(FORMULA), path);
      expect(text).not.toMatch(/(?:^|,)"?=/m);
      expect(text).toMatch(/"'=HYPERLINK/);
    },
  );

  test('are no header: the name of a file is made of harmless signs', async () => {
    const world = hostileWorld(EVIL);
    const { headers } = await ask(world, '/domains/a%22%0d%0aX-Evil:%201/reports.csv?by=day');
    expect(headers.get('content-disposition')).toBe('attachment; filename="a___x-evil__1-day.csv"');
  });
});
