/** Floor 0. `reports.imap`, the mailboxes that TLS reports are taken from. TLS always: there is no key that sends a password in the clear. */
import { parseHostName } from '../names.ts';
import { failed, parsed, type Parsed } from '../result.ts';
import type { Secret } from '../secret.ts';
import { parseAddress } from './addresses.ts';
import { makeFault } from './fault.ts';
import { isFaulty } from './publisher-host.ts';
import { choice, duration, number, parsedText, path, type Reader, text, transform } from './readers.ts';
import { byKind, listOf, notEmpty, object, plainList } from './readers-composed.ts';
import { secretText } from './secret-text.ts';
import { type OAuthGrant, oauthReader } from './shape-oauth.ts';
import { type Located, placeOf } from './source-text.ts';

/** One folder of one account. */
export interface ImapMailbox {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte. `starttls`: the connection begins in the clear, and nothing is said before it is TLS (RFC 3501 §6.2.1). */
  readonly tls: 'implicit' | 'starttls';
  readonly user: string;
  readonly login: MailboxLogin;
  readonly folder: string;
  /** Where mails go when what they hold is stored. Never `folder`. */
  readonly done: string;
  readonly intervalSeconds: number;
  /** Beside the public roots; null: `world.caFile`. Absolute. */
  readonly caFile: string | null;
}

export type MailboxLogin =
  | { readonly kind: 'password'; readonly password: Secret }
  | { readonly kind: 'oauth'; readonly grant: OAuthGrant }
  /** A program and its arguments, which prints an access token. */
  | { readonly kind: 'command'; readonly command: readonly string[] };

const IMPLICIT_PORT = 993;
const STARTTLS_PORT = 143;
const DAY = 86_400;

const mailbox: Reader<ImapMailbox> = transform(
  object(
    {
      host: { reader: parsedText('a host name or an address', parseHost), about: 'The IMAP server.' },
      port: { reader: number(1, 65_535), about: 'Its port (default 993; 143 with `tls: starttls`).' },
      tls: {
        reader: choice(['implicit', 'starttls']),
        about: 'implicit: TLS from the start (default). starttls: TLS before anything else is said, or nothing is.',
      },
      user: { reader: text('the name of an account'), about: 'The account.' },
      password: { reader: secretText(), about: 'Its password, or an app password, as ${env:NAME} or ${file:PATH}.' },
      oauth: { reader: oauthReader, about: 'How access tokens are got in place of a password.' },
      tokenCommand: {
        reader: notEmpty(plainList('a list of a program and its arguments', text('a word of a command'))),
        about: 'A program that prints an access token, run without shell before each login.',
      },
      folder: { reader: text('the name of a folder'), about: 'Where reports come (default INBOX).' },
      done: {
        reader: text('the name of a folder'),
        about: 'Where mails with reports go when these are stored (default TLSRPT-done); made where it is missing.',
      },
      interval: { reader: duration(60, DAY), about: 'How often it is looked at besides (default 10m).' },
      caFile: { reader: path(), about: 'Certificates that the server is trusted by, beside the public roots.' },
    },
    {
      what: 'a mailbox',
      required: ['host', 'user'],
      exactlyOneOf: [['password', 'oauth', 'tokenCommand']],
    },
  ),
  (values, _node, _label, reading): ImapMailbox | undefined => {
    const { host, port, tls, user, folder, done, interval, caFile } = values;
    const login = loginOf(values, reading);
    if (
      host?.value === undefined ||
      user?.value === undefined ||
      login === undefined ||
      Object.values(values).some(isFaulty)
    )
      return undefined;
    const box = { folder: folder?.value ?? 'INBOX', done: done?.value ?? 'TLSRPT-done' };
    const second = done ?? folder;
    // Mails would be read again and again.
    if (second !== undefined && sameFolder(box.folder, box.done)) {
      const message = '`done` is the folder that mails come to';
      reading.faults.push(makeFault(placeOf(second), 'BAD_VALUE', message, 'name another one'));
    }
    return {
      ...box,
      host: host.value,
      port: port?.value ?? (tls?.value === 'starttls' ? STARTTLS_PORT : IMPLICIT_PORT),
      tls: tls?.value ?? 'implicit',
      user: user.value,
      login,
      intervalSeconds: interval?.value ?? 600,
      caFile: caFile?.value ?? null,
    };
  },
);

interface LoginValues {
  readonly password?: Located<Secret>;
  readonly oauth?: Located<OAuthGrant>;
  readonly tokenCommand?: Located<readonly string[]>;
}

/** A program with a slash in its name is a path, from the file that names it. */
function loginOf(
  { password, oauth: grant, tokenCommand }: LoginValues,
  reading: { readonly path: (value: string) => string },
): MailboxLogin | undefined {
  if (password?.value !== undefined) return { kind: 'password', password: password.value };
  if (grant?.value !== undefined) return { kind: 'oauth', grant: grant.value };
  const [program, ...rest] = tokenCommand?.value ?? [];
  if (program === undefined) return undefined;
  return { kind: 'command', command: [program.includes('/') ? reading.path(program) : program, ...rest] };
}

/** `reports.imap`: a mailbox, or a list of them. */
export const imapReader: Reader<readonly ImapMailbox[]> = byKind('a mailbox, or a list of them', {
  map: transform(mailbox, (one): readonly ImapMailbox[] => [one]),
  list: transform(listOf('a list of mailboxes', mailbox), (list, _node, _label, reading) => {
    const seen = new Set<string>();
    for (const located of list) {
      if (located.value === undefined) continue;
      const { host, port, user, folder } = located.value;
      const identity = JSON.stringify([host, port, user, folder]);
      if (seen.has(identity)) {
        const message = `the folder ${folder.slice(0, 60)} of ${user.slice(0, 60)} stands here a second time`;
        reading.faults.push(makeFault(placeOf(located), 'BAD_VALUE', message, 'keep one of them'));
      }
      seen.add(identity);
    }
    return list.flatMap(({ value }) => (value === undefined ? [] : [value]));
  }),
});

/** INBOX in any case is one folder (RFC 3501 §5.1). */
function sameFolder(a: string, b: string): boolean {
  return a === b || (a.toUpperCase() === 'INBOX' && b.toUpperCase() === 'INBOX');
}

function parseHost(value: string): Parsed<string> {
  if (parseAddress(value).ok || parseHostName(value).ok) return parsed(value);
  return failed('BAD_ADDRESS', `"${value.slice(0, 60)}" is neither a host name nor an address`, {
    hint: 'write "imap.example.net"; the port has a key of its own',
  });
}
