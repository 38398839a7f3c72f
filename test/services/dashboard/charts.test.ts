import { describe, expect, test } from 'vitest';

import { bars } from '../../../src/services/dashboard/bars.ts';
import { everyDay } from '../../../src/services/dashboard/domain-view.ts';
import { markup } from '../../../src/services/dashboard/markup.ts';
import { sparkline } from '../../../src/services/dashboard/sparkline.ts';
import { stackedBars } from '../../../src/services/dashboard/stacked-bars.ts';
import { ago, compact, daysBetween, durationWords } from '../../../src/services/dashboard/words.ts';
import { failureOf, keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { planOf } from '../daemon/states.ts';
import { ask, worldWith } from './rig.ts';
import { now } from './sample-domains.ts';

const day = (n: number, succeeded: number, failed: number) => ({
  day: `2026-11-${String(n).padStart(2, '0')}`,
  succeeded,
  failed,
});

describe('charts', () => {
  test('of days show one failure among a million', () => {
    const text = String(stackedBars([day(1, 1_000_000, 1), day(2, 10, 0)]));
    expect(text).toMatch(/class="fail"[^>]* height="2"/);
    expect(text).toContain('<title>2026-11-01: 1,000,001 sessions, 1 of them failed</title>');
    expect(text).toContain('<title>2026-11-02: 10 sessions, none failed</title>');
  });

  test('of days without any session draw no bar', () => {
    expect(String(stackedBars([day(1, 0, 0)]))).not.toMatch(/class="(?:ok|fail)"/);
    expect(String(stackedBars([]))).not.toContain('NaN');
  });

  test.each([7, 30, 90, 366])(
    'of %i days have seven labels at most, the first and the last day among them',
    (count) => {
      const since = new Date(now.getTime() - (count - 1) * 86_400_000).toISOString().slice(0, 10);
      const points = everyDay([day(24, 1, 0)], daysBetween(since, '2026-11-24'));
      const labels = String(stackedBars(points)).match(/class="(?:tick|minor)"/g) ?? [];
      expect([points.length, labels.length]).toEqual([count, 7]);
      expect(String(stackedBars(points))).toContain('>24 Nov</text>');
    },
  );

  test('leave today out until its reports have come', () => {
    const days = daysBetween('2026-11-22', '2026-11-24');
    expect(everyDay([], days).map((point) => point.day)).toEqual(['2026-11-22', '2026-11-23']);
    expect(everyDay([day(24, 1, 0)], days)).toHaveLength(3);
  });

  test('of things put the longest at full width, and say how many are left out', () => {
    const row = { label: 'a', note: null, succeeded: null, value: '' };
    const text = String(
      bars(
        [
          { ...row, failed: 40 },
          { ...row, failed: 10 },
        ],
        3,
      ),
    );
    expect(text).toMatch(/width="100\.00%".*width="25\.00%"/s);
    expect(text).toContain('and 3 more in the table');
  });

  test('beside numbers are hidden from who has the page read aloud', () => {
    const text = String(sparkline([day(1, 5, 0), day(2, 7, 1)]));
    expect(text).toMatch(/^<svg [^>]*aria-hidden="true"/);
    expect(text.match(/class="marks"/g)).toHaveLength(1);
    expect(String(sparkline([]))).not.toContain('<path');
  });
});

describe('the page of a domain', () => {
  const mx = { wanted: [], live: ['mx1.example.com', 'mx2.example.com'], uncovered: [], unused: [] };

  test('lists every live MX host, also without evidence, and says which one is none any more', async () => {
    const failures = ['mx1.example.com', 'old.example.com'].map((host) => failureOf({ receivingMxHostname: host }));
    const world = worldWith({ 'example.com': { mx } }, [report({ failureDetails: failures })]);
    const { text } = await ask(world, '/domains/example.com');
    const chart = text.slice(text.indexOf('id="by-mx"'), text.indexOf('id="held"'));
    expect(chart).toMatch(/mx2\.example\.com.*<span class="bar-value">none</s);
    expect(chart).toMatch(/old\.example\.com <span class="note">no MX of this domain now/);
    expect(chart).toContain('Failures were reported for 1 of 2 live MX hosts.');
  });

  test('says that the MX records could not be read rather than that there are none', async () => {
    const { text } = await ask(worldWith({ 'example.com': { mx: { ...mx, live: null } } }), '/domains/example.com');
    expect(text).toContain('The MX records could not be read by the last run.');
  });

  test('shows what the reports are found to mean, with how much is behind it', async () => {
    const { text } = await ask(worldWith({ 'example.com': { mx } }, [report({})]), '/domains/example.com');
    expect(text).toMatch(/certificate.*<code>[A-Z_]+<\/code>[^<]*(?:2 sessions|confidence)/s);
    expect(text).toContain('behind it</summary>');
  });

  test('tells policy types apart, since they may tell of the same sessions', async () => {
    const two = [policyOf({}), policyOf({ policyType: 'tlsa' })];
    const { text } = await ask(worldWith({ 'example.com': {} }, [report({}, two)]), '/domains/example.com');
    expect(text).toContain('By policy type, which may tell of the same sessions: sts 7, tlsa 7.');
  });

  test('shows findings of the plan and both modes where they differ', async () => {
    const plan = planOf('example.com', {
      mode: { wanted: 'enforce', live: 'testing' },
      findings: [{ code: 'PROVIDER_BUSY', severity: 'error', message: 'it did not answer', hint: 'wait' }],
    });
    const world = worldWith({ 'example.com': plan });
    expect((await ask(world, '/domains/example.com')).text).toContain('it did not answer');
    expect((await ask(world, '/')).text).toMatch(/testing <span class="arrow"/);
  });
});

describe('words', () => {
  test.each([
    [9_999, '9,999'],
    [10_000, '10k'],
    [242_300, '242k'],
    [1_250_000, '1.3M'],
  ])('%i is %s', (count, text) => expect(compact(count)).toBe(text));

  test.each([
    [604_800, '1 week'],
    [86_400, '1 day'],
    [90_000, '25 hours'],
    [61, '61 seconds'],
  ])('%i seconds are %s', (count, text) => expect(durationWords(count)).toBe(text));

  test('tell how long ago', () => {
    expect([before(10_000), before(60_000), before(7_200_000), before(172_800_000)]).toEqual([
      'just now',
      '1 minute ago',
      '2 hours ago',
      '2 days ago',
    ]);
  });

  test('of strangers are escaped, and cannot turn the line round, also in lists', () => {
    expect(String(markup`<p title="${'"\u202e'}">${['<b>', markup`<i>`]}</p>`)).toBe(
      '<p title="&quot;\ufffd">&lt;b&gt;<i></p>',
    );
  });
});

function before(ms: number): string {
  return ago(new Date(now.getTime() - ms), now);
}

function report(rest: object, policies = [policyOf(rest)]) {
  return {
    kind: 'keep' as const,
    report: keptReport({
      verdict: 'dkim',
      proof: { domain: 'sender.example', selector: 's', algorithm: 'rsa-sha256' },
      dateRange: { start: new Date('2026-11-20T00:00:00Z'), end: new Date('2026-11-20T23:59:59Z') },
      policies,
    }),
    clears: 'x',
  };
}
