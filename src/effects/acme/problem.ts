/** Floor 2. What goes wrong with a CA, as one error that says what it stops (RFC 8555 §6.7, RFC 7807). */
import type { ErrorCode } from '../../core/codes.ts';
import { StsyncError } from '../../core/error.ts';
import { errorCode, socketFault, tlsReason } from '../net/connection.ts';
import { printable } from '../net/printable.ts';
import type { AcmeAnswer } from './answer.ts';
import { type JsonObject, listOf, objectOf, parseObject, textOf, urlOf } from './json.ts';
import { type AcmeScope, type AcmeSubject, scopeOf } from './scope.ts';

/** Of one name of an order (RFC 8555 §6.7.1). */
export interface Subproblem {
  readonly type: string;
  readonly detail: string;
  /** The name that it is about, or null. */
  readonly host: string | null;
}

export interface ProblemFacts {
  /**
   * The last part of `urn:ietf:params:acme:error:rateLimited`, or, where no CA said anything: `unreachable` (no answer), `badAnswer` (no ACME),
   * `stillPending` and `stillProcessing` (the CA was asked long enough: ask again by the URL of the order).
   */
  readonly type: string;
  /** Of HTTP; 0 when there was none. */
  readonly status: number;
  /** The CA's words, one line of visible ASCII. */
  readonly detail: string;
  readonly subproblems: readonly Subproblem[];
  readonly retryAfterMs: number | null;
  readonly scope: AcmeScope;
}

/** For each scope the code, whether the same call may succeed later, and what to do. */
const SCOPES: Readonly<
  Record<AcmeScope, { readonly code: ErrorCode; readonly isRetryable: boolean; readonly hint: string }>
> = {
  account: {
    code: 'ACME_ACCOUNT',
    isRetryable: false,
    hint: 'correct `certificates` in the YAML, or ask the CA about the account',
  },
  queue: { code: 'ACME_BUSY', isRetryable: true, hint: 'nothing: orders go on when the CA allows it' },
  domain: { code: 'ACME_REFUSED', isRetryable: false, hint: 'correct what the CA names; the next try comes by itself' },
  network: {
    code: 'ACME_FAILED',
    isRetryable: true,
    hint: 'nothing, if it passes; else look at the address of the directory and at `world.caFile`',
  },
};

const RETRYABLE_TYPES = ['stillPending', 'stillProcessing', 'orderNotReady'];
const MAX_DETAIL = 400;

/**
 * `ACME_ACCOUNT`, `ACME_BUSY`, `ACME_REFUSED` or `ACME_FAILED`, by `scope`. The scheduler goes by `scope` and `retryAfterMs`; no message holds a
 * key or a signature.
 */
export class AcmeProblem extends StsyncError implements ProblemFacts {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  readonly subproblems: readonly Subproblem[];
  readonly retryAfterMs: number | null;
  readonly scope: AcmeScope;

  constructor(
    facts: ProblemFacts,
    more: { readonly where: string; readonly hint?: string | null; readonly cause?: unknown },
  ) {
    const { code, isRetryable, hint } = SCOPES[facts.scope];
    super(code, messageOf(facts), {
      hint: more.hint ?? hint,
      where: more.where,
      retryable: isRetryable || RETRYABLE_TYPES.includes(facts.type),
      ...(facts.retryAfterMs === null ? {} : { retryAfterSeconds: Math.ceil(facts.retryAfterMs / 1000) }),
      cause: more.cause,
    });
    this.type = facts.type;
    this.status = facts.status;
    this.detail = facts.detail;
    this.subproblems = facts.subproblems;
    this.retryAfterMs = facts.retryAfterMs;
    this.scope = facts.scope;
  }
}

/** Of an answer whose status is none of success. `retryAfterMs`: as its head says. */
export function problemOfAnswer(answer: AcmeAnswer, subject: AcmeSubject): AcmeProblem {
  const { status, url, retryAfterMs } = answer;
  const document = parseObject(answer.body);
  // A page of a proxy or of a firewall is not the CA's word about anything.
  if (document === null || textOf(document['type']) === null) {
    const type = status === 429 ? 'rateLimited' : 'badAnswer';
    const detail = `HTTP ${status} without a problem document (${printable(answer.mediaType || 'no media type')})`;
    const scope = status === 429 ? 'queue' : 'network';
    return new AcmeProblem({ type, status, detail, subproblems: [], retryAfterMs, scope }, { where: url });
  }
  return problemOfDocument(document, { status, url, retryAfterMs }, subject);
}

