/** A mailbox as the config gives it, and mails for it. */
import type { ImapMailbox } from '../../../src/core/config/shape-reports-imap.ts';
import { Secret } from '../../../src/core/secret.ts';

export const PASSWORD = 'hunter2-of-reports';

export function mailboxAt(port: number, more: Partial<ImapMailbox> = {}): ImapMailbox {
  return {
    host: '127.0.0.1',
    port,
    tls: 'implicit',
    user: 'reports',
    login: { kind: 'password', password: new Secret(PASSWORD) },
    folder: 'INBOX',
    done: 'TLSRPT-done',
    intervalSeconds: 600,
    caFile: null,
    ...more,
  };
}

/** What people send. */
export const letter = Buffer.from('From: a@example.net\r\nTo: reports@example.com\r\nSubject: hello\r\n\r\nHello.\r\n');
