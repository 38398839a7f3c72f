/**
 * Floor 2. LMTP (RFC 2033) or SMTP for TLS reports: a mail is answered after it was taken in, and never handed on. No TLS: senders deliver reports also
 * where TLS to the report host fails (RFC 8460 §3). Every size and wait has a limit.
 */
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';

import type { Clock } from '../clock.ts';
import { keepListening, type ListenOptions, type Listening } from '../keep-listening.ts';
import { keepListeningAtPath } from '../keep-listening-at-path.ts';
import { MAX_MAIL_BYTES } from './report-files.ts';

/** 250: it is settled. 451: it is to come again. 552: too large; no more of it was read. */
export interface MailAnswer {
  readonly status: 250 | 451 | 552;
  /** In ASCII, for the log of the mail server. */
  readonly text: string;
}

export interface MailListenerOptions extends Pick<ListenOptions, 'clock' | 'onTrouble'> {
  /** `address:port`, or the path of a Unix socket. */
  readonly listen: string;
  readonly protocol: 'lmtp' | 'smtp';
  /** Asked for each recipient; others get 550. */
  readonly isOurs: (address: string) => boolean;
  /** `bytes` null: it was larger than a mail may be. Never throws. */
  readonly take: (bytes: Uint8Array | null) => Promise<MailAnswer>;
  /** A connection that broke, in a word of Node. For the log at its finest. */
  readonly onBroken: (reason: string) => void;
}

const MOST_CLIENTS = 50;
const MOST_RECIPIENTS = 100;
/** Of all mails that come in at one time. */
const MOST_BYTES_AT_ONCE = 128 * 1024 * 1024;
const IDLE_MS = 60_000;
/** For one mail, however slowly it comes; then its bytes are dropped. */
const DATA_MS = 300_000;
/** Postfix uses one again for five minutes. */
const CONNECTION_MS = 900_000;
const CLOSE_MS = 500;

const crowded: MailAnswer = { status: 451, text: 'too much comes in at once, try again' };

/** Listens from now on; an address that cannot be opened is told once and tried again each second. */
export function openMailListener(options: MailListenerOptions): Listening {
  const { listen, protocol, isOurs, clock, onTrouble, onBroken } = options;
  const inbox = new Inbox(options);
  const server = new SMTPServer({
    lmtp: protocol === 'lmtp',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    size: MAX_MAIL_BYTES,
    maxClients: MOST_CLIENTS,
    maxRecipients: MOST_RECIPIENTS,
    disableReverseLookup: true,
    // RFC 2033 section 5 asks for it.
    hideENHANCEDSTATUSCODES: false,
    socketTimeout: IDLE_MS,
    closeTimeout: CLOSE_MS,
    logger: false,
    onRcptTo: ({ address }, _session, done) =>
      done(isOurs(address) ? null : smtpError(550, 'no address for TLS reports of this server')),
    onData: (stream, _session, done) =>
      void inbox
        .take(stream)
        .then(({ status, text }) => (status === 250 ? done(null, text) : done(smtpError(status, text)))),
  });
  server.server.on('connection', (socket) => {
    const cancel = clock.after(CONNECTION_MS, () => socket.destroy());
    socket.once('close', cancel);
  });
  // Those of the listening socket come here too, and are told there.
  server.on('error', (error: Error) => onBroken('code' in error ? String(error.code) : error.name));
  const who = { what: `the ${protocol.toUpperCase()} listener for TLS reports`, key: 'reports.lmtp.listen' };
  const place = { ...who, listen, clock, onTrouble };
  const listening = listen.startsWith('/')
    ? keepListeningAtPath(server.server, place)
    : keepListening(server.server, place);
  return {
    port: listening.port,
    stop: async () => {
      const stopped = listening.stop();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await stopped;
    },
  };
}

/** What comes in, of all connections. */
class Inbox {
  readonly #take: MailListenerOptions['take'];
  readonly #clock: Clock;
  #bytes = 0;

  constructor({ take, clock }: Pick<MailListenerOptions, 'take' | 'clock'>) {
    this.#take = take;
    this.#clock = clock;
  }

  /** Never throws. Who is gone gets no answer. */
  async take(stream: SMTPServerDataStream): Promise<MailAnswer> {
    const chunks: Uint8Array[] = [];
    let [bytes, isCrowded] = [0, false];
    const drop = (): void => {
      this.#bytes -= bytes;
      bytes = 0;
      chunks.length = 0;
    };
    const cancel = this.#clock.after(DATA_MS, () => {
      isCrowded = true;
      drop();
    });
    try {
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        // The library only counts: what is over the limit is read to its end, and dropped.
        if (stream.sizeExceeded || isCrowded) drop();
        else if (this.#bytes + chunk.length > MOST_BYTES_AT_ONCE) isCrowded = true;
        else {
          chunks.push(chunk);
          bytes += chunk.length;
          this.#bytes += chunk.length;
        }
      }
      if (stream.sizeExceeded) {
        const { status, text } = await this.#take(null);
        return status === 250 ? { status: 552, text: 'a mail with a TLS report has at most 25 MiB' } : { status, text };
      }
      return isCrowded ? crowded : await this.#take(Buffer.concat(chunks));
    } catch {
      return crowded;
    } finally {
      cancel();
      drop();
    }
  }
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
