/** What is looked at before an order, and in which words a domain hears of it. */
import { createServer } from 'node:http';

import { describe, expect, test } from 'vitest';

import type { LookupSet } from '../../../src/effects/dns/resolver.ts';
import { type TokenFetch, type TokenFetcher, tokenFetcher } from '../../../src/effects/fetch-token.ts';
import { openPreflight, type PreflightWorld } from '../../../src/services/certificates/preflight.ts';
import { TableNetwork } from '../../support/table-network.ts';
import { closedPort, listening } from '../../support/tcp-server.ts';

const HOST = 'mta-sts.example.com';
const { signal } = new AbortController();
const TYPES = ['A', 'CNAME', 'CAA'] as const;

type Answer = (token: string | undefined) => TokenFetch['outcome'];
const right: Answer = (body) => ({ kind: 'body', text: `${body ?? 'nothing'}\n` });
const wrong: Answer = () => ({ kind: 'body', text: 'hello' });
const noRoute: Answer = () => ({ kind: 'failed', reason: 'this machine has no route there', isNoRoute: true });
const refused: Answer = () => ({ kind: 'failed', reason: 'port 80 refuses the connection', isNoRoute: false });

/** DNS as `NAME TYPE` to rdata, and what the addresses answer, in their order. */
function look(
  records: Readonly<Record<string, readonly string[]>>,
  answers: readonly Answer[] = [right],
  more: Partial<PreflightWorld> = {},
): { readonly preflight: ReturnType<typeof openPreflight>; readonly tokens: Map<string, string> } {
  const sets = new Map<string, LookupSet>();
  for (const [key, rdata] of Object.entries(records)) {
    const [name = '', type = ''] = key.split(' ');
    const found = TYPES.find((one) => one === type);
    if (found !== undefined) sets.set(key, { name, type: found, ttlSeconds: 300, rdata });
  }
  const { network } = new TableNetwork(sets, () => []);
  const tokens = new Map<string, string>();
  const fetcher: TokenFetcher = {
    fetch: (host, path, addresses) =>
      Promise.resolve(
        addresses.map((address, index) => ({
          address,
          outcome: (answers[index] ?? refused)(tokens.get(`${host}${path}`)),
        })),
      ),
  };
  const preflight = openPreflight({
    challenge: 'http-01',
    fetcher,
    openResolver: network.freshResolver,
    presentToken: (host, token, body) => {
      const at = `${host}/.well-known/acme-challenge/${token}`;
      tokens.set(at, body);
      return () => void tokens.delete(at);
    },
    caaIdentities: () => Promise.resolve(['ca.test']),
    accountUrl: () => null,
    ...more,
  });
  return { preflight, tokens };
}

const here = { [`${HOST} CNAME`]: ['policies.example.net.'], 'policies.example.net A': ['192.0.2.1', '192.0.2.2'] };

