/** Floor 2. What the errors of imapflow say. They hold the command that was sent, so only what is known to be harmless is taken from them, and never the error itself. */
import type { ImapMailbox } from '../../core/config/shape-reports-imap.ts';
import { StsyncError } from '../../core/error.ts';
import { REDACTED } from '../../core/secret.ts';
import { errorCode } from '../net/connection.ts';
import { printable } from '../net/printable.ts';

/** RFC 5530 §3: the server refuses for now. */
const FOR_NOW = ['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG'];

type CertificateCode = 'CERT_UNTRUSTED' | 'CERT_EXPIRED' | 'CERT_NAME';

/** Codes of Node's TLS. */
const CERTIFICATE_CODES: ReadonlyMap<string, CertificateCode> = new Map([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_UNTRUSTED'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_UNTRUSTED'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'CERT_UNTRUSTED'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'CERT_UNTRUSTED'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_UNTRUSTED'],
  ['CERT_HAS_EXPIRED', 'CERT_EXPIRED'],
  ['CERT_NOT_YET_VALID', 'CERT_EXPIRED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_NAME'],
]);

const CERTIFICATE_HINTS: Readonly<Record<CertificateCode, string>> = {
  CERT_UNTRUSTED: 'name the CA of the server as `caFile` of the mailbox',
  CERT_EXPIRED: 'renew the certificate of the server, or correct the clock',
  CERT_NAME: 'write as `host` a name that the certificate of the server holds',
};

/** `during`: a refusal is of the account, or of one command. `secret`: what was used to log in, should the server repeat it. */
export function imapFailure(
  error: unknown,
  mailbox: ImapMailbox,
  during: 'login' | 'work',
  secret: string,
): StsyncError {
  if (error instanceof StsyncError) return error;
  const code = errorCode(error);
  const certificate = CERTIFICATE_CODES.get(code);
  const where = whereOf(mailbox);
  if (certificate !== undefined) {
    const message = `the certificate of ${where} is not good (${code})`;
    return new StsyncError(certificate, message, { hint: CERTIFICATE_HINTS[certificate], where, retryable: true });
  }
  if (/^ERR_(?:SSL|TLS)_|^EPROTO$/.test(code)) {
    const message = `${where} and stsync agree on no TLS (${code})`;
    const hint = 'port 993 wants `tls: implicit`, port 143 `tls: starttls`; TLS 1.2 or newer';
    return new StsyncError('TLS_FAILED', message, { hint, where, retryable: true });
  }
  const said = saidBy(error, secret);
  if (textField(error, 'responseStatus') !== null || hasFlag(error, 'authenticationFailed'))
    return refused(mailbox, during, textField(error, 'serverResponseCode'), said);
  const reason = code === '' ? said : code;
  return new StsyncError(
    'IMAP_UNREACHABLE',
    `the connection to ${where} failed or broke off (${reason || 'unknown'})`,
    {
      hint: 'it is tried again; look at `host` and `port`, and at the log of the server',
      where,
      retryable: true,
    },
  );
}

/** The server says no to what stsync needs. */
export function refusal(mailbox: ImapMailbox, message: string): StsyncError {
  const where = whereOf(mailbox);
  return new StsyncError('IMAP_REFUSED', `${where}: ${printable(message, 200)}`, {
    hint: 'look at `folder` and `done`, and at what the account may do there; it is tried again',
    where,
    retryable: true,
  });
}

function refused(
  mailbox: ImapMailbox,
  during: 'login' | 'work',
  responseCode: string | null,
  said: string,
): StsyncError {
  if (during === 'work' || FOR_NOW.includes(responseCode ?? '')) return refusal(mailbox, `the server says: ${said}`);
  const where = whereOf(mailbox);
  const message = `${where} refuses the login (${[responseCode, said].filter(Boolean).join(' ')})`;
  return new StsyncError('IMAP_AUTH', message, { hint: adviceFor(mailbox), where });
}

function adviceFor({ login }: ImapMailbox): string {
  if (login.kind === 'password')
    return 'look at `user` and `password`; where the account has a second factor, the server wants an app password or `oauth`';
  return 'look at `user` and `scope`, and whether the application may read this mailbox by IMAP';
}

function whereOf({ host, port }: ImapMailbox): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What the server said, or imapflow by itself: never a command. */
function saidBy(error: unknown, secret: string): string {
  if (!(error instanceof Error)) return '';
  const text = textField(error, 'responseText') ?? textField(error, 'response') ?? error.message;
  return printable(text.replaceAll(secret, REDACTED), 160);
}

function textField(error: unknown, name: string): string | null {
  const value: unknown = error instanceof Error ? new Map<string, unknown>(Object.entries(error)).get(name) : null;
  return typeof value === 'string' && value !== '' ? value : null;
}

function hasFlag(error: unknown, name: string): boolean {
  return error instanceof Error && new Map<string, unknown>(Object.entries(error)).get(name) === true;
}
