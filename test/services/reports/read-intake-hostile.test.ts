/** What strangers send to break the intake (RFC 8460 §7): each has its reason, and neither time nor memory grow with what they wish. */
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import type { Way } from '../../../src/core/reports/model.ts';
import {
  detailWith,
  goodPolicy,
  policyWith,
  rangeOf,
  reportWith,
  summaryWith,
} from '../../core/tls-report/report-builder.ts';
import { zipOf } from '../../effects/reports/zip-of.ts';
import { reportMail } from '../../support/report-mail.ts';
import { contents, shortly, takeBy } from './intake-rig.ts';

const ways = ['mail', 'https', 'hand'] as const;
const verdictOf = { mail: 'unsigned', https: 'https', hand: 'file' } as const;
const good = reportWith({});
const script = '<script>alert(1)</script>';

/** As strangers bring it: by mail in a mail. */
async function take(json: string, way: Way): Promise<readonly string[]> {
  return shortly(await takeBy(way, way === 'mail' ? reportMail(json) : Buffer.from(json)));
}

const hostile: readonly [string, string, string][] = [
  ['a million levels', '{"x":'.repeat(1_000_000), 'rejected REPORT_TOO_DEEP'],
  ['a million levels in a field', good.replace('"r-1"', '['.repeat(1_000_000)), 'rejected REPORT_TOO_DEEP'],
  ['a count of 2^53', good.replace(':5,', ':9007199254740992,'), 'rejected REPORT_COUNT'],
  ['a count of 1e400', good.replace(':5,', ':1e400,'), 'rejected REPORT_COUNT'],
  ['a count that is exact and absurd', good.replace(':5,', ':9007199254740991,'), 'quarantined COUNT_IMPLAUSIBLE'],
  [
    'counts that add up to more than plausible',
    detailWith({ 'failed-session-count': 1e12 }),
    'quarantined COUNT_IMPLAUSIBLE',
  ],
  ['a negative count', summaryWith({ 'total-failure-session-count': -1 }), 'rejected REPORT_COUNT'],
  ['a count in a list', summaryWith({ 'total-failure-session-count': [5] }), 'rejected REPORT_COUNT'],
  ['an object for its id', reportWith({ 'report-id': { toString: 'x' } }), 'rejected REPORT_FIELD'],
  ['__proto__ for the fields', `{"__proto__":${good}}`, 'rejected REPORT_FIELD'],
  ['constructor.prototype', `{"constructor":{"prototype":${good}}}`, 'rejected REPORT_FIELD'],
  ['a time in year 9999', rangeOf('9999-01-01T00:00:00Z', '9999-12-31T00:00:00Z'), 'quarantined DATE_IN_FUTURE'],
  ['a time before reports', rangeOf('1970-01-01T00:00:00Z', '1970-01-02T00:00:00Z'), 'rejected REPORT_DATE'],
  ['a time in a strange form', rangeOf('Mon, 7 Sep 2026 00:00:00 GMT', '2026-09-08T00:00:00Z'), 'rejected REPORT_DATE'],
  ['a script for a domain', policyWith({ 'policy-domain': script }), 'quarantined NO_POLICY_DOMAIN'],
];

describe.each(ways)('by %s', (way) => {
  test.each(hostile)('%s is set aside with the reason', async (_what, json, wanted) => {
    // The mail names the domain itself.
    const named = way === 'mail' && wanted.endsWith('NO_POLICY_DOMAIN') ? 'unsigned example.com' : wanted;
    expect(await take(json, way)).toEqual([named]);
    expect(Reflect.get({}, 'policies')).toBeUndefined();
  });

  test.each([
    ['a second report-id', good.replace('{', '{"report-id":"r-0",')],
    ['__proto__ beside the fields', good.replace('{', '{"__proto__":{"policies":[]},')],
    ['a script in every text', detailWith({ 'additional-information': script, 'failure-reason-code': script })],
    ['half a character', detailWith({ 'additional-information': '\ud800' })],
  ])('%s hinders nothing', async (_what, json) =>
    expect(await take(json, way)).toEqual([`${verdictOf[way]} example.com`]),
  );
});

function filled(bytes: number): Buffer {
  return Buffer.from(good.padEnd(bytes));
}

