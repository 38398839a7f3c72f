/** Floor 2. Commands and replies of SMTP (RFC 5321 §4.2) as a client, with a bound on all that a stranger may send. */
import type { Socket } from 'node:net';

import { StsyncError } from '../../core/error.ts';
import { printable } from './printable.ts';

/** RFC 5321 §4.5.3.1.5 allows 512 octets; some servers write more. */
const MAX_LINE_BYTES = 4096;
const MAX_REPLY_LINES = 100;
const MAX_SESSION_BYTES = 64 * 1024;

export interface SmtpReply {
  readonly code: number;
  /** The text after the code, line by line, made printable. */
  readonly lines: readonly string[];
}

export interface SmtpSession {
  /**
   * The next reply, of one line or several. Throws `SMTP_PROTOCOL` (the message finishes "HOST at ADDRESS: ") for what is no reply or has no
   * end, Node's error of the socket, or the signal's reason.
   */
  reply(): Promise<SmtpReply>;
  /** Sends one command, and waits for its reply. */
  ask(command: string): Promise<SmtpReply>;
  /** Ends the reading, for TLS to begin. True: there was more than the replies that were asked for. */
  detach(): boolean;
}

/** A session on a connected socket, which the caller destroys. */
export function smtpSession(socket: Socket, signal: AbortSignal): SmtpSession {
  let text = '';
  let received = 0;
  let fault: unknown = null;
  let wake: (() => void) | null = null;

  const fail = (error: unknown): void => {
    fault ??= error;
    socket.pause();
    wake?.();
  };
  const keep = (chunk: Buffer): void => {
    received += chunk.length;
    text += chunk.toString('latin1');
    if (received > MAX_SESSION_BYTES) fail(protocolError(`sent more than ${MAX_SESSION_BYTES / 1024} KiB`));
    wake?.();
  };
  const end = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
  const abort = (): void => fail(signal.reason);
  socket.on('data', keep).on('error', fail).on('end', end).on('close', end);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();

  /** What has come is read before its end is told: a server may say 421 and hang up. */
  const line = async (): Promise<string> => {
    for (;;) {
      const cut = text.indexOf('\n');
      if (cut > MAX_LINE_BYTES || (cut === -1 && text.length > MAX_LINE_BYTES)) {
        throw protocolError(`sent a line of more than ${MAX_LINE_BYTES} bytes`);
      }
      if (cut >= 0) {
        const found = text.slice(0, cut).replace(/\r$/, '');
        text = text.slice(cut + 1);
        return found;
      }
      if (fault !== null) throw fault;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };

  const reply = async (): Promise<SmtpReply> => {
    const lines: string[] = [];
    for (let code: string | null = null; lines.length < MAX_REPLY_LINES;) {
      const one = await line();
      const [, digits, mark, rest = ''] = /^([2-5]\d\d)(?:([ -])(.*))?$/s.exec(one) ?? [];
      if (digits === undefined || (code !== null && digits !== code)) {
        throw protocolError(`what answers is no SMTP: ${JSON.stringify(printable(one, 60))}`);
      }
      code = digits;
      lines.push(printable(rest));
      if (mark !== '-') return { code: Number(digits), lines };
    }
    throw protocolError(`sent a reply of more than ${MAX_REPLY_LINES} lines`);
  };

  return {
    reply,
    ask: (command) => {
      socket.write(`${command}\r\n`);
      return reply();
    },
    detach: () => {
      socket.off('data', keep).off('error', fail).off('end', end).off('close', end);
      signal.removeEventListener('abort', abort);
      return text !== '';
    },
  };
}

function protocolError(message: string): StsyncError {
  return new StsyncError('SMTP_PROTOCOL', message);
}
