/** Floor 2. One question to one server and what came of it: what UDP and TCP have in common. */
import { randomInt } from 'node:crypto';

import { answersQuestion, decodeMessage, type Message } from './decode-message.ts';
import type { Query } from './encode-query.ts';
import type { Endpoint } from './endpoint.ts';

/** Why a server gave no answer that can be used. docs/errors.md has a row for each. */
export type DnsFailureCode =
  | 'DNS_TIMEOUT'
  | 'DNS_SERVFAIL'
  | 'DNS_REFUSED'
  | 'DNS_LAME'
  | 'DNS_UNREACHABLE'
  | 'DNS_MALFORMED';

export interface DnsFailure {
  readonly kind: 'failed';
  readonly code: DnsFailureCode;
  readonly message: string;
}

export type Exchanged = { readonly kind: 'message'; readonly message: Message } | DnsFailure;

/** UDP or TCP. Never throws; `close` ends what is under way as `DNS_UNREACHABLE`. */
export interface Transport {
  exchange(endpoint: Endpoint, query: Query, timeoutMs: number): Promise<Exchanged>;
  close(): void;
}

export function dnsFailure(code: DnsFailureCode, message: string): DnsFailure {
  return { kind: 'failed', code, message };
}

/** What stands in for answers once the resolver is closed. */
export const closedFailure = dnsFailure('DNS_UNREACHABLE', 'the resolver is closed');

/** A new random id (RFC 5452 §9.2) that none of `taken` has. */
export function randomId(taken: { has(id: number): boolean } = new Set<number>()): number {
  for (;;) {
    const id = randomInt(0x10000);
    if (!taken.has(id)) return id;
  }
}

/**
 * Judges bytes that came from the server under the id of the query. Null: the answer to something else (or a query), to be ignored, since
 * it may be forged and the true answer on its way.
 */
export function judge(bytes: Buffer, query: Query, from: Endpoint): Exchanged | null {
  const decoded = decodeMessage(bytes);
  if (decoded.kind === 'malformed') {
    return dnsFailure('DNS_MALFORMED', `${from.text} sent what is not a DNS message: ${decoded.reason}`);
  }
  const { message } = decoded;
  return message.isResponse && answersQuestion(message, query.name, query.type) ? decoded : null;
}

/** In place of a time-out when answers to something else came. */
export function otherQuestion(from: Endpoint): DnsFailure {
  return dnsFailure('DNS_MALFORMED', `${from.text} answered another question than the one asked`);
}

/** A refusal of the network: closed port, no route. */
export function unreachable(from: Endpoint, error: Error): DnsFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return dnsFailure('DNS_UNREACHABLE', `${from.text} cannot be reached: ${code}`);
}

export function timedOut(from: Endpoint, timeoutMs: number): DnsFailure {
  return dnsFailure('DNS_TIMEOUT', `${from.text} did not answer within ${timeoutMs / 1000} s`);
}
