/** Floor 3. The charts of a domain, each with one sentence and its table. */
import type { SummaryDimension } from '../../core/reports/dimensions.ts';
import { grouped } from '../../core/reports/render-text.ts';
import { failureRate, type SummaryRow } from '../../core/reports/summary.ts';
import { type BarRow, bars } from './bars.ts';
import type { DomainRecord } from './domain-view.ts';
import { type Column, figure } from './figure.ts';
import { domainPath, href, type Html, markup, strange } from './markup.ts';
import { policyLine } from './policy-words.ts';
import type { Range } from './range.ts';
import { stackedBars } from './stacked-bars.ts';
import { countOf, shortDay } from './words.ts';

export interface ChartsOf {
  readonly domain: string;
  readonly range: Range;
  readonly record: DomainRecord;
  /** Null: they could not be read. */
  readonly liveMx: readonly string[] | null;
  /** Tables are to be had as files. */
  readonly hasLinks: boolean;
}

const NOT_SAID = 'not said by the reporter';
const SHOWN_BARS = 8;
const text = (head: string): Column => ({ head, isNumber: false });
const number = (head: string): Column => ({ head, isNumber: true });

export function domainCharts(of: ChartsOf): Html {
  return markup`${dayChart(of)}<div class="pair">${failureChart(of, 'result', 'Failures by result')}${policyChart(of)}${failureChart(of, 'source', 'Failures by sending source')}${mxChart(of)}</div>`;
}

function link(
  { domain, range, hasLinks }: ChartsOf,
  by: SummaryDimension,
): ((format: 'csv' | 'json') => string) | null {
  if (!hasLinks) return null;
  return (format) => href(`${domainPath(domain)}/reports.${format}`, { by, since: range.since });
}

function dayChart(of: ChartsOf): Html {
  const { points, reach } = of.record;
  const failed = points.reduce((sum, one) => sum + one.failed, 0);
  const succeeded = points.reduce((sum, one) => sum + one.succeeded, 0);
  const worst = points.reduce((most, one) => (one.failed > (most?.failed ?? 0) ? one : most), points[0]);
  const told = `${countOf(succeeded + failed, 'session')} in ${countOf(reach.reports, 'report')} of ${countOf(reach.reporters, 'reporter')}`;
  const sentence =
    succeeded + failed === 0
      ? 'No report tells of a session in these days.'
      : failed === 0
        ? `${told}. None failed.`
        : `${told}. ${grouped(failed)} failed (${failureRate({ succeeded, failed })}), most of them on ${shortDay(worst?.day ?? '')}.`;
  const { totals } = of.record;
  const types = totals.map((one) => `${strange(one.policyType, 40)} ${grouped((one.succeeded ?? 0) + one.failed)}`);
  return figure({
    id: 'by-day',
    title: 'Sessions by day',
    sentence: markup`${sentence}${totals.length > 1 ? ` By policy type, which may tell of the same sessions: ${types.join(', ')}.` : ''} <span class="legend"><span class="key ok">went well</span> <span class="key fail">failed</span></span>`,
    chart: succeeded + failed === 0 ? null : stackedBars(points),
    table: {
      columns: [text('Day'), number('Went well'), number('Failed'), number('Rate')],
      rows: points.toReversed().map((one) => [one.day, grouped(one.succeeded), grouped(one.failed), failureRate(one)]),
    },
    download: link(of, 'day'),
  });
}

function failureChart(of: ChartsOf, by: 'result' | 'source', title: string): Html {
  const rows = of.record.counts[by];
  const [first] = rows;
  const failed = rows.reduce((sum, one) => sum + one.failed, 0);
  const thing = by === 'result' ? 'result' : 'address';
  const sentence =
    first === undefined
      ? 'No failure was reported in these days.'
      : rows.length === 1
        ? `All ${countOf(failed, 'failure')}: ${labelOf(first)}.`
        : `${countOf(failed, 'failure')} of ${countOf(rows.length, thing, by === 'result' ? 'results' : 'addresses')}; the most: ${labelOf(first)} (${grouped(first.failed)}).`;
  return figure({
    id: `by-${by}`,
    title,
    sentence,
    chart:
      rows.length === 0
        ? null
        : bars(
            rows.slice(0, SHOWN_BARS).map((row) => barOf(row, rows)),
            rows.length - SHOWN_BARS,
          ),
    table: {
      columns: [text(by === 'result' ? 'Result' : 'Source'), text('Policy type'), number('Failed')],
      rows: rows.map((row) => [labelOf(row), strange(row.policyType, 40), grouped(row.failed)]),
    },
    download: link(of, by),
  });
}

