/** What was set aside is read again under the rules and domains of now. */
import { join } from 'node:path';

import { beforeEach, expect, onTestFinished, test } from 'vitest';

import type { Way } from '../../../src/core/reports/model.ts';
import { type ReportStore } from '../../../src/effects/report-store.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import type { IntakeWorld } from '../../../src/services/reports/read-intake.ts';
import { retrySetAside } from '../../../src/services/reports/retry-set-aside.ts';
import { openTakeIn } from '../../../src/services/reports/take-in.ts';
import { reportWith } from '../../core/tls-report/report-builder.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { type Keys, newKeys, reportMail } from '../../support/report-mail.ts';

let keys: Keys;
let store: ReportStore;
beforeEach(() => {
  keys = newKeys();
  store = openReportStore(join(tempDirectory(), 'stsync.db'));
  onTestFinished(() => store.close());
});

function world(domains: readonly string[], acceptUnsigned = false): IntakeWorld {
  return {
    rules: { acceptUnsigned, isStrict: false },
    lookUpKey: keys.lookUpKey,
    isOurs: (domain) => domains.includes(domain),
    now: () => new Date('2026-09-08T06:00:00Z'),
  };
}

async function take(bytes: Uint8Array, way: Way, then = world([])): Promise<void> {
  await openTakeIn(
    () => then,
    store,
    () => undefined,
  )({ source: `by ${way}`, bytes, way });
}

function codes(): readonly string[] {
  return store.setAside(10).map(({ code, times }) => `${code} ${times}`);
}

test('a report about a domain that is in the config now counts, with the verdict of the way it came', async () => {
  await take(await keys.sign(reportMail(reportWith({}))), 'mail');
  await take(Buffer.from(reportWith({ 'report-id': 'r-2' })), 'https');
  await take(Buffer.from(reportWith({ 'report-id': 'r-3' })), 'hand');
  expect(codes()).toEqual(['NOT_OUR_DOMAIN 1', 'NOT_OUR_DOMAIN 1', 'NOT_OUR_DOMAIN 1']);
  expect(await retrySetAside(store, world(['example.com']))).toEqual({ added: 3, left: 0, again: 0 });
  expect(codes()).toEqual([]);
  const kept = store.reports({ domain: null, since: '0000', until: '9999' }, 10);
  expect(kept.map(({ reportId, verdict }) => `${reportId} ${verdict}`).toSorted()).toEqual([
    'r-1 dkim',
    'r-2 https',
    'r-3 file',
  ]);
});

test('JSON in place of a mail stays what it is, however the operator reads it again', async () => {
  await take(Buffer.from(reportWith({})), 'mail', world(['example.com']));
  expect(await retrySetAside(store, world(['example.com']))).toEqual({ added: 0, left: 1, again: 0 });
  expect(store.reach({ domain: null, since: '0000', until: '9999' }).reports).toBe(0);
});

test('what has the same reason still is not told of as if it had come again', async () => {
  await take(Buffer.from('nothing'), 'hand');
  expect(await retrySetAside(store, world(['example.com']))).toEqual({ added: 0, left: 1, again: 0 });
  expect(codes()).toEqual(['NOT_A_REPORT 1']);
});

test('what has another reason now is listed with that one alone', async () => {
  await take(reportMail(reportWith({})), 'mail');
  expect(codes()).toEqual(['NOT_OUR_DOMAIN 1']);
  expect(await retrySetAside(store, world(['example.com']))).toEqual({ added: 0, left: 1, again: 0 });
  expect(codes()).toEqual(['DKIM_UNPROVED 1']);
  expect(await retrySetAside(store, world(['example.com'], true))).toEqual({ added: 1, left: 0, again: 0 });
});

test('where DNS does not tell a key, all of it waits', async () => {
  await take(await keys.sign(reportMail(reportWith({}))), 'mail');
  keys.set('s1._domainkey.sender.example', 'failed');
  expect(await retrySetAside(store, world(['example.com']))).toEqual({ added: 0, left: 0, again: 1 });
  expect(codes()).toEqual(['NOT_OUR_DOMAIN 1']);
});

test('more than are read at once are all read', async () => {
  for (let index = 0; index < 45; index++) await take(Buffer.from(reportWith({ 'report-id': `r-${index}` })), 'hand');
  expect(await retrySetAside(store, world(['example.com']))).toEqual({ added: 45, left: 0, again: 0 });
});
