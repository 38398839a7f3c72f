/** What can happen to a request or an answer over HTTP, whichever the API: the same for every provider that speaks it. */
import type { HttpFault } from '../fakes/fake-server.ts';

/** Of a read: fault, code and whether trying again may help. */
export const lostReads: readonly (readonly [string, HttpFault, string, boolean])[] = [
  ['the rate limit with Retry-After', { kind: 'busy', retryAfterSeconds: 1 }, 'PROVIDER_BUSY', true],
  ['the rate limit without', { kind: 'busy', retryAfterSeconds: null }, 'PROVIDER_BUSY', true],
  ['500', { kind: 'broken', status: 500, isDone: false }, 'PROVIDER_FAILED', true],
  ['503', { kind: 'broken', status: 503, isDone: false }, 'PROVIDER_FAILED', true],
  ['silence', { kind: 'hang', isDone: false }, 'PROVIDER_TIMEOUT', true],
  ['silence inside the body', { kind: 'hang-inside' }, 'PROVIDER_TIMEOUT', true],
  ['a reset', { kind: 'reset', isDone: false }, 'PROVIDER_UNREACHABLE', true],
  ['an end inside the body', { kind: 'truncated' }, 'PROVIDER_UNREACHABLE', true],
  ['half of the JSON', { kind: 'half' }, 'PROVIDER_BAD_ANSWER', true],
  ['an HTML page with 200', { kind: 'html', status: 200, isDone: false }, 'PROVIDER_BAD_ANSWER', true],
  ['an HTML page with 404', { kind: 'html', status: 404, isDone: false }, 'PROVIDER_BAD_ANSWER', false],
  ['an HTML page with 502', { kind: 'html', status: 502, isDone: false }, 'PROVIDER_FAILED', true],
  ['JSON that is called text', { kind: 'wrong-type' }, 'PROVIDER_BAD_ANSWER', true],
];

/** Of a write that was carried out, and what came back does not say so. */
export const lostAnswers: readonly (readonly [string, HttpFault])[] = [
  ['500', { kind: 'broken', status: 500, isDone: true }],
  ['silence', { kind: 'hang', isDone: true }],
  ['silence inside the body', { kind: 'hang-inside' }],
  ['a reset', { kind: 'reset', isDone: true }],
  ['an end inside the body', { kind: 'truncated' }],
  ['half of the JSON', { kind: 'half' }],
  ['an HTML page', { kind: 'html', status: 502, isDone: true }],
  ['JSON that is called text', { kind: 'wrong-type' }],
];
