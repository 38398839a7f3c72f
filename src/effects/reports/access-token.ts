/** Floor 2. Access tokens for mailboxes: by a grant over HTTPS (RFC 6749 §4.4, §6), or from a program of the user's. Nothing they say is repeated but codes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { OAuthGrant } from '../../core/config/shape-oauth.ts';
import { StsyncError } from '../../core/error.ts';
import { errorCode } from '../net/connection.ts';
import { printable } from '../net/printable.ts';

const TIMEOUT_MS = 30_000;
/** Tokens of Microsoft have some 2 kB. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** What RFC 6750 §2.1 lets a token be; one with a control character would be more than a token on the wire. */
const TOKEN = /^[\w.~+/=:-]+$/;

/**
 * A new token. Throws `IMAP_AUTH` where the provider refuses the client or its grant, `IMAP_TOKEN` (retryable) where it does not answer as it should; the
 * signal's reason.
 */
export async function fetchToken(grant: OAuthGrant, signal: AbortSignal): Promise<string> {
  const { tokenUrl, clientId, clientSecret, refreshToken, scope } = grant;
  const form = new URLSearchParams({
    grant_type: refreshToken === null ? 'client_credentials' : 'refresh_token',
    client_id: clientId,
    ...(clientSecret === null ? {} : { client_secret: clientSecret.reveal() }),
    ...(refreshToken === null ? {} : { refresh_token: refreshToken.reveal() }),
    ...(scope === null ? {} : { scope }),
  });
  const answer = await post(tokenUrl, form, signal);
  const fields = fieldsOf(answer.text);
  const token = fields.get('access_token');
  if (answer.isGood && typeof token === 'string' && TOKEN.test(token)) return token;
  const error = fields.get('error');
  const code = typeof error === 'string' ? printable(error, 60) : `status ${answer.status}`;
  // RFC 6749 §5.2: with 400 or 401 the provider has understood, and says no.
  if (typeof error === 'string' && [400, 401, 403].includes(answer.status)) {
    throw new StsyncError('IMAP_AUTH', `${hostOf(tokenUrl)} gives no access token (${code})`, {
      hint: adviceFor(error, refreshToken !== null),
      where: tokenUrl,
    });
  }
  throw new StsyncError('IMAP_TOKEN', `${hostOf(tokenUrl)} gives no access token (${code})`, {
    hint: 'look at `tokenUrl`; it is tried again',
    where: tokenUrl,
    retryable: true,
  });
}

/** What `command` prints, without blanks around it. Throws `IMAP_TOKEN` (retryable), or the signal's reason. */
export async function runTokenCommand(command: readonly string[], signal: AbortSignal): Promise<string> {
  const [program = '', ...args] = command;
  const options = { signal, timeout: TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES, encoding: 'utf8' } as const;
  const failed = (reason: string): StsyncError =>
    new StsyncError('IMAP_TOKEN', `the token command ${program} ${reason}`, {
      hint: 'run it by hand, as the user of stsync: it has to print an access token and nothing else',
      where: program,
      retryable: true,
    });
  let printed: string;
  try {
    ({ stdout: printed } = await promisify(execFile)(program, args, options));
  } catch (error) {
    signal.throwIfAborted();
    // Its message has all arguments in it, and what the program wrote.
    throw failed(endOf(error));
  }
  const token = printed.trim();
  if (!TOKEN.test(token)) throw failed('printed no access token');
  return token;
}

async function post(
  url: string,
  body: URLSearchParams,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly isGood: boolean; readonly text: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { accept: 'application/json' },
      // A secret follows no redirect.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return { status: response.status, isGood: response.ok, text: await textOf(response) };
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error ? error.cause : undefined;
    const reason = errorCode(cause) || (error instanceof Error ? error.name : 'unknown');
    throw new StsyncError('IMAP_TOKEN', `${hostOf(url)} cannot be asked for an access token (${reason})`, {
      hint: 'it is tried again; look at `tokenUrl` and the network',
      where: url,
      retryable: true,
    });
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fieldsOf(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function adviceFor(error: string, isRefresh: boolean): string {
  if (error === 'invalid_grant' && isRefresh)
    return 'the refresh token is over or was taken back: agree once more, and store the new one';
  if (error === 'invalid_client') return 'look at `clientId` and `clientSecret`: a secret may have expired';
  if (error === 'invalid_scope') return 'look at `scope`';
  return 'look at `oauth` of the mailbox, and at the application there';
}

function endOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if (errorCode(error) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed too much';
  if ('killed' in error && error.killed === true) return `did not end within ${TIMEOUT_MS / 1000} s`;
  if ('code' in error && typeof error.code === 'number') return `ended with exit code ${error.code}`;
  return `could not be run (${errorCode(error) || 'a signal ended it'})`;
}
