/** Floor 2. One talk with an MX host at one address: greeting, EHLO, STARTTLS, its certificate, QUIT (RFC 5321, RFC 3207). */
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { SecureContext } from 'node:tls';

import { StsyncError } from '../core/error.ts';
import { type CertificateFacts, checkCertificate } from './certificate.ts';
import { connectTcp, connectTls, errorCode, socketFault, tlsReason } from './net/connection.ts';
import { withDeadline } from './net/deadline.ts';
import { type SmtpReply, type SmtpSession, smtpSession } from './net/smtp-session.ts';
import type { Target } from './reach.ts';

/**
 * `SMTP_REFUSED`, `SMTP_TIMEOUT`, `SMTP_NO_ROUTE`, `ADDRESS_REFUSED`: the host was not reached, which may be this machine's own network. `SMTP_RESET`,
 * `SMTP_PROTOCOL`: it answered and the talk never came to TLS (421, a block list). `TLS_FAILED`: it offers STARTTLS and no TLS comes of it, so a sender under
 * enforce refuses it like one without.
 */
export type SmtpCode =
  | 'SMTP_REFUSED'
  | 'SMTP_TIMEOUT'
  | 'SMTP_NO_ROUTE'
  | 'SMTP_RESET'
  | 'SMTP_PROTOCOL'
  | 'TLS_FAILED'
  | 'ADDRESS_REFUSED';

export type MxOutcome =
  | {
      readonly kind: 'starttls';
      readonly certificate: CertificateFacts;
      readonly isValidForName: boolean;
      /** Where it is not valid: `expired on 2026-01-31`, `made for a.example, not for mx1.example.com`. */
      readonly reason: string | null;
      /** `TLSv1.3`. */
      readonly protocol: string;
    }
  | { readonly kind: 'no-starttls'; readonly banner: string }
  /** The message finishes "HOST at ADDRESS: ". */
  | { readonly kind: 'failed'; readonly code: SmtpCode; readonly message: string };

/** How far a talk had come, in the words of its time-out. */
type Stage =
  | 'no connection'
  | 'no greeting'
  | 'no answer to EHLO'
  | 'no answer to STARTTLS'
  | 'the TLS handshake did not end';

/** What the talks of one probe share. `heloName`: what EHLO says; undefined: the name of this machine. */
export interface TalkOptions {
  readonly trust: SecureContext;
  readonly timeoutMs: number;
  readonly heloName: string | undefined;
}

/**
 * Talks to `host` at `target` as a sender would, up to its certificate. What goes wrong is an outcome; it throws only the signal's reason, or
 * what this machine lacks (EMFILE).
 */
export async function talkStarttls(
  target: Target,
  host: string,
  options: TalkOptions,
  signal: AbortSignal,
): Promise<MxOutcome> {
  let stage: Stage = 'no connection';
  try {
    return await withDeadline(options.timeoutMs, signal, async (deadline) => {
      const socket = await connectTcp(target.address, target.port, deadline);
      try {
        const session = smtpSession(socket, deadline);
        stage = 'no greeting';
        const greeting = await session.reply();
        if (greeting.code !== 220) return await refusedBy(session, 'the greeting', greeting);
        stage = 'no answer to EHLO';
        const helo = heloOf(options.heloName, socket);
        const ehlo = await session.ask(`EHLO ${helo}`);
        // A server that knows no EHLO knows no STARTTLS (RFC 3207 §4).
        const isOld = ehlo.code === 500 || ehlo.code === 502;
        if (ehlo.code !== 250 && !isOld) return await refusedBy(session, 'the answer to EHLO', ehlo);
        if (isOld || !offersStarttls(ehlo)) {
          await quit(session);
          return { kind: 'no-starttls', banner: greeting.lines[0] ?? '' };
        }
        stage = 'no answer to STARTTLS';
        const ready = await session.ask('STARTTLS');
        if (ready.code !== 220) {
          await quit(session);
          return failed('TLS_FAILED', `it offers STARTTLS and answers it with ${text(ready)}`);
        }
        // What stands behind the answer was sent in clear, by whomever: taken for what comes inside TLS it would be an attack (CVE-2011-0411).
        if (session.detach()) return failed('TLS_FAILED', 'text in clear stands behind the answer to STARTTLS');
        stage = 'the TLS handshake did not end';
        return await overTls(socket, host, helo, options.trust, deadline);
      } finally {
        socket.destroy();
      }
    });
  } catch (error) {
    signal.throwIfAborted();
    if (socketFault(error) === 'local') throw error;
    return failureOf(error, stage, target.port, options.timeoutMs);
  }
}

