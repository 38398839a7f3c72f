import { once } from 'node:events';

import { SMTPServer } from 'smtp-server';
import { describe, expect, it, onTestFinished } from 'vitest';

import { sendMail } from '../../src/effects/send-mail.ts';

/** A mail server, and the mails that it took. `refuses`: its answer to a sender. */
async function mailServer(refuses: { readonly code: number } | null = null) {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH'],
    logger: false,
    onMailFrom: (_address, _session, callback) => {
      if (refuses === null) callback();
      else callback(Object.assign(new Error('not from you'), { responseCode: refuses.code }));
    },
    onData: (stream, session, callback) => {
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('end', () => {
        mails.push(`${session.envelope.rcptTo.map(({ address }) => address).join(' ')}\n${text}`);
        callback();
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  const address = server.server.address();
  return { server: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, mails };
}

const mail = {
  from: 'stsync@example.com',
  to: ['ops@example.com', 'dns@example.com'],
  subject: 'stsync: a.example failed',
  text: 'line one\n.\nline after a dot\nbücher.example\n',
};

describe('a mail', () => {
  it('reaches all, says that a machine wrote it, and keeps its lines', async () => {
    const { server, mails } = await mailServer();
    await sendMail(server, mail);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain('ops@example.com dns@example.com');
    expect(mails[0]).toContain('Subject: stsync: a.example failed');
    expect(mails[0]).toContain('Auto-Submitted: auto-generated');
    expect(mails[0]).toMatch(/line one\r\n\.\r\nline after a dot\r\nb=C3=BCcher\.example/);
  });

  it('has its HTML beside the text, and the name of its list', async () => {
    const { server, mails } = await mailServer();
    await sendMail(server, { ...mail, html: '<p>line one</p>', listId: 'stsync-weekly.example.com' });
    const [head = '', ...parts] = (mails[0] ?? '').split(/^--[-\w]*\w\r\n/m);
    expect(head).toMatch(/^Content-Type: multipart\/alternative/m);
    expect(head).toMatch(/^List-Id: <stsync-weekly\.example\.com>\r$/im);
    expect(head).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    // Programs show the last part that they can (RFC 2046 §5.1.4).
    expect(parts.map((part) => /Content-Type: ([\w/]+)/.exec(part)?.[1])).toEqual(['text/plain', 'text/html']);
    expect(parts[1]).toContain('<p>line one</p>');
  });

  it.each([
    [451, true],
    [550, false],
  ])('refused with %i: worth another try: %s', async (code, retryable) => {
    const { server } = await mailServer({ code });
    await expect(sendMail(server, mail)).rejects.toMatchObject({ code: 'NOTIFY_FAILED', retryable, where: server });
  });

  it('to a server that is not there may go later', async () => {
    await expect(sendMail('127.0.0.1:1', mail)).rejects.toMatchObject({ code: 'NOTIFY_FAILED', retryable: true });
  });
});
