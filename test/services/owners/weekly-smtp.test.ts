/** A weekly summary as a real mail server gets it. */
import { once } from 'node:events';
import { join } from 'node:path';

import { SMTPServer } from 'smtp-server';
import { expect, it, onTestFinished } from 'vitest';

import { checkShareToken } from '../../../src/core/owners/share-token.ts';
import { lookAtState } from '../../../src/effects/look-at-state.ts';
import { sendMail } from '../../../src/effects/send-mail.ts';
import { openOwnerStore, readShareSecret } from '../../../src/effects/store-sqlite-owners.ts';
import { openWeeklySummaries } from '../../../src/services/owners/weekly-summaries.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { fleetOf, MINUTE, MONDAY, storeReports } from './weekly-rig.ts';

/** Takes mail for all but `nobody@`. */
async function mailServer(): Promise<{ readonly server: string; readonly mails: Map<string, string> }> {
  const mails = new Map<string, string>();
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH'],
    logger: false,
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith('nobody@') ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null),
    onData: (stream, session, callback) => {
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('end', () => {
        mails.set(session.envelope.rcptTo.map(({ address }) => address).join(' '), text);
        callback();
      });
    },
  });
  smtp.on('error', () => undefined);
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => smtp.close(resolve)));
  const address = smtp.server.address();
  return { server: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, mails };
}

/** Quoted-printable, undone. */
function readable(text: string): string {
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

it('a weekly summary reaches a mail server as text and HTML, with a link that opens its page; one who is refused keeps nobody from it', async () => {
  const { server, mails } = await mailServer();
  const path = join(tempDirectory(), 'stsync.db');
  const owners = { 'a.example': ['ann@owner.example'], 'b.example': ['nobody@owner.example'] };
  const state = fleetOf(owners, { server, link: 'https://dash.example.net' });
  storeReports(path, 'a.example', '2026-11-26');
  const clock = new FakeClock(MONDAY);
  const lines: string[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const note = (_fields: object, message: string): void => void lines.push(message);
  const summaries = openWeeklySummaries({
    clock,
    log: { debug: note, info: () => resolve(), warn: note, error: note, hide: () => undefined },
    state: () => state,
    look: (ask) => lookAtState(path, ask),
    openOwners: () => openOwnerStore(path),
    pause: async () => undefined,
    sendMail,
  });
  await clock.pass(MINUTE);
  await done;
  await summaries.close();
  expect([...mails.keys()]).toEqual(['ann@owner.example']);
  const mail = readable(mails.get('ann@owner.example') ?? '');
  expect(mail).toMatch(/^Subject: Mail TLS of a\.example: one thing to do\r$/m);
  expect(mail).toMatch(/^From: stsync@example\.net\r$/m);
  expect(mail).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(mail).toMatch(/^List-Id: <stsync-weekly\.example\.net>\r$/im);
  expect(mail).toMatch(/multipart\/alternative[\s\S]*text\/plain[\s\S]*text\/html[\s\S]*<!doctype html>/);
  expect(mail.match(/mx1\.a\.example showed an expired certificate/g)).toHaveLength(2);
  const [, token = ''] = /https:\/\/dash\.example\.net\/shared\/([\w.-]+)/.exec(mail) ?? [];
  const known = { contactsOf: () => ['ann@owner.example'], now: clock.now() };
  expect(checkShareToken(token, readShareSecret(path) ?? new Uint8Array(), known)?.domain).toBe('a.example');
  expect(lines).toEqual([expect.stringMatching(/^NOTIFY_FAILED no weekly summary: .*no such user/)]);
});
