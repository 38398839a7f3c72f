import { join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { StsyncError } from '../../../src/core/error.ts';
import type { MailAnswer } from '../../../src/effects/reports/mail-listener.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { openMailAnswers } from '../../../src/services/reports/answer-mail.ts';
import type { IntakeWorld } from '../../../src/services/reports/read-intake.ts';
import { openTakeIn, type TakeIn } from '../../../src/services/reports/take-in.ts';
import { reportWith } from '../../core/tls-report/report-builder.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { type Keys, newKeys, reportMail } from '../../support/report-mail.ts';

const all = { domain: null, since: '2026-01-01', until: '2027-01-01' } as const;
let keys: Keys;
let told: string[];
beforeEach(() => {
  [keys, told] = [newKeys(), []];
});

const log = {
  debug: (fields: object, message: string) => void told.push(`debug ${message} ${JSON.stringify(fields)}`),
  warn: (fields: object, message: string) => void told.push(`warn ${message} ${JSON.stringify(fields)}`),
  error: (fields: object, message: string) => void told.push(`error ${message} ${JSON.stringify(fields)}`),
};

const world = (): IntakeWorld => ({
  rules: { acceptUnsigned: false, isStrict: false },
  lookUpKey: keys.lookUpKey,
  isOurs: (domain: string) => domain === 'example.com',
  now: () => new Date('2026-09-08T06:00:00Z'),
});

function rig(): { takeIn: TakeIn; store: ReturnType<typeof openReportStore> } {
  const store = openReportStore(join(tempDirectory(), 'stsync.db'));
  return { takeIn: openTakeIn(world, store, () => undefined), store };
}

describe('a mail that a mail server hands over', () => {
  test('is stored before it is answered, with its Message-ID as its source', async () => {
    const { takeIn, store } = rig();
    const mail = await keys.sign(reportMail(reportWith({}), { headers: 'Message-ID: <a@b.example>\r\n' }));
    expect(await openMailAnswers('lmtp', takeIn, log)(mail)).toEqual({ status: 250, text: 'stored' });
    expect(store.reports(all, 9)).toMatchObject([{ source: 'lmtp <a@b.example>', verdict: 'dkim' }]);
    store.close();
  });

  test('is settled and counted as rubbish where it is no report, and never taken for a file of the operator', async () => {
    const { takeIn, store } = rig();
    const answer = openMailAnswers('smtp', takeIn, log);
    expect(await answer(Buffer.from(reportWith({})))).toEqual({ status: 250, text: 'stored' });
    expect(await answer(Buffer.from('Subject: hello\r\n\r\nBuy this.\r\n'))).toEqual({ status: 250, text: 'stored' });
    expect(await answer(null)).toEqual({ status: 250, text: 'stored' });
    expect(store.reports(all, 9)).toEqual([]);
    expect(
      store
        .setAside(9)
        .map(({ code }) => code)
        .toSorted(),
    ).toEqual(['FILE_TOO_LARGE', 'NOT_A_REPORT', 'NOT_A_REPORT']);
    store.close();
  });

  test('is to come again while DNS does not tell its key', async () => {
    const { takeIn, store } = rig();
    keys.set('s1._domainkey.sender.example', 'failed');
    const answer = await openMailAnswers('lmtp', takeIn, log)(await keys.sign(reportMail(reportWith({}))));
    expect(answer).toMatchObject({ status: 451 } satisfies Partial<MailAnswer>);
    expect(store.setAsideCount()).toBe(0);
    store.close();
  });

  test.each([
    ['warn LOCKED', new StsyncError('LOCKED', 'another program writes', { retryable: true })],
    ['error a mail cannot be taken in', new TypeError('secret of the body')],
  ])('is to come again when it cannot be stored: %s', async (line, error) => {
    const answer = openMailAnswers('lmtp', () => Promise.reject(error), log);
    expect(await answer(Buffer.from('a'))).toEqual({ status: 451, text: 'it cannot be stored now, try again' });
    expect(told).toEqual([expect.stringContaining(line)]);
    expect(told.join()).not.toContain('secret');
  });
});
