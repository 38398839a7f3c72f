/**
 * Floor 2. What a person reads when a policy cannot be fetched: code, message and cure. Each message finishes "HOST at ADDRESS: ".
 */
import type { CertificateCode, CertificateFault } from './certificate.ts';
import { errorCode, socketFault, tlsReason } from './net/connection.ts';
import { printable } from './net/printable.ts';
import { refusalHint } from './reach.ts';

export type FetchCode =
  | 'HTTPS_REFUSED'
  | 'HTTPS_TIMEOUT'
  | 'HTTPS_NO_ROUTE'
  | 'HTTPS_RESET'
  | 'HTTPS_STATUS'
  | 'HTTPS_REDIRECT'
  | 'HTTPS_TOO_LARGE'
  | 'HTTPS_HTML'
  | CertificateCode
  | 'TLS_FAILED'
  | 'ADDRESS_REFUSED';

/** How far a fetch had come. */
export type Stage = 'connect' | 'handshake' | 'answer' | 'body';

export interface FetchFailure {
  readonly code: FetchCode;
  readonly message: string;
  readonly hint: string | null;
  readonly status?: number;
  readonly location?: string;
}

const WAITED_FOR: Readonly<Record<Stage, string>> = {
  connect: 'no connection',
  handshake: 'the TLS handshake did not end',
  answer: 'no answer to the request',
  body: 'the body did not end',
};

/** Of an error of the socket, of TLS or of the HTTP parser. */
export function socketFailure(error: unknown, stage: Stage, port: number, timeoutMs: number): FetchFailure {
  switch (socketFault(error)) {
    case 'refused':
      return {
        code: 'HTTPS_REFUSED',
        message: `port ${port} refuses the connection (${errorCode(error)})`,
        hint: 'let the web server listen there and the firewall pass it, or take the address out of DNS',
      };
    case 'timeout':
      return {
        code: 'HTTPS_TIMEOUT',
        message: `${WAITED_FOR[stage]} within ${timeoutMs / 1000} s at port ${port}`,
        hint:
          stage === 'connect'
            ? 'open the port to the whole Internet, or take the address out of DNS'
            : 'serve the file quickly: senders wait a minute at most (RFC 8461 §3.3)',
      };
    case 'no-route':
      return {
        code: 'HTTPS_NO_ROUTE',
        message: `this machine has no route there (${errorCode(error)})`,
        hint: 'run stsync where both IPv4 and IPv6 lead out, or take an address that nobody reaches out of DNS',
      };
    case 'tls':
      return tlsFailure(error);
    case 'reset':
    case 'local':
      return brokenFailure(error, stage);
  }
}

function brokenFailure(error: unknown, stage: Stage): FetchFailure {
  const code = errorCode(error);
  const [message, hint] = code.startsWith('HPE_')
    ? [`what answers is no HTTP/1.1 (${code})`, 'look at what listens at that port, and at the proxy before it']
    : stage === 'body'
      ? [
          'the body broke off, or its chunks are malformed',
          'look at the log of the web server and of the proxy before it',
        ]
      : [
          `the connection was closed ${stage === 'answer' ? 'without an answer' : 'in the TLS handshake'} (${code})`,
          stage === 'answer'
            ? 'look at the log of the web server: a filter may close connections that it takes for bots'
            : 'look at the log of the web server: it may have no certificate for this name',
        ];
  return { code: 'HTTPS_RESET', message, hint };
}

/** TLS itself failed, so no certificate was seen. */
function tlsFailure(error: unknown): FetchFailure {
  const code = errorCode(error);
  const hint = /WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|RECORD/.test(code)
    ? 'what listens there does not speak TLS: let the web server serve HTTPS at that port'
    : /PROTOCOL/.test(code)
      ? 'let the server speak TLS 1.2 or 1.3 and HTTP/1.1'
      : 'the server may have no certificate for this name: get one, and look at its log';
  return { code: 'TLS_FAILED', message: `the TLS handshake failed: ${tlsReason(error)}`, hint };
}

export function noCertificateFailure(): FetchFailure {
  return {
    code: 'TLS_FAILED',
    message: 'the TLS handshake failed: the server shows no certificate',
    hint: 'give the server a certificate for this name',
  };
}

export function certificateFailure({ code, reason, hint }: CertificateFault): FetchFailure {
  return { code, message: `the certificate is not valid: ${reason}`, hint };
}

export function refusedAddressFailure(refusal: string): FetchFailure {
  return { code: 'ADDRESS_REFUSED', message: `the address is ${refusal}, and not asked`, hint: refusalHint };
}

export function statusFailure(status: number, location: string | undefined, host: string): FetchFailure {
  if (status >= 300 && status < 400 && location !== undefined) {
    const to = printable(location);
    return {
      code: 'HTTPS_REDIRECT',
      message: `the answer is a redirect (${status}) to ${to}, which senders do not follow (RFC 8461 §3.3)`,
      hint: `serve the file itself at https://${host}/.well-known/mta-sts.txt`,
      status,
      location: to,
    };
  }
  const hint = [401, 403, 407, 429, 503].includes(status)
    ? 'let no login, bot check, country filter or rate limit stand before the file: senders cannot pass it'
    : `serve the file at https://${host}/.well-known/mta-sts.txt with status 200`;
  return { code: 'HTTPS_STATUS', message: `the answer has status ${status}, not 200`, hint, status };
}

export function tooLargeFailure(maxBytes: number): FetchFailure {
  return {
    code: 'HTTPS_TOO_LARGE',
    message: `the body has more than ${maxBytes.toLocaleString('en')} bytes`,
    hint: 'serve the policy alone: senders stop at 64 kilobytes (RFC 8461 §3.3)',
  };
}

export function htmlFailure(mediaType: string | null): FetchFailure {
  const type = mediaType === null ? '' : ` (${printable(mediaType)})`;
  return {
    code: 'HTTPS_HTML',
    message: `the answer is a web page${type}, not a policy`,
    hint: 'serve the file as text/plain, before any page that answers every path',
  };
}
