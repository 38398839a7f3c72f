/** Floor 2. One HTTPS request to a CA: bounded in time and size, nothing followed, nothing repeated (RFC 8555 §6.1). */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { SecureContext } from 'node:tls';

import type { Clock } from '../clock.ts';
import { withDeadline } from '../net/deadline.ts';
import { readBody } from '../net/http-answer.ts';
import type { AcmeAnswer } from './answer.ts';
import { badAnswer, unreachable } from './problem.ts';
import { retryAfterMs } from './retry-after.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_SOCKETS = 16;
/** A connection that idles longer is closed here, before the CA does it under a request of ours. */
const IDLE_MS = 10_000;

export interface AcmeRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly accept: string;
  /** Of a POST: a JWS. */
  readonly body?: string;
}

/** Throws an `AcmeProblem` of scope `network` when there is no whole answer, or the signal's reason. */
export type Transport = (request: AcmeRequest) => Promise<AcmeAnswer>;

export interface TransportOptions {
  readonly trust: SecureContext;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of one request with its answer. */
  readonly timeoutMs: number;
  readonly version: string | undefined;
}

/** Connections are kept between requests, and closed when the signal aborts. */
export function openTransport({ trust, clock, signal, timeoutMs, version }: TransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_MS, secureContext: trust });
  signal.addEventListener('abort', () => agent.destroy(), { once: true });
  // RFC 8555 §6.1 asks for both.
  const common = {
    'User-Agent': `stsync${version === undefined ? '' : `/${version}`} (+ACME client)`,
    'Accept-Language': 'en',
  };
  return async (request) => {
    try {
      return await withDeadline(timeoutMs, signal, async (deadline) => {
        const answer = await send(request, common, agent, deadline);
        const body = await readBody(answer, MAX_BODY_BYTES, deadline);
        if (body !== null) return toAnswer(request.url, answer, body, clock);
        answer.destroy();
        const tooLarge = `more than ${MAX_BODY_BYTES.toLocaleString('en')} bytes`;
        throw badAnswer({ url: request.url, status: answer.statusCode ?? 0 }, tooLarge);
      });
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof Error && 'code' in error && !('scope' in error)
        ? unreachable(error, request.url, timeoutMs)
        : error;
    }
  };
}

function send(
  { method, url, accept, body }: AcmeRequest,
  common: Readonly<Record<string, string>>,
  agent: Agent,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const content =
      body === undefined ? {} : { 'Content-Type': 'application/jose+json', 'Content-Length': Buffer.byteLength(body) };
    const headers = { ...common, Accept: accept, ...content };
    const request = httpsRequest(url, { method, headers, agent, maxHeaderSize: MAX_HEADER_BYTES });
    const abort = (): void => void request.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request
      .on('response', resolve)
      .on('error', reject)
      .on('close', () => signal.removeEventListener('abort', abort))
      .end(body);
  });
}

function toAnswer(url: string, { statusCode, headers }: IncomingMessage, body: Uint8Array, clock: Clock): AcmeAnswer {
  const nonce = headers['replay-nonce'];
  return {
    url,
    status: statusCode ?? 0,
    body,
    mediaType: (headers['content-type'] ?? '').replace(/;.*/s, '').trim().toLowerCase(),
    location: headers.location ?? null,
    // §6.5.1: one that is no base64url is not to be used.
    nonce: typeof nonce === 'string' && /^[\w-]+$/.test(nonce) ? nonce : null,
    retryAfterMs: retryAfterMs(headers['retry-after'], clock.now()),
  };
}
