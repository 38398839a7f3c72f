/** Floor 2. One folder of an IMAP account, by imapflow: what it holds, and where mails go. To be loaded where a mailbox is configured: it takes a third of a second. */
import { ImapFlow } from 'imapflow';

import type { ImapMailbox } from '../../core/config/shape-reports-imap.ts';
import { loadTrust } from '../trust.ts';
import { fetchToken, runTokenCommand } from './access-token.ts';
import { imapFailure, refusal } from './imap-failure.ts';
import type { MailboxEvents, MailboxSession } from './mailbox.ts';

/** On mails that were looked into and are no TLS reports. Mail programs do not show it. */
const KEYWORD = '$StsyncSeen';
const MAX_LITERAL_BYTES = 26 * 1024 * 1024;
const MAX_HEAD_BYTES = 256 * 1024;
/** So long after the last command the server is asked to tell of news. */
const IDLE_AFTER_MS = 2000;
/** Within the half hour of RFC 2177, and soon enough to see that a server is gone. */
const IDLE_RESTART_MS = 240_000;
const CONNECT_MS = 30_000;
/** A server that does not say goodbye is left without. */
const GOODBYE_MS = 1000;

export interface ConnectWorld {
  /** `world.caFile`. */
  readonly caFile: string | null;
  /** Ends what is under way, and the session. */
  readonly signal: AbortSignal;
}

/**
 * Logs in, over TLS always. Throws `IMAP_AUTH` (not retryable: the account is refused), `IMAP_TOKEN`, `IMAP_UNREACHABLE`, `IMAP_REFUSED`, `CERT_*`, `TLS_FAILED`,
 * `CA_FILE_UNREADABLE`, or the signal's reason. Methods of the session throw `IMAP_UNREACHABLE` when the connection is gone and `IMAP_REFUSED` when the server says no.
 */
export async function connectMailbox(
  mailbox: ImapMailbox,
  world: ConnectWorld,
  events: MailboxEvents,
): Promise<MailboxSession> {
  const { signal } = world;
  const secret = await secretOf(mailbox, signal);
  signal.throwIfAborted();
  const { host, port, user, caFile, tls } = mailbox;
  const client = new ImapFlow({
    host,
    port,
    ...(tls === 'implicit' ? { secure: true } : { secure: false, doSTARTTLS: true }),
    tls: { secureContext: loadTrust(caFile ?? world.caFile) },
    auth: { user, ...(mailbox.login.kind === 'password' ? { pass: secret } : { accessToken: secret }) },
    logger: false,
    clientInfo: { name: 'stsync' },
    autoIdleDelay: IDLE_AFTER_MS,
    maxIdleTime: IDLE_RESTART_MS,
    connectionTimeout: CONNECT_MS,
    maxLiteralSize: MAX_LITERAL_BYTES,
    maxResponseSize: MAX_LITERAL_BYTES + 2 ** 20,
  });
  const close = (): void => client.close();
  signal.addEventListener('abort', close, { once: true });
  // Unheard, it would end stsync. `close` comes after it.
  client.on('error', () => undefined);
  client.on('exists', ({ count, prevCount }) => {
    if (count > prevCount) events.onNews();
  });
  client.on('close', () => {
    signal.removeEventListener('abort', close);
    events.onEnd();
  });
  try {
    await client.connect();
  } catch (error) {
    signal.removeEventListener('abort', close);
    close();
    signal.throwIfAborted();
    throw imapFailure(error, mailbox, 'login', secret);
  }
  return sessionOf(client, mailbox, secret, signal);
}

/** Access tokens live an hour or so: each connection has one of its own. */
async function secretOf({ login }: ImapMailbox, signal: AbortSignal): Promise<string> {
  if (login.kind === 'password') return login.password.reveal();
  return login.kind === 'oauth' ? fetchToken(login.grant, signal) : runTokenCommand(login.command, signal);
}

function sessionOf(client: ImapFlow, mailbox: ImapMailbox, secret: string, signal: AbortSignal): MailboxSession {
  let canMark = false;
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      if (!client.usable) throw gone();
      const result = await work();
      // Without a connection some commands give nothing, and others an empty list: that says nothing about the folder.
      if (!client.usable) throw gone();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      throw imapFailure(client.usable ? error : gone(), mailbox, 'work', secret);
    }
  };
  return {
    open: () =>
      told(async () => {
        const { uidValidity, permanentFlags, readOnly } = await client.mailboxOpen(mailbox.folder);
        if (readOnly === true) throw refusal(mailbox, `the folder ${mailbox.folder} can only be read`);
        canMark = permanentFlags?.has(String.raw`\*`) === true || permanentFlags?.has(KEYWORD) === true;
        return uidValidity.toString();
      }),
    uids: () =>
      told(async () => {
        const query = { deleted: false, ...(canMark ? { unKeyword: KEYWORD } : {}) };
        const uids = await client.search(query, { uid: true });
        if (uids === false || uids === undefined)
          throw refusal(mailbox, `the folder ${mailbox.folder} cannot be searched`);
        return uids.toSorted((a, b) => a - b);
      }),
    sizes: (uids) =>
      told(async () => {
        const sizes = new Map<number, number>();
        for await (const { uid, size } of client.fetch([...uids], { uid: true, size: true }, { uid: true }))
          if (size !== undefined) sizes.set(uid, size);
        return sizes;
      }),
    head: (uid) =>
      told(async () => {
        const mail = await client.fetchOne(
          String(uid),
          { source: { start: 0, maxLength: MAX_HEAD_BYTES } },
          { uid: true },
        );
        return mail === false ? null : (mail.source?.toString('latin1') ?? null);
      }),
    fetch: (uid) =>
      told(async () => {
        // BODY.PEEK: it stays unread.
        const mail = await client.fetchOne(String(uid), { source: true }, { uid: true });
        return mail === false ? null : (mail.source ?? null);
      }),
    mark: (uids) =>
      told(async () => {
        if (canMark && uids.length > 0) await client.messageFlagsAdd([...uids], [KEYWORD], { uid: true, silent: true });
      }),
    move: (uids) => told(() => move(client, mailbox, uids)),
    close: async () => {
      const goodbye = client.logout().catch(() => undefined);
      const late = new Promise<void>((resolve) => void setTimeout(resolve, GOODBYE_MS).unref());
      await Promise.race([goodbye, late]);
      client.close();
    },
  };
}

/** The folder is made when the server has none: RFC 3501 §6.4.7 [TRYCREATE]. */
async function move(client: ImapFlow, mailbox: ImapMailbox, uids: readonly number[]): Promise<void> {
  if (uids.length === 0) return;
  const { done } = mailbox;
  if (await client.messageMove([...uids], done, { uid: true })) return;
  const isMade = (await client.mailboxCreate(done)).created;
  if (isMade && (await client.messageMove([...uids], done, { uid: true }))) return;
  throw refusal(mailbox, `mails cannot be moved to the folder ${done}`);
}

/** As imapflow has it. */
function gone(): Error {
  return Object.assign(new Error('closed'), { code: 'NoConnection' });
}