/** Of a problem document, in an answer or in a challenge or order that failed (RFC 8555 §7.1.3, §8). */
export function problemOfDocument(
  document: JsonObject,
  at: { readonly status: number; readonly url: string; readonly retryAfterMs: number | null },
  subject: AcmeSubject,
): AcmeProblem {
  const type = typeOf(document['type']);
  const status = typeof document['status'] === 'number' ? document['status'] : at.status;
  const subproblems = listOf(document['subproblems'], subproblemOf);
  const facts = { type, status, detail: detailOf(document), subproblems, retryAfterMs: at.retryAfterMs };
  return new AcmeProblem(
    { ...facts, scope: scopeOf(type, at.status, subject) },
    { where: at.url, hint: instanceHint(type, document) },
  );
}

/** A connection that did not come about, broke, or gave no answer in time. */
export function unreachable(error: unknown, url: string, timeoutMs: number): AcmeProblem {
  const fault = socketFault(error);
  const reason =
    fault === 'timeout'
      ? `no answer within ${timeoutMs / 1000} s`
      : fault === 'tls'
        ? `TLS failed: ${tlsReason(error)}`
        : errorCode(error);
  const facts = { type: 'unreachable', status: 0, detail: printable(reason), subproblems: [], retryAfterMs: null };
  return new AcmeProblem({ ...facts, scope: 'network' }, { where: url, cause: error });
}

/** An answer that a CA does not give. `detail`: what is wrong with it. */
export function badAnswer(answer: Pick<AcmeAnswer, 'status' | 'url'>, detail: string): AcmeProblem {
  const facts = { type: 'badAnswer', status: answer.status, detail, subproblems: [], retryAfterMs: null };
  return new AcmeProblem({ ...facts, scope: 'network' }, { where: answer.url });
}

/** One that we see before any CA does. */
export function ownProblem(
  type: string,
  scope: AcmeScope,
  detail: string,
  where: string,
  retryAfterMs: number | null = null,
): AcmeProblem {
  return new AcmeProblem({ type, status: 0, detail, subproblems: [], retryAfterMs, scope }, { where });
}

/** `urn:ietf:params:acme:error:dns` is `dns`; a type of another namespace stays whole. */
function typeOf(value: unknown): string {
  return printable((textOf(value) ?? 'about:blank').replace(/^urn:ietf:params:acme:error:/, ''));
}

function detailOf(document: JsonObject): string {
  return printable(textOf(document['detail']) ?? textOf(document['title']) ?? 'no reason given', MAX_DETAIL);
}

function subproblemOf(value: unknown): Subproblem | null {
  const document = objectOf(value);
  if (document === null) return null;
  const host = textOf(objectOf(document['identifier'])?.['value']);
  return { type: typeOf(document['type']), detail: detailOf(document), host: host === null ? null : printable(host) };
}

/** RFC 8555 §7.3.3: a page where a person agrees to new terms. */
function instanceHint(type: string, document: JsonObject): string | null {
  const page = urlOf(document['instance']);
  return type === 'userActionRequired' && page !== null ? `read and follow ${printable(page, MAX_DETAIL)}` : null;
}

function messageOf(facts: ProblemFacts): string {
  const { type, detail, subproblems } = facts;
  const about = subproblems.map((one) => `${one.host ?? 'order'}: ${one.type}: ${one.detail}`).slice(0, 3);
  return [`${subjectOf(facts)}: ${type}: ${detail}`, ...about].join('; ');
}

function subjectOf({ type, scope }: ProblemFacts): string {
  if (scope === 'network') return 'the CA cannot be used now';
  if (scope === 'queue') return 'the CA takes no more orders for now';
  return RETRYABLE_TYPES.includes(type) ? 'the CA is not done yet' : 'the CA refuses';
}
