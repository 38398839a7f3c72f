import { describe, expect, test } from 'vitest';

import { renderSummaryCsv, renderSummaryJson, renderSummaryMarkdown } from '../../../src/core/reports/render-tables.ts';
import { renderSummaryText } from '../../../src/core/reports/render-text.ts';
import { failureRate, policyWords, type ReportsSummary } from '../../../src/core/reports/summary.ts';

const summary: ReportsSummary = {
  domain: 'example.com',
  since: '2026-09-01',
  until: '2026-09-14',
  reports: 2,
  reporters: 1,
  totals: [{ policyType: 'sts', succeeded: 12_345, failed: 3 }],
  tables: [
    {
      by: 'day',
      rows: [
        { label: '2026-09-07', policyType: 'sts', succeeded: 12_000, failed: 0 },
        { label: '2026-09-08', policyType: 'sts', succeeded: 345, failed: 3 },
      ],
    },
    { by: 'mx', rows: [{ label: '=1+1"\u001B[31m|<b>\n\u202e', policyType: 'sts', succeeded: null, failed: 3 }] },
    { by: 'source', rows: [] },
  ],
  findings: [],
  setAside: 1,
};
const plain = { hasBars: false, paint: (_style: string, text: string) => text };

describe('the text', () => {
  test('has columns, and no bars in a pipe', () =>
    expect(renderSummaryText({ ...summary, tables: summary.tables.slice(0, 1) }, plain)).toBe(
      `example.com, 2026-09-01 to 2026-09-14: 2 reports of 1 reporter
  sts: 12,348 sessions, 3 failed (< 0.1 %)

by day
  2026-09-07  12,000 ok  0 failed
  2026-09-08     345 ok  3 failed

1 set aside, not counted: stsync reports rejected
`,
    ));

  test('has bars on a terminal, in which no failure is too small to see', () => {
    const text = renderSummaryText(summary, { ...plain, hasBars: true });
    expect(text).toContain(`2026-09-07  12,000 ok  0 failed  ${'█'.repeat(24)}\n`);
    expect(text).toContain('2026-09-08     345 ok  3 failed  █▒\n');
  });

  test('shows the policy type where there are several', () => {
    const [day] = summary.tables;
    const rows = [...(day?.rows ?? []), { label: '2026-09-08', policyType: 'tlsa', succeeded: 1, failed: 0 }];
    const text = renderSummaryText({ ...summary, tables: [{ by: 'day', rows }] }, plain);
    expect(text).toContain('  2026-09-08  tlsa       1 ok  0 failed\n');
  });
});

describe('the words of strangers', () => {
  test('do nothing on a terminal', () => {
    const text = renderSummaryText(summary, plain);
    expect(text).toContain('  =1+1"\ufffd[31m|<b>\ufffd\ufffd  3 failed\n');
  });

  test('are no formula and no second row in CSV', () =>
    expect(renderSummaryCsv(summary).split('\r\n').slice(0, 4)).toEqual([
      'by,label,policy_type,succeeded,failed',
      'day,2026-09-07,sts,12000,0',
      'day,2026-09-08,sts,345,3',
      `mx,"'=1+1""\u001B[31m|<b>\n\u202e",sts,,3`,
    ]));

  test('do nothing in Markdown', () =>
    expect(renderSummaryMarkdown(summary)).toContain(
      '| =1+1"\ufffd&#91;31m&#124;&#60;b&#62;\ufffd\ufffd | sts |  | 3 |\n',
    ));

  test('stand in JSON as they are', () =>
    expect(JSON.parse(renderSummaryJson(summary))).toEqual({ version: 1, ...summary }));
});

describe('labels and rates', () => {
  test('say what a sender held by the end of its id', () => {
    const held = new Map([
      [
        'h',
        'version: STSv1\r\nmode: testing\r\nmx: a.example\r\nmx: b.example\r\nmx: c.example\r\nmx: d.example\r\nmax_age: 60\r\n',
      ],
    ]);
    expect(policyWords('h', held.get('h') ?? '')).toBe(
      'h testing, max_age 60, mx a.example b.example c.example and 1 more',
    );
    expect(policyWords('i', '3 1 1 aa\n3 1 1 bb')).toBe('i 3 1 1 aa 3 1 1 bb');
  });

  test.each([
    [0, 0, '0 %'],
    [1000, 0, '0 %'],
    [100_000, 1, '< 0.1 %'],
    [999, 1, '0.1 %'],
    [0, 1, '100.0 %'],
  ])('%i good and %i bad are %s', (succeeded, failed, rate) => expect(failureRate({ succeeded, failed })).toBe(rate));
});
