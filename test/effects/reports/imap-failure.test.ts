/** What becomes of the errors of imapflow: a code, a cure, and nothing of what was sent. */
import { describe, expect, it } from 'vitest';

import { StsyncError } from '../../../src/core/error.ts';
import { imapFailure } from '../../../src/effects/reports/imap-failure.ts';
import { mailboxAt } from './mailbox-config.ts';

const SECRET = 'hunter2-token';

function failureOf(fields: object, during: 'login' | 'work' = 'work'): StsyncError {
  const error = Object.assign(new Error('Command failed'), { executedCommand: `2 LOGIN reports ${SECRET}` }, fields);
  return imapFailure(error, mailboxAt(993, { host: '2001:db8::1' }), during, SECRET);
}

describe('an error of the mail server', () => {
  it.each([
    [{ authenticationFailed: true, responseStatus: 'NO', responseText: 'no' }, 'login', 'IMAP_AUTH', false],
    [
      { authenticationFailed: true, serverResponseCode: 'UNAVAILABLE', responseStatus: 'NO' },
      'login',
      'IMAP_REFUSED',
      true,
    ],
    [{ authenticationFailed: true, serverResponseCode: 'LIMIT', responseStatus: 'NO' }, 'login', 'IMAP_REFUSED', true],
    [{ responseStatus: 'NO', responseText: 'no such folder' }, 'work', 'IMAP_REFUSED', true],
    [{ code: 'NoConnection' }, 'work', 'IMAP_UNREACHABLE', true],
    [{ code: 'ECONNREFUSED' }, 'login', 'IMAP_UNREACHABLE', true],
    [{ code: 'CONNECT_TIMEOUT' }, 'login', 'IMAP_UNREACHABLE', true],
    [{ code: 'CERT_HAS_EXPIRED' }, 'login', 'CERT_EXPIRED', true],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'login', 'CERT_UNTRUSTED', true],
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'login', 'TLS_FAILED', true],
    [{}, 'login', 'IMAP_UNREACHABLE', true],
  ] as const)('%j at %s is %s', (fields, during, code, retryable) => {
    const failure = failureOf(fields, during);
    expect(failure).toMatchObject({ code, retryable, where: '[2001:db8::1]:993' });
    expect(failure.hint).toBeTruthy();
    expect(JSON.stringify([failure, String(failure), String(failure.cause)])).not.toContain(SECRET);
  });

  it('says what the server said, without escape sequences and without a secret that it repeats', () => {
    const said = failureOf({ responseStatus: 'NO', responseText: `\u001b[2Jbad token ${SECRET}` }).message;
    expect(said).toContain('bad token [redacted]');
    expect(said).not.toContain('\u001b');
  });

  it('leaves our own errors as they are', () => {
    const own = new StsyncError('IMAP_REFUSED', 'no');
    expect(imapFailure(own, mailboxAt(993), 'work', SECRET)).toBe(own);
  });
});