describe('before an order', () => {
  test('a host that leads here at every address is fine, and the token is gone afterwards', async () => {
    const { preflight, tokens } = look(here, [right, right]);
    expect([await preflight(HOST, signal), tokens.size]).toEqual([null, 0]);
  });

  test.each<readonly [what: string, answers: readonly Answer[], message: RegExp | null]>([
    [
      'one address that answers something else',
      [right, wrong],
      /\(192\.0\.2\.2: port 80 answers with something else\)/,
    ],
    ['one that refuses', [refused, right], /\(192\.0\.2\.1: port 80 refuses the connection\)/],
    ['one without a route from here, beside one that is proved', [right, noRoute], null],
    ['no route to any', [noRoute, noRoute], /no route there; 192\.0\.2\.2: this machine/],
  ])('%s', async (_what, answers, message) => {
    const fault = await look(here, answers).preflight(HOST, signal);
    if (message === null) expect(fault).toBeNull();
    else
      expect(fault).toMatchObject({
        code: 'HOST_ELSEWHERE',
        message: expect.stringMatching(message),
        hint: expect.stringContaining('CNAME'),
      });
  });

  test('a host without an address says so, and where its CNAME leads', async () => {
    expect(await look({}).preflight(HOST, signal)).toMatchObject({
      code: 'HOST_ELSEWHERE',
      message: `no certificate for ${HOST}: it has no address`,
    });
    const dangling = { [`${HOST} CNAME`]: ['gone.example.net.'] };
    expect((await look(dangling).preflight(HOST, signal))?.message).toContain(
      'it leads to gone.example.net, which has no address',
    );
  });

  test.each<readonly [what: string, records: Readonly<Record<string, readonly string[]>>, message: RegExp | null]>([
    ['at the domain', { 'example.com CAA': ['0 issue "other.test"'] }, /CAA at example\.com lets only other\.test/],
    [
      'at the target of the CNAME, though the domain lets the CA',
      { 'policies.example.net CAA': ['0 issue ";"'], 'example.com CAA': ['0 issue "ca.test"'] },
      /CAA at mta-sts\.example\.com lets no authority/,
    ],
    ['not at all, where the CA is named', { 'example.com CAA': ['0 issue "ca.test"'] }, null],
    [
      'for another challenge',
      { 'example.com CAA': ['0 issue "ca.test; validationmethods=dns-01"'] },
      /only with validationmethods=dns-01/,
    ],
  ])('CAA forbids the CA %s', async (_what, records, message) => {
    const fault = await look({ ...here, ...records }, [right, right]).preflight(HOST, signal);
    if (message === null) expect(fault).toBeNull();
    else
      expect(fault).toMatchObject({
        code: 'CAA_FORBIDS',
        message: expect.stringMatching(message),
        hint: expect.stringContaining('0 issue "ca.test"'),
      });
  });

  test('by DNS-01 only CAA counts; by TLS-ALPN-01 the addresses too', async () => {
    expect(await look({}, [], { challenge: 'dns-01' }).preflight(HOST, signal)).toBeNull();
    expect((await look({}, [], { challenge: 'tls-alpn-01' }).preflight(HOST, signal))?.code).toBe('HOST_ELSEWHERE');
    expect(await look(here, [], { challenge: 'tls-alpn-01' }).preflight(HOST, signal)).toBeNull();
  });

  test('the token is taken away also when the look is ended', async () => {
    const fetcher = { fetch: () => Promise.reject(new Error('ended')) };
    const { preflight, tokens } = look(here, [], { fetcher });
    await expect(preflight(HOST, signal)).rejects.toThrow('ended');
    expect(tokens.size).toBe(0);
  });
});

const world = (port: number): Parameters<typeof tokenFetcher>[0] => ({
  connectTo: new Map([[`${HOST}:80`, `127.0.0.1:${port}`]]),
  allowPrivateAddresses: false,
});

const fetchFrom = async (port: number): Promise<unknown> =>
  (await tokenFetcher(world(port)).fetch(HOST, '/token', ['192.0.2.1'], signal))[0]?.outcome;

describe('the token over plain HTTP', () => {
  test('is asked for by its host and path', async () => {
    const { port } = await listening(
      createServer((request, response) => response.end(`${request.headers.host} ${request.url}`)),
    );
    expect(await fetchFrom(port)).toEqual({ kind: 'body', text: `${HOST} /token` });
  });

  test.each<readonly [what: string, answer: (path: string) => readonly [number, string], reason: RegExp]>([
    ['no redirect is followed', () => [301, ''], /status 301/],
    ['nothing that is not there counts', () => [404, 'not found'], /status 404/],
    ['no more than a token is read', () => [200, 'x'.repeat(5_000)], /something else/],
  ])('%s', async (_what, answer, reason) => {
    const { port } = await listening(
      createServer((_request, response) => {
        const [status, body] = answer('');
        response.writeHead(status, { location: 'https://example.net/' }).end(body);
      }),
    );
    expect(await fetchFrom(port)).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(reason),
      isNoRoute: false,
    });
  });

  test('where nothing listens, or the address is private, the reason says so', async () => {
    expect(await fetchFrom(await closedPort(createServer()))).toMatchObject({
      reason: expect.stringContaining('refuses the connection'),
    });
    const [private_] = await tokenFetcher({ connectTo: new Map(), allowPrivateAddresses: false }).fetch(
      HOST,
      '/',
      ['127.0.0.1'],
      signal,
    );
    expect(private_?.outcome).toMatchObject({
      kind: 'failed',
      reason: 'the address is loopback, where no CA can look',
    });
  });
});