async function overTls(
  socket: Socket,
  host: string,
  helo: string,
  trust: SecureContext,
  signal: AbortSignal,
): Promise<MxOutcome> {
  const tls = await connectTls(socket, host, trust, signal);
  try {
    const checked = checkCertificate(tls, host, new Date());
    if (checked === null) return failed('TLS_FAILED', 'the TLS handshake failed: the server shows no certificate');
    const protocol = tls.getProtocol() ?? 'unknown';
    await farewell(smtpSession(tls, signal), helo);
    const reason = checked.fault?.reason ?? null;
    return { kind: 'starttls', certificate: checked.facts, isValidForName: reason === null, reason, protocol };
  } finally {
    tls.destroy();
  }
}

/** The own EHLO after TLS (RFC 3207 §4.2) and a polite end. What is known is known, whatever comes back. */
async function farewell(session: SmtpSession, helo: string): Promise<void> {
  try {
    await session.ask(`EHLO ${helo}`);
  } catch {
    return;
  }
  await quit(session);
}

async function quit(session: SmtpSession): Promise<void> {
  try {
    await session.ask('QUIT');
  } catch {
    // It is over either way.
  }
}

async function refusedBy(session: SmtpSession, what: string, reply: SmtpReply): Promise<MxOutcome> {
  await quit(session);
  return failed('SMTP_PROTOCOL', `${what} is ${text(reply)}`);
}

/** The first line of an EHLO reply is the greeting; the others are keywords (RFC 5321 §4.1.1.1). */
function offersStarttls(ehlo: SmtpReply): boolean {
  return ehlo.lines.slice(1).some((line) => /^starttls(?:\s|$)/i.test(line));
}

/** A name with a dot, or the address literal (RFC 5321 §4.1.3): some hosts refuse a bare label. */
function heloOf(given: string | undefined, socket: Socket): string {
  const name = given ?? hostname();
  if (given !== undefined || /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name)) return name;
  const address = socket.localAddress ?? '127.0.0.1';
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}

function failureOf(error: unknown, stage: Stage, port: number, timeoutMs: number): MxOutcome {
  if (error instanceof StsyncError && error.code === 'SMTP_PROTOCOL') return failed(error.code, error.message);
  const fault = socketFault(error);
  if (fault === 'timeout') return failed('SMTP_TIMEOUT', `${stage} within ${timeoutMs / 1000} s at port ${port}`);
  if (stage === 'the TLS handshake did not end') {
    const why = fault === 'tls' ? tlsReason(error) : `the connection was closed (${errorCode(error)})`;
    return failed('TLS_FAILED', `the TLS handshake after STARTTLS failed: ${why}`);
  }
  if (fault === 'refused') return failed('SMTP_REFUSED', `port ${port} refuses the connection (${errorCode(error)})`);
  if (fault === 'no-route') return failed('SMTP_NO_ROUTE', `this machine has no route there (${errorCode(error)})`);
  return failed('SMTP_RESET', `the connection was closed: ${stage} (${errorCode(error)})`);
}

function failed(code: SmtpCode, message: string): MxOutcome {
  return { kind: 'failed', code, message };
}

function text(reply: SmtpReply): string {
  return `${reply.code} ${reply.lines[0] ?? ''}`.trim();
}
