/** What a CA, and anybody else, is answered at port 80 (RFC 8555 §8.3). */
import { expect, test } from 'vitest';
import { answerChallenge } from '../../../src/services/policy-host/answer-challenge.ts';

const HOST = 'mta-sts.example.test';
const TOKEN = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA';
const PATH = `/.well-known/acme-challenge/${TOKEN}`;

function answer(method: string, target: string, host: string | undefined): readonly [number, string | null] {
  const { status, body } = answerChallenge({ method, target, host }, keyAuthorizationOf);
  return [status, body];
}

function keyAuthorizationOf(name: string, token: string): string | null {
  return name === HOST && token === TOKEN ? 'the answer' : null;
}

test.each([
  ['GET', PATH, HOST],
  ['HEAD', PATH, HOST],
  ['GET', PATH, `${HOST.toUpperCase()}:5002`],
])('answers %s %s of %s', (method, target, host) => {
  expect(answer(method, target, host)).toEqual([200, 'the answer']);
});

test.each([
  ['of another host', PATH, 'mta-sts.other.test'],
  ['of no host', PATH, undefined],
  ['of an empty host', PATH, ''],
  ['of another token', PATH.slice(0, -1), HOST],
  ['of no token', '/.well-known/acme-challenge/', HOST],
  ['with a query', `${PATH}?a`, HOST],
  ['in another spelling', PATH.replace('.well', '%2ewell'), HOST],
  ['by way of dots', `/x/..${PATH}`, HOST],
  ['with the whole URL', `http://${HOST}${PATH}`, HOST],
  ['a token that is a path', '/.well-known/acme-challenge/../acme-challenge', HOST],
  ['the policy, which is no redirect either', '/.well-known/mta-sts.txt', HOST],
])('finds nothing %s', (_what, target, host) => {
  expect(answer('GET', target, host)).toEqual([404, null]);
});

test('takes no other method, and does not say of what it would', () => {
  expect(answer('POST', PATH, HOST)).toEqual([405, null]);
  expect(answer('POST', '/', HOST)).toEqual([404, null]);
});
