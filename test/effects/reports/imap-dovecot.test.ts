/** The mailbox against Debian's dovecot: what RFC 3501 says, said by a server that nobody here wrote. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import type { ImapMailbox } from '../../../src/core/config/shape-reports-imap.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectMailbox } from '../../../src/effects/reports/imap-mailbox.ts';
import type { MailboxSession } from '../../../src/effects/reports/mailbox.ts';
import { type Dovecot, startDovecot, whyNoDovecot } from '../../servers/dovecot.ts';
import { describeUnless } from '../../servers/programs.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { letter, mailboxAt, PASSWORD } from './mailbox-config.ts';

describeUnless(whyNoDovecot(), 'a mailbox at dovecot', () => {
  const ca = sharedCa();
  let dovecot: Dovecot;
  let users = 0;
  beforeAll(async () => {
    const certificate = ca.issue({ names: ['localhost'] });
    const passwords = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`user${at}`, PASSWORD]));
    dovecot = await startDovecot({ certificate, passwords });
  });
  afterAll(() => dovecot[Symbol.asyncDispose]());

  const newUser = (): string => `user${users++}`;
  const heard = { news: 0, ends: 0 };
  const connect = (more: Partial<ImapMailbox>, signal = new AbortController().signal): Promise<MailboxSession> =>
    connectMailbox(
      mailboxAt(dovecot.port, { host: 'localhost', caFile: ca.file, ...more }),
      { caFile: null, signal },
      { onNews: () => heard.news++, onEnd: () => heard.ends++ },
    );

  it('reads a mail without marking it as read, and moves it to a folder that it makes', async () => {
    const user = newUser();
    dovecot.deliver(user, letter);
    const session = await connect({ user });
    await session.open();
    expect(await session.uids()).toEqual([1]);
    expect(await session.sizes([1])).toEqual(new Map([[1, letter.length]]));
    expect(Buffer.from((await session.fetch(1)) ?? [])).toEqual(letter);
    expect(await session.head(1)).toContain('Subject: hello');
    // `S` behind the comma is \Seen.
    expect(dovecot.mails(user).filter((name) => /,\w*S/.test(name))).toEqual([]);
    await session.move([1]);
    expect(dovecot.mails(user)).toEqual([]);
    expect(dovecot.mails(user, 'TLSRPT-done')).toHaveLength(1);
    expect([await session.fetch(1), await session.head(1), await session.uids()]).toEqual([null, null, []]);
    await session.move([1]);
    await session.close();
  });

  it('gives the beginning of a mail of 30 MB alone', async () => {
    const user = newUser();
    const size = 30 * 2 ** 20;
    dovecot.deliver(user, Buffer.concat([letter, Buffer.alloc(size - letter.length, 'x\r\n')]));
    const session = await connect({ user });
    await session.open();
    expect((await session.sizes([1])).get(1)).toBeGreaterThanOrEqual(size);
    expect((await session.head(1))?.length).toBe(256 * 1024);
    await session.close();
  });

  it('leaves out what it marked, in the next session as well', async () => {
    const user = newUser();
    dovecot.deliver(user, letter);
    const first = await connect({ user });
    await first.open();
    await first.mark(await first.uids());
    await first.close();
    dovecot.deliver(user, letter);
    const second = await connect({ user });
    await second.open();
    expect(await second.uids()).toEqual([2]);
    expect(dovecot.mails(user).filter((name) => /,\w*[STRFD]/.test(name))).toEqual([]);
    await second.close();
  });

  it('is told of a new mail by IDLE', async () => {
    const user = newUser();
    const session = await connect({ user });
    await session.open();
    const { news } = heard;
    dovecot.deliver(user, letter);
    await vi.waitFor(() => expect(heard.news).toBeGreaterThan(news), { timeout: 10_000, interval: 50 });
    expect(await session.uids()).toEqual([1]);
    await session.close();
  });

  it('gives another UIDVALIDITY when the folder was made anew', async () => {
    const user = newUser();
    const validity = async (): Promise<string> => {
      const session = await connect({ user });
      const found = await session.open();
      await session.close();
      return found;
    };
    const before = await validity();
    // Dovecot makes it of the second.
    await vi.waitFor(
      async () => {
        dovecot.renew(user);
        expect(await validity()).not.toBe(before);
      },
      { timeout: 5000, interval: 200 },
    );
  });

  it('upgrades by STARTTLS before it says who it is', async () => {
    const session = await connect({ user: newUser(), tls: 'starttls', port: dovecot.plainPort });
    await session.open();
    await session.close();
  });

  it.each([
    ['a wrong password', { login: { kind: 'password', password: new Secret('wrong-one') } }, 'IMAP_AUTH', false],
    ['a certificate of a CA that nobody knows', { caFile: null }, 'CERT_UNTRUSTED', true],
    ['a certificate for another name', { host: '127.0.0.1' }, 'CERT_NAME', true],
  ] satisfies [string, Partial<ImapMailbox>, string, boolean][])(
    'refuses %s, and says neither password nor command',
    async (_what, more, code, retryable) => {
      const error = await connect({ user: newUser(), ...more }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, retryable });
      expect(JSON.stringify([error, String(error)])).not.toMatch(/wrong-one|hunter2|LOGIN|AUTHENTICATE/);
    },
  );

  it('says which folder is not there', async () => {
    const session = await connect({ user: newUser(), folder: 'Nowhere' });
    await expect(session.open()).rejects.toMatchObject({ code: 'IMAP_REFUSED', retryable: true });
    await session.close();
  });

  it('tells the end of the session when the server goes, and connects to the next one', async () => {
    const user = newUser();
    const session = await connect({ user });
    await session.open();
    const { ends } = heard;
    await dovecot.kill();
    await vi.waitFor(() => expect(heard.ends).toBeGreaterThan(ends), { timeout: 5000, interval: 20 });
    await expect(session.uids()).rejects.toMatchObject({ code: 'IMAP_UNREACHABLE' });
    await expect(connect({ user })).rejects.toMatchObject({ code: 'IMAP_UNREACHABLE', retryable: true });
    await dovecot.restart();
    const next = await connect({ user });
    await next.open();
    await next.close();
  });

  it.each(['fetch', 'head', 'uids', 'sizes', 'move', 'mark'] as const)(
    'tells by %s that the connection broke off, not that the mail is gone',
    async (method) => {
      const user = newUser();
      dovecot.deliver(user, letter);
      const session = await connect({ user });
      await session.open();
      dovecot.freeze();
      const asking =
        method === 'uids'
          ? session.uids()
          : method === 'fetch' || method === 'head'
            ? session[method](1)
            : session[method]([1]);
      const failed = asking.catch((error: unknown) => error);
      await dovecot.kill();
      expect(await failed).toMatchObject({ code: 'IMAP_UNREACHABLE', retryable: true });
      await dovecot.restart();
    },
  );

  it('ends when it is told to, in the middle of whatever', async () => {
    const stop = new AbortController();
    const session = await connect({ user: newUser() }, stop.signal);
    await session.open();
    stop.abort(new Error('enough'));
    await expect(session.uids()).rejects.toThrow('enough');
  });
});
