/** What of a mail is stored when it comes to a place that other mail comes to as well. */
import { expect, it } from 'vitest';

import type { Change, Stored } from '../../../src/effects/report-store.ts';
import { openTakeIn, type Taken } from '../../../src/services/reports/take-in.ts';
import { policyWith, reportWith } from '../../core/tls-report/report-builder.ts';
import { newKeys, reportMail } from '../../support/report-mail.ts';

const letter = Buffer.from('From: a@example.net\r\nSubject: hello\r\n\r\nHello.\r\n');
const dmarc = reportMail('<?xml version="1.0"?><feedback/>');
const json = reportMail('', { attachment: Buffer.from('{"invoice":17}') });
const broken = reportMail('', { attachment: Buffer.from([0x1f, 0x8b, 8, 0]) });
const foreign = reportMail(policyWith({ 'policy-domain': 'example.org' }));

async function taken(bytes: Uint8Array | null, isAmongOthers: boolean): Promise<readonly [Taken, readonly string[]]> {
  const keys = newKeys();
  const stored: string[] = [];
  const store = (changes: readonly Change[]): readonly Stored[] =>
    changes.map((one) => {
      stored.push(one.kind === 'keep' ? 'report' : one.item.code);
      return one.kind === 'keep' ? 'new' : 'set-aside';
    });
  const world = () => ({
    rules: { acceptUnsigned: true, isStrict: false },
    lookUpKey: keys.lookUpKey,
    isOurs: (domain: string) => domain === 'example.com',
    now: () => new Date('2026-09-08T06:00:00Z'),
  });
  const takeIn = openTakeIn(world, { store }, () => undefined);
  return [await takeIn({ source: 'imap 1', bytes, way: 'mail', isAmongOthers }), stored];
}

it.each([
  ['a letter', letter, 'NOT_A_REPORT'],
  ['a DMARC report', dmarc, 'NOT_A_REPORT'],
  ['JSON of another kind', json, 'REPORT_FIELD'],
  ['an attachment that cannot be unpacked', broken, 'GZIP_BROKEN'],
  ['what is too large', null, 'FILE_TOO_LARGE'],
])('nothing of %s, which is set aside elsewhere', async (_what, bytes, code) => {
  expect(await taken(bytes, true)).toEqual([{ stored: [], again: null }, []]);
  expect((await taken(bytes, false))[1]).toEqual([code]);
});

it.each([
  ['a report', reportMail(reportWith({})), 'report'],
  ['a report for a domain that is not ours', foreign, 'NOT_OUR_DOMAIN'],
])('all of %s', async (_what, bytes, stored) => {
  expect((await taken(bytes, true))[1]).toEqual([stored]);
});