describe('10 MiB', () => {
  const limit = 10 * 1024 * 1024;
  const forms: readonly [string, Way, (json: Buffer) => Uint8Array, string][] = [
    ['JSON', 'hand', (json) => json, 'REPORT_TOO_LARGE'],
    ['JSON', 'https', (json) => json, 'REPORT_TOO_LARGE'],
    ['JSON', 'mail', (json) => reportMail('', { attachment: json }), 'REPORT_TOO_LARGE'],
    ['gzip', 'https', (json) => gzipSync(json), 'UNPACKS_TOO_LARGE'],
    [
      'gzip of two members',
      'hand',
      (json) => Buffer.concat([gzipSync(json.subarray(0, 99)), gzipSync(json.subarray(99))]),
      'UNPACKS_TOO_LARGE',
    ],
    ['gzip', 'mail', (json) => reportMail('', { attachment: gzipSync(json) }), 'UNPACKS_TOO_LARGE'],
    ['zip', 'hand', (json) => zipOf([{ name: 'a.json', content: json }]), 'UNPACKS_TOO_LARGE'],
    [
      'zip without packing',
      'https',
      (json) => zipOf([{ name: 'a.json', content: json, method: 0 }]),
      'UNPACKS_TOO_LARGE',
    ],
  ];

  test.each(forms)('of %s by %s are read, and not one byte more', async (_form, way, pack, code) => {
    expect(shortly(await takeBy(way, pack(filled(limit))))).toEqual([`${verdictOf[way]} example.com`]);
    expect(shortly(await takeBy(way, pack(filled(limit + 1))))).toEqual([`rejected ${code}`]);
  });
});

/** A good report and another part, of one byte more than is read. */
function mailWith(type: string, start: string): Buffer {
  const parts = `${good}\r\n--b\r\n${type}\r\n${start.padEnd((14 << 20) + 1)}`;
  return Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${parts}\r\n--b--\r\n`);
}

async function timed(bytes: Buffer): Promise<readonly [readonly string[], number]> {
  const before = performance.now();
  const found = await takeBy('https', bytes);
  expect(performance.now() - before).toBeLessThan(15_000);
  return [shortly(found), found.length];
}

const policy = (domain: string): string => `{"policy":{"policy-type":"sts","policy-domain":"${domain}"}}`;
const listed = (items: readonly string[]): Buffer =>
  Buffer.from(reportWith({ policies: [] }).replace('"policies":[]', () => `"policies":[${items.join(',')}]`));

describe('a report of 10 MiB', () => {
  test('about 140,000 strange domains has 20 rows in the list, and the last says how many more there are', async () => {
    const domains = Array.from({ length: 140_000 }, (_, n) => policy(`d${n}.example`));
    const bytes = listed([...domains, policy('example.com')]);
    const [what] = await timed(bytes);
    expect(what).toEqual(['https example.com', ...Array.from({ length: 20 }, () => 'quarantined NOT_OUR_DOMAIN')]);
    const last = (await takeBy('https', bytes)).at(-1);
    expect(last?.kind === 'set-aside' && last.item.message).toBe(
      'd19.example is not a domain of the config (and 139980 more domains of this report)',
    );
  });

  test('with 150,000 policies for one domain is read in time', async () =>
    expect(await timed(listed(Array.from({ length: 150_000 }, () => policy('example.com'))))).toEqual([
      ['https example.com'],
      1,
    ]));

  test('with 190,000 failures is read in time', async () => {
    const details = Array.from({ length: 190_000 }, () => ({ 'failed-session-count': 1 }));
    const policies = [{ ...goodPolicy, 'failure-details': details }];
    expect((await timed(Buffer.from(reportWith({ policies }))))[0]).toEqual(['https example.com']);
  });

  test('with three million empty entries is refused before they are looked at', async () => {
    const empty = Array.from({ length: 3_000_000 }, () => '{}');
    expect((await timed(listed(empty)))[0]).toEqual(['rejected REPORT_TOO_LARGE']);
  });

  test('beside a part that is too large is found, and the part told of where it may be a report too', async () => {
    const both = ['unsigned example.com', 'rejected FILE_TOO_LARGE'];
    expect(shortly(await takeBy('mail', mailWith('', '{')))).toEqual(both);
    expect(shortly(await takeBy('mail', mailWith('Content-Type: message/rfc822\r\n', 'A: 1')))).toEqual(both);
    expect(shortly(await takeBy('mail', mailWith('', '%PDF')))).toEqual(['unsigned example.com']);
  });

  test('in many packings in one mail is taken from each', async () => {
    const parts = Array.from({ length: 40 }, (_, n) => `--b\r\n\r\n${reportWith({ 'report-id': `r-${n}` })}\r\n`).join(
      '',
    );
    const mail = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts}--b--\r\n`);
    expect(contents(await takeBy('mail', mail))).toHaveLength(40);
  });
});
