/** Addresses of senders get names, each seldom, and what DNS does not tell keeps nobody else waiting. */
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { openReportReader, openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import type { LookUpSender } from '../../../src/effects/reports/look-up-sender.ts';
import { nameSenders } from '../../../src/services/reports/name-senders.ts';
import { summarize } from '../../../src/services/reports/summarize.ts';
import { failureOf, keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';

const HOUR = 3_600_000;
const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];

test('each is asked for once a week, after an hour where DNS did not tell, and shown with its owner', async () => {
  const path = join(tempDirectory(), 'stsync.db');
  const store = openReportStore(path);
  onTestFinished(() => store.close());
  const failureDetails = [...addresses, null].map((sendingMtaIp) => failureOf({ sendingMtaIp }));
  store.store([{ kind: 'keep', report: keptReport({ policies: [policyOf({ failureDetails })] }), clears: '' }]);
  let at = Date.parse('2026-09-08T06:00:00Z');
  const asked: string[] = [];
  const lookUp: LookUpSender = async (address) => {
    asked.push(address);
    if (address === '192.0.2.3') return { name: null, isConfirmed: false, answered: false };
    const name = address === '192.0.2.1' ? 'mx.sender.example' : 'stranger.example';
    return { name, isConfirmed: address === '192.0.2.1', answered: true };
  };
  const pass = async (): Promise<readonly string[]> => {
    asked.length = 0;
    const options = { since: '2026-09-01', now: () => new Date(at), signal: new AbortController().signal };
    await nameSenders(store, lookUp, options);
    return asked.toSorted();
  };
  expect(await pass()).toEqual(addresses);
  expect(await pass()).toEqual([]);
  at += HOUR + 1;
  expect(await pass()).toEqual(['192.0.2.3']);
  at += 7 * 24 * HOUR;
  expect(await pass()).toEqual(addresses);

  const filter = { domain: null, since: '0000', until: '9999' };
  const { tables } = summarize(openReportReader(path), filter, ['source'], (address) =>
    address === '192.0.2.3' ? { number: 64500, name: 'Sender' } : null,
  );
  expect(tables[0]?.rows.map(({ label }) => label)).toEqual([
    '(not said)',
    '192.0.2.1 mx.sender.example',
    '192.0.2.2 claims to be stranger.example',
    '192.0.2.3, AS64500 Sender',
  ]);
});
