/** Floor 2. One mail, by an SMTP server or by the sendmail of this machine. */
import { createTransport } from 'nodemailer';

import { StsyncError } from '../core/error.ts';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** The same for people who read HTML. */
  readonly html?: string;
  /** `stsync-weekly.example.net`: what a receiver sorts by (RFC 2919). */
  readonly listId?: string;
}

const TIMEOUT_MS = 20_000;
const SMTP_PORT = 25;

/** `server`: HOST or HOST:PORT; null: sendmail. Throws `NOTIFY_FAILED`; `retryable` but for what the server refuses for good (5xx). */
export async function sendMail(server: string | null, { listId, ...mail }: Mail): Promise<void> {
  const where = server ?? 'sendmail';
  // Asks for no automatic answers (RFC 3834 §5).
  const headers = { 'Auto-Submitted': 'auto-generated', ...(listId === undefined ? {} : { 'List-Id': `<${listId}>` }) };
  const message = { ...mail, to: [...mail.to], headers };
  try {
    if (server === null) await createTransport({ sendmail: true, newline: 'unix' }).sendMail(message);
    else await createTransport(smtpOptions(server)).sendMail(message);
  } catch (error) {
    const code = responseCodeOf(error);
    throw new StsyncError('NOTIFY_FAILED', `${where} did not take a mail: ${reasonOf(error)}`, {
      hint: 'look at `server`, `from`, and the address that it goes to',
      where,
      retryable: code === null || code < 500,
    });
  }
}

/** The local mail server is trusted: STARTTLS where it is offered, and no certificate asked of it. */
function smtpOptions(server: string): NonNullable<Parameters<typeof createTransport>[0]> {
  const { hostname, port } = new URL(`smtp://${server}`);
  return {
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: port === '' ? SMTP_PORT : Number(port),
    secure: false,
    tls: { rejectUnauthorized: false },
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  };
}

function responseCodeOf(error: unknown): number | null {
  return error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number'
    ? error.responseCode
    : null;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ENOENT' ? 'there is no such program' : error.message;
}
