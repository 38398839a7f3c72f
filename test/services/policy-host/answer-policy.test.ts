import { describe, expect, test } from 'vitest';
import { answerPolicy, type PolicyRequest } from '../../../src/services/policy-host/answer-policy.ts';

const HOST = 'mta-sts.example.com';
const bodies = new Map([
  [HOST, 'the policy'],
  ['mta-sts.example.net', 'another policy'],
]);
const good: PolicyRequest = { method: 'GET', target: '/.well-known/mta-sts.txt', host: HOST, serverName: HOST };

function answer(request: Partial<PolicyRequest>): unknown {
  const { status, body } = answerPolicy({ ...good, ...request }, (host) => bodies.get(host) ?? null);
  return body ?? status;
}

describe('the policy host', () => {
  test.each<[string, Partial<PolicyRequest>]>([
    ['GET', {}],
    ['HEAD', { method: 'HEAD' }],
    ['a port in Host', { host: `${HOST}:443` }],
    ['capitals in Host', { host: 'MTA-STS.Example.COM' }],
    ['capitals in SNI', { serverName: 'MTA-STS.Example.COM' }],
    ['a proxy that ends TLS', { serverName: null }],
  ])('gives the policy of the host: %s', (_what, request) => expect(answer(request)).toBe('the policy'));

  test.each<[string, Partial<PolicyRequest>]>([
    ['another name of ours', { host: 'mta-sts.example.net' }],
    ['no Host at all', { host: undefined }],
    ['an address', { host: '127.0.0.1' }],
    ['a final dot', { host: `${HOST}.` }],
    ['two names', { host: `${HOST}, mta-sts.example.net` }],
    ['something around the name', { host: `user@${HOST}` }],
    ['another path too', { host: 'mta-sts.example.net', target: '/' }],
  ])('answers 421 where Host is not the name of the handshake: %s', (_what, request) =>
    expect(answer(request)).toBe(421),
  );

  test.each([
    '/',
    '',
    '*',
    '/.well-known/mta-sts.txt/',
    '/.well-known/mta-sts.txt?x=1',
    '/.well-known/mta-sts.txt#a',
    '/.well-known//mta-sts.txt',
    '/.well-known/../.well-known/mta-sts.txt',
    '/./.well-known/mta-sts.txt',
    '/.well-known/mta-sts%2etxt',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/.Well-Known/mta-sts.txt',
    '/.well-known/mta-sts.txt%00',
    String.raw`\.well-known\mta-sts.txt`,
    `https://${HOST}/.well-known/mta-sts.txt`,
    `/ask?domain=${HOST}`,
  ])('answers 404 to any other path: %j', (target) => {
    expect(answer({ target })).toBe(404);
    expect(answer({ target, method: 'POST' })).toBe(404);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'get'])('answers 405 to %s', (method) =>
    expect(answer({ method })).toBe(405),
  );

  test('answers 404 for a name that it has no policy of', () =>
    expect(answer({ host: 'mta-sts.example.org', serverName: 'mta-sts.example.org' })).toBe(404));

  test.each([
    ['127.0.0.1:9781', HOST, ''],
    ['[::1]:9781', HOST, ''],
    ['localhost', 'MTA-STS.Example.com', ''],
    ['localhost', 'mta-sts.example.org', 404],
    ['localhost', '', 404],
    ['localhost', '%zz', 404],
    ['localhost', `${HOST}&x=1`, 404],
    // What comes through the proxy has the Host of the sender: no answer for strangers.
    [HOST, HOST, 404],
  ])('tells a proxy that asks at %s whether %s is a host of ours', (host, domain, expected) => {
    expect(answer({ serverName: null, host, target: `/ask?domain=${domain}` })).toBe(expected);
  });
});