/** All MX hosts of now, also those that no report tells of; then those that are none any more. */
function mxChart(of: ChartsOf): Html {
  const rows = of.record.counts.mx;
  const live = of.liveMx ?? [];
  const quiet = live.filter((host) => !rows.some(({ label }) => label === host));
  const noteOf = (label: string): string | null =>
    label === '' || of.liveMx === null || live.includes(label) ? null : 'no MX of this domain now';
  const shown = rows.filter(({ label }, index) => index < SHOWN_BARS || live.includes(label));
  const all: readonly BarRow[] = [
    ...shown.map((row) => {
      const bar = barOf(row, rows);
      return { ...bar, note: noteOf(row.label) ?? bar.note };
    }),
    ...quiet.map((host) => ({ label: host, note: null, succeeded: null, failed: 0, value: 'none' })),
  ];
  const failing = new Set(rows.flatMap(({ label }) => (live.includes(label) ? [label] : []))).size;
  const sentence =
    of.liveMx === null
      ? 'The MX records could not be read by the last run.'
      : live.length === 0
        ? 'The domain has no MX host now.'
        : failing === 0
          ? `No failure was reported for ${live.length === 1 ? 'the live MX host' : `any of the ${live.length} live MX hosts`}.`
          : `Failures were reported for ${failing} of ${countOf(live.length, 'live MX host')}.`;
  return figure({
    id: 'by-mx',
    title: 'Failures by receiving MX',
    sentence: `${sentence} Reports name hosts for failures only.`,
    chart: all.length === 0 ? null : bars(all, rows.length - shown.length),
    table: {
      columns: [text('MX'), text('Now'), text('Policy type'), number('Failed')],
      rows: [
        ...rows.map((row) => [
          labelOf(row),
          of.liveMx === null || row.label === '' ? 'unknown' : live.includes(row.label) ? 'live' : 'not an MX',
          strange(row.policyType, 40),
          grouped(row.failed),
        ]),
        ...quiet.map((host) => [host, 'live', '–', 0]),
      ],
    },
    download: link(of, 'mx'),
  });
}

function policyChart(of: ChartsOf): Html {
  const rows = of.record.counts.policy;
  const texts = of.record.texts;
  const versions = new Set(rows.map(({ label }) => label).filter((label) => label !== '')).size;
  return figure({
    id: 'by-policy',
    title: 'Sessions by policy version',
    sentence:
      rows.length === 0
        ? 'No report says which policy a sender held.'
        : `Senders held ${countOf(versions, 'version')} of a policy in these days.`,
    chart:
      rows.length === 0
        ? null
        : bars(
            rows.slice(0, SHOWN_BARS).map(({ label, policyType, succeeded, failed }) => ({
              label: label === '' ? NOT_SAID : markup`<code>${strange(label)}</code>`,
              note: label === '' ? strange(policyType, 40) : policyLine(texts.get(label) ?? ''),
              succeeded,
              failed,
              value: grouped((succeeded ?? 0) + failed),
            })),
          ),
    table: {
      columns: [text('Version'), text('Policy'), text('Policy type'), number('Went well'), number('Failed')],
      rows: rows.map((row) => [
        labelOf(row),
        row.label === '' ? '–' : policyLine(texts.get(row.label) ?? ''),
        strange(row.policyType, 40),
        grouped(row.succeeded ?? 0),
        grouped(row.failed),
      ]),
    },
    download: link(of, 'policy'),
  });
}

function labelOf({ label }: Pick<SummaryRow, 'label'>): string {
  return label === '' ? NOT_SAID : strange(label, 120);
}

/** The policy type stands beside it only where there are several. */
function barOf(row: SummaryRow, among: readonly SummaryRow[]): BarRow {
  const hasTypes = new Set(among.map(({ policyType }) => policyType)).size > 1;
  const note = hasTypes ? strange(row.policyType, 40) : null;
  return { label: labelOf(row), note, succeeded: row.succeeded, failed: row.failed, value: grouped(row.failed) };
}
