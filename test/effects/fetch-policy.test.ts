/** The policy over HTTPS, from good servers and from servers that misbehave: code, message and hint as a person reads them. */
import { execFile } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeWith } from '../servers/programs.ts';

import { socketFailure, type Stage } from '../../src/effects/fetch-failure.ts';
import { type FetchOutcome, type PolicyFetcher, policyFetcher } from '../../src/effects/fetch-policy.ts';
import type { LeafOptions } from '../support/ca.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { closedPort, type Listening, listening } from '../support/tcp-server.ts';

const host = 'mta-sts.example.test';
const file = `https://${host}/.well-known/mta-sts.txt`;
const body = 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n';
const signal = new AbortController().signal;

const ca = sharedCa();

/** A fetcher for which the policy host is at `port` of loopback. */
function fetcherAt(port: number, timeoutMs = 5_000): PolicyFetcher {
  const connectTo = new Map([[`${host}:443`, `127.0.0.1:${port}`]]);
  const world = { connectTo, caFile: ca.file, allowPrivateAddresses: false, concurrency: 8 };
  return policyFetcher(world, { timeoutMs, version: '1.2.3' });
}

async function fetchAt(port: number, timeoutMs?: number): Promise<FetchOutcome> {
  const [fetched] = await fetcherAt(port, timeoutMs).fetch(host, [], signal);
  if (fetched === undefined) throw new Error('no answer');
  return fetched.outcome;
}

/** An HTTPS server with a certificate for the policy host. */
function httpsServer(answer: (response: ServerResponse) => void, leaf: LeafOptions = { names: [host] }): Server {
  return createHttpsServer(ca.issue(leaf), (_request, response) => answer(response));
}

/** A TLS server that writes what it likes once it was asked. */
function rawServer(answer: (socket: TLSSocket) => void): Server {
  return createTlsServer(ca.issue({ names: [host] }), (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
}

/** What a person reads of a failure. The port of the test is written PORT. */
async function failureOf(
  server: Server,
  timeoutMs?: number,
): Promise<{ code: string; message: string; hint: string | null }> {
  const { port } = await listening(server);
  const outcome = await fetchAt(port, timeoutMs);
  if (outcome.kind !== 'failed') throw new Error(`a body came: ${Buffer.from(outcome.bytes).toString()}`);
  const { code, message, hint } = outcome;
  return { code, message: message.replace(String(port), 'PORT'), hint };
}

describeWith(['openssl'], 'a good policy host', () => {
  it('gives the bytes, the media type and the certificate', async () => {
    const server = httpsServer((response) => response.setHeader('Content-Type', 'text/plain; charset=utf-8').end(body));
    const { port } = await listening(server);
    const [fetched, ...others] = await fetcherAt(port).fetch(host, ['192.0.2.1', '192.0.2.2'], signal);
    expect(others).toEqual([]);
    expect(fetched).toMatchObject({ address: '127.0.0.1', isConnectTo: true });
    expect(fetched?.outcome).toMatchObject({
      kind: 'body',
      mediaType: 'text/plain; charset=utf-8',
      certificate: { names: [host], isTrusted: true },
      warnings: [],
    });
    expect(fetched?.outcome.kind === 'body' && Buffer.from(fetched.outcome.bytes).toString()).toBe(body);
  });

  it('is asked as a sender asks: SNI, Host, path, HTTP/1.1, no compression', async () => {
    const asked: unknown[] = [];
    const server = createHttpsServer({
      SNICallback: (name, done) => {
        asked.push(name);
        done(null);
      },
      ...ca.issue({ names: [host] }),
    });
    server.on('request', ({ method, url, httpVersion, headers }, response: ServerResponse) => {
      asked.push([method, url, httpVersion, headers]);
      response.end(body);
    });
    await fetchAt((await listening(server)).port);
    const agent = 'stsync/1.2.3 (+MTA-STS policy check)';
    const headers = { host, 'user-agent': agent, accept: 'text/plain', connection: 'close' };
    expect(asked).toEqual([host, ['GET', '/.well-known/mta-sts.txt', '1.1', headers]]);
  });

  it.each<[string, LeafOptions]>([
    ['a wildcard certificate', { names: ['*.example.test'] }],
    ['a certificate with other names too', { names: ['example.test', host] }],
  ])('may have %s', async (_title, leaf) => {
    const { port } = await listening(httpsServer((response) => response.end(body), leaf));
    expect((await fetchAt(port)).kind).toBe('body');
  });

  it('may send a body of 65,536 bytes, in chunks or slowly', async () => {
    const server = httpsServer((response) => {
      for (let sent = 0; sent < 65_536; sent += 8_192) response.write('x'.repeat(8_192));
      response.end();
    });
    const outcome = await fetchAt((await listening(server)).port);
    expect(outcome.kind === 'body' && outcome.bytes.length).toBe(65_536);
  });

  it('may send no length and close at the end, and an early hint before', async () => {
    const text = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${body}`;
    const outcome = await fetchAt((await listening(rawServer((socket) => socket.end(text)))).port);
    expect(outcome.kind === 'body' && Buffer.from(outcome.bytes).toString()).toBe(body);
  });
});

describeWith(['openssl'], 'warnings', () => {
  it.each<[string, Readonly<Record<string, string>>, readonly unknown[]]>([
    ['text/plain with a charset', { 'Content-Type': 'Text/Plain;charset=us-ascii' }, []],
    [
      'another media type',
      { 'Content-Type': 'application/octet-stream' },
      [
        {
          code: 'WRONG_MEDIA_TYPE',
          message:
            'the policy has the media type application/octet-stream; senders may insist on text/plain (RFC 8461 §3.2)',
        },
      ],
    ],
    [
      'no media type',
      {},
      [
        {
          code: 'WRONG_MEDIA_TYPE',
          message: 'the policy has no media type; senders may insist on text/plain (RFC 8461 §3.2)',
        },
      ],
    ],
    ['60 s of caching', { 'Content-Type': 'text/plain', 'Cache-Control': 'max-age=60' }, []],
    ['caching that asks each time', { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, max-age=999' }, []],
    [
      'an hour of caching',
      { 'Content-Type': 'text/plain', 'Cache-Control': 'public, max-age=30, s-maxage=3600' },
      [
        {
          code: 'HTTPS_CACHED',
          message: 'caches may keep the policy for 3600 s; a change must show within 60 s (RFC 8461 §8.2)',
        },
      ],
    ],
  ])('of %s', async (_title, headers, warnings) => {
    const server = httpsServer((response) => response.writeHead(200, headers).end(body));
    const outcome = await fetchAt((await listening(server)).port);
    expect(outcome.kind === 'body' && outcome.warnings).toEqual(warnings);
  });

  it.each([
    [13.5, ['CERT_EXPIRES_SOON']],
    [14.5, []],
  ])('of a certificate that ends in %d days', async (toDays, codes) => {
    const server = httpsServer((response) => response.setHeader('Content-Type', 'text/plain').end(body), {
      names: [host],
      toDays,
    });
    const outcome = await fetchAt((await listening(server)).port);
    expect(outcome.kind === 'body' && outcome.warnings.map(({ code }) => code)).toEqual(codes);
    const date = new Date(Date.now() + toDays * 86_400_000).toISOString().slice(0, 10);
    const messages = outcome.kind === 'body' ? outcome.warnings.map(({ message }) => message) : [];
    expect(messages).toEqual(codes.map(() => `the certificate expires in 13 days, on ${date}`));
  });
});

describeWith(['openssl'], 'an answer that is no policy', () => {
  const logHint = 'look at the log of the web server and of the proxy before it';
  const botHint = 'look at the log of the web server: a filter may close connections that it takes for bots';
  const portHint = 'look at what listens at that port, and at the proxy before it';
  const page = 'serve the file as text/plain, before any page that answers every path';
  const wall = 'let no login, bot check, country filter or rate limit stand before the file: senders cannot pass it';
  const quickly = 'serve the file quickly: senders wait a minute at most (RFC 8461 §3.3)';
  const alone = 'serve the policy alone: senders stop at 64 kilobytes (RFC 8461 §3.3)';
  const at200 = `serve the file at ${file} with status 200`;

  it.each<[string, (response: ServerResponse) => void, string, string, string]>([
    ['404', (r) => r.writeHead(404).end(body), 'HTTPS_STATUS', 'the answer has status 404, not 200', at200],
    ['204', (r) => r.writeHead(204).end(), 'HTTPS_STATUS', 'the answer has status 204, not 200', at200],
    ['206', (r) => r.writeHead(206).end(body), 'HTTPS_STATUS', 'the answer has status 206, not 200', at200],
    ['304', (r) => r.writeHead(304).end(), 'HTTPS_STATUS', 'the answer has status 304, not 200', at200],
    ['403', (r) => r.writeHead(403).end('bot?'), 'HTTPS_STATUS', 'the answer has status 403, not 200', wall],
    ['503', (r) => r.writeHead(503).end(), 'HTTPS_STATUS', 'the answer has status 503, not 200', wall],
    [
      'an error with a Location, which is no redirect',
      (r) => r.writeHead(404, { Location: file }).end(),
      'HTTPS_STATUS',
      'the answer has status 404, not 200',
      at200,
    ],
    [
      'a redirect loop',
      (r) => r.writeHead(301, { Location: file }).end(),
      'HTTPS_REDIRECT',
      redirect(301, file),
      `serve the file itself at ${file}`,
    ],
    [
      'a redirect with an escape sequence',
      (r) => r.writeHead(302, { Location: '/\u00e9\u009b31m' }).end(),
      'HTTPS_REDIRECT',
      redirect(302, '/??31m'),
      `serve the file itself at ${file}`,
    ],
    [
      'HTML by its first character',
      (r) => r.writeHead(200, { 'Content-Type': 'text/plain' }).end('\ufeff\n <!doctype html>'),
      'HTTPS_HTML',
      'the answer is a web page (text/plain), not a policy',
      page,
    ],
    [
      'HTML by its type',
      (r) => r.writeHead(200, { 'Content-Type': 'text/HTML; charset=utf-8' }).end(body),
      'HTTPS_HTML',
      'the answer is a web page (text/HTML; charset=utf-8), not a policy',
      page,
    ],
    ['HTML without a type', (r) => r.end('<html>'), 'HTTPS_HTML', 'the answer is a web page, not a policy', page],
    [
      'one byte too many',
      (r) => r.end('x'.repeat(65_537)),
      'HTTPS_TOO_LARGE',
      'the body has more than 65,536 bytes',
      alone,
    ],
    [
      'silence after the head',
      (r) => r.writeHead(200, { 'Content-Length': '100' }).write('version'),
      'HTTPS_TIMEOUT',
      'the body did not end within 1 s at port PORT',
      quickly,
    ],
    ['silence', () => undefined, 'HTTPS_TIMEOUT', 'no answer to the request within 1 s at port PORT', quickly],
    [
      'a slow drip',
      (r) => {
        const drip = setInterval(() => r.write('x'), 20);
        r.on('close', () => clearInterval(drip));
      },
      'HTTPS_TIMEOUT',
      'the body did not end within 1 s at port PORT',
      quickly,
    ],
  ])('%s', async (_title, answer, code, message, hint) => {
    const isSlow = code === 'HTTPS_TIMEOUT';
    expect(await failureOf(httpsServer(answer), isSlow ? 1_000 : undefined)).toEqual({ code, message, hint });
  });

  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
  it.each<[string, (socket: TLSSocket) => void, string, string, string]>([
    [
      'an early close',
      (s) => s.end(),
      'HTTPS_RESET',
      'the connection was closed without an answer (ECONNRESET)',
      botHint,
    ],
    [
      'half a head',
      (s) => s.end('HTTP/1.1 200 OK\r\nContent-'),
      'HTTPS_RESET',
      'the connection was closed without an answer (ECONNRESET)',
      botHint,
    ],
    [
      'half a body',
      (s) => s.end(`${head}Content-Length: 100\r\n\r\nversion: STSv1`),
      'HTTPS_RESET',
      'the body broke off, or its chunks are malformed',
      logHint,
    ],
    [
      'a reset in the body',
      (s) => s.write(`${head}Content-Length: 100\r\n\r\nversion`, () => s.destroy()),
      'HTTPS_RESET',
      'the body broke off, or its chunks are malformed',
      logHint,
    ],
    [
      'half a chunk',
      (s) => s.end(`${head}Transfer-Encoding: chunked\r\n\r\nff\r\nversion`),
      'HTTPS_RESET',
      'the body broke off, or its chunks are malformed',
      logHint,
    ],
    [
      'garbage in place of a chunk',
      (s) => s.end(`${head}Transfer-Encoding: chunked\r\n\r\nxyzzy\r\n`),
      'HTTPS_RESET',
      'the body broke off, or its chunks are malformed',
      logHint,
    ],
    [
      'two lengths',
      (s) => s.end(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy`),
      'HTTPS_RESET',
      'what answers is no HTTP/1.1 (HPE_UNEXPECTED_CONTENT_LENGTH)',
      portHint,
    ],
    [
      'SMTP',
      (s) => s.end('220 mail.example.test ESMTP\r\n'),
      'HTTPS_RESET',
      'what answers is no HTTP/1.1 (HPE_INVALID_CONSTANT)',
      portHint,
    ],
    [
      'an endless head',
      (s) => void flood(s, 'HTTP/1.1 200 OK\r\n', 'X-Filler: abcdefghijklmnopqrstuvwxyz\r\n'),
      'HTTPS_RESET',
      'what answers is no HTTP/1.1 (HPE_HEADER_OVERFLOW)',
      portHint,
    ],
    [
      'another protocol in its place',
      (s) => s.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'),
      'HTTPS_RESET',
      'the connection was closed without an answer (ECONNRESET)',
      botHint,
    ],
  ])('%s', async (_title, answer, code, message, hint) => {
    expect(await failureOf(rawServer(answer))).toEqual({ code, message, hint });
  });

  it.each([
    ['with its length', `${head}Content-Length: 1073741824\r\n\r\n`, 'x'.repeat(65_536)],
    ['in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n`, `10000\r\n${'x'.repeat(65_536)}\r\n`],
    ['without an end', `${head}\r\n`, 'x'.repeat(65_536)],
  ])('a gigabyte %s: it is left where the limit is', async (_title, start, piece) => {
    let sent = Promise.resolve(0);
    const server = rawServer((socket) => {
      sent = flood(socket, start, piece);
    });
    expect((await failureOf(server)).code).toBe('HTTPS_TOO_LARGE');
    // What the buffers of both sockets took, and no more.
    expect(await sent).toBeLessThan(16 * 1024 * 1024);
  });
});

describeWith(['openssl'], 'TLS', () => {
  const log = 'look at the log of the web server: it may have no certificate for this name';
  const noTls = 'what listens there does not speak TLS: let the web server serve HTTPS at that port';
  const versions = 'let the server speak TLS 1.2 or 1.3 and HTTP/1.1';

  it('plain HTTP on the port', async () => {
    const server = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const message = 'the TLS handshake failed: wrong version number';
    expect(await failureOf(server)).toEqual({ code: 'TLS_FAILED', message, hint: noTls });
  });

  it('a server that closes at once', async () => {
    const message = 'the connection was closed in the TLS handshake (ECONNRESET)';
    expect(await failureOf(createTcpServer((socket) => socket.end()))).toEqual({
      code: 'HTTPS_RESET',
      message,
      hint: log,
    });
  });

  it('a server that resets', async () => {
    const { code, hint } = await failureOf(createTcpServer((socket) => socket.resetAndDestroy()));
    expect([code, hint]).toEqual(['HTTPS_RESET', log]);
  });

  it('silence', async () => {
    expect(await failureOf(createTcpServer(), 300)).toEqual({
      code: 'HTTPS_TIMEOUT',
      message: 'the TLS handshake did not end within 0.3 s at port PORT',
      hint: 'serve the file quickly: senders wait a minute at most (RFC 8461 §3.3)',
    });
  });

  it('no version above 1.1', async () => {
    const server = createTlsServer({
      ...ca.issue({ names: [host] }),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const message = 'the TLS handshake failed: tlsv1 alert protocol version';
    expect(await failureOf(server)).toEqual({ code: 'TLS_FAILED', message, hint: versions });
  });

  it('HTTP/2 alone', async () => {
    const server = createTlsServer({ ...ca.issue({ names: [host] }), ALPNProtocols: ['h2'] });
    const message = 'the TLS handshake failed: tlsv1 alert no application protocol';
    expect(await failureOf(server)).toEqual({ code: 'TLS_FAILED', message, hint: versions });
  });

  it('no certificate for the name', async () => {
    const server = createTlsServer({ SNICallback: (_name, done) => done(new Error('unknown')) });
    const { code, hint } = await failureOf(server);
    expect([code, hint]).toEqual(['HTTPS_RESET', log]);
  });

  it.each<[string, LeafOptions | 'self-signed', string, RegExp]>([
    [
      'of another name',
      { names: ['www.example.test'] },
      'CERT_NAME',
      /^made for www\.example\.test, not for mta-sts\.example\.test$/,
    ],
    ['that has expired', { names: [host], fromDays: -9, toDays: -1 }, 'CERT_EXPIRED', /^expired on \d{4}-\d\d-\d\d$/],
    ['that is self-signed', 'self-signed', 'CERT_UNTRUSTED', /^self-signed$/],
    ['without its chain', { names: [host], isWithoutChain: true }, 'CERT_UNTRUSTED', /issuer CN=Test Intermediate\)$/],
  ])('asks nothing of a server with a certificate %s, and tells what it showed', async (_title, leaf, code, reason) => {
    let isAsked = false;
    const server = createTlsServer(leaf === 'self-signed' ? ca.selfSigned(host) : ca.issue(leaf), (socket) => {
      socket.on('error', () => undefined).on('data', () => (isAsked = true));
    });
    const outcome = await fetchAt((await listening(server)).port);
    if (outcome.kind !== 'failed') throw new Error('it was taken');
    expect(outcome.code).toBe(code);
    const [, told] = /^the certificate is not valid: (.*)$/.exec(outcome.message) ?? [];
    expect(told).toMatch(reason);
    expect(outcome.hint).toMatch(/^(?:get one|renew it|serve the full chain)/);
    expect(outcome.certificate).toMatchObject({ names: leaf === 'self-signed' ? [host] : leaf.names });
    expect(isAsked).toBe(false);
  });
});

describeWith(['openssl'], 'the way there', () => {
  it('a closed port', async () => {
    const port = await closedPort(createTcpServer());
    expect(await fetchAt(port)).toEqual({
      kind: 'failed',
      code: 'HTTPS_REFUSED',
      message: `port ${port} refuses the connection (ECONNREFUSED)`,
      hint: 'let the web server listen there and the firewall pass it, or take the address out of DNS',
      certificate: null,
    });
  });

  const family = 'run stsync where both IPv4 and IPv6 lead out, or take an address that nobody reaches out of DNS';
  it.each<[string, Stage, string, string, string]>([
    ['ENETUNREACH', 'connect', 'HTTPS_NO_ROUTE', 'this machine has no route there (ENETUNREACH)', family],
    ['EHOSTUNREACH', 'connect', 'HTTPS_NO_ROUTE', 'this machine has no route there (EHOSTUNREACH)', family],
    ['EADDRNOTAVAIL', 'connect', 'HTTPS_NO_ROUTE', 'this machine has no route there (EADDRNOTAVAIL)', family],
    ['EAFNOSUPPORT', 'connect', 'HTTPS_NO_ROUTE', 'this machine has no route there (EAFNOSUPPORT)', family],
    [
      'ETIMEDOUT',
      'connect',
      'HTTPS_TIMEOUT',
      'no connection within 60 s at port 443',
      'open the port to the whole Internet, or take the address out of DNS',
    ],
  ])('says what %s means', (systemCode, stage, code, message, hint) => {
    const error = Object.assign(new Error(systemCode), { code: systemCode });
    expect(socketFailure(error, stage, 443, 60_000)).toEqual({ code, message, hint });
  });

  it('goes to each address, and to none inside a network', async () => {
    const world = { connectTo: new Map(), caFile: null, allowPrivateAddresses: false, concurrency: 8 };
    const addresses = ['127.0.0.1', '::1', '10.0.0.1'];
    const fetches = await policyFetcher(world).fetch(host, addresses, signal);
    expect(fetches.map(({ address }) => address)).toEqual(addresses);
    expect(fetches[2]).toEqual({
      address: '10.0.0.1',
      isConnectTo: false,
      outcome: {
        kind: 'failed',
        code: 'ADDRESS_REFUSED',
        message: 'the address is private, and not asked',
        hint: 'publish the public address; for a test set `world.allowPrivateAddresses: true`, or name the host in `world.connectTo`',
        certificate: null,
      },
    });
  });

  it('goes to loopback under allowPrivateAddresses', async () => {
    const world = { connectTo: new Map(), caFile: null, allowPrivateAddresses: true, concurrency: 8 };
    // Two addresses at which nothing listens.
    const fetches = await policyFetcher(world).fetch(host, ['127.83.65.1', '127.83.65.2'], signal);
    const refused = {
      kind: 'failed',
      code: 'HTTPS_REFUSED',
      message: 'port 443 refuses the connection (ECONNREFUSED)',
    };
    expect(fetches.map(({ outcome }) => outcome)).toMatchObject([refused, refused]);
  });

  it('opens no more connections at once than `concurrency`', async () => {
    const waiting: ServerResponse[] = [];
    const opened: number[] = [];
    const server = httpsServer((response) => {
      waiting.push(response);
      // The first of a pair waits for the second.
      if (waiting.length < 2) return;
      opened.push(connections());
      for (const one of waiting.splice(0)) one.end(body);
    });
    const { port, connections } = await listening(server);
    const connectTo = new Map([[`${host}:443`, `127.0.0.1:${port}`]]);
    const fetcher = policyFetcher({ connectTo, caFile: ca.file, allowPrivateAddresses: false, concurrency: 2 });
    const fetches = await Promise.all(Array.from({ length: 6 }, () => fetcher.fetch(host, [], signal)));
    expect(fetches.flat().map(({ outcome }) => outcome.kind)).toEqual(Array.from({ length: 6 }, () => 'body'));
    expect(opened).toEqual([2, 4, 6]);
  });

  it('takes no proxy from the environment', async () => {
    const { port } = await listening(httpsServer((response) => response.end(body)));
    const proxy = `http://127.0.0.1:${await closedPort(createTcpServer())}`;
    const env = { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: '' };
    expect(await fetchInProcess(port, env)).toBe('body');
  });

  it('believes no NODE_TLS_REJECT_UNAUTHORIZED', async () => {
    const { port } = await listening(createTlsServer(ca.selfSigned(host)));
    expect(await fetchInProcess(port, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toBe('CERT_UNTRUSTED');
  });
});

describeWith(['openssl'], 'an abort', () => {
  it.each<[string, () => Server]>([
    ['in the handshake', () => createTcpServer()],
    ['before the answer', () => httpsServer(() => undefined)],
    ['in the body', () => httpsServer((response) => response.writeHead(200, { 'Content-Length': '9' }).write('x'))],
  ])('%s throws its reason and closes the connection', async (_title, makeServer) => {
    const server = makeServer();
    const closed = new Promise((resolve) => {
      server.on('connection', (socket) => socket.on('close', resolve).resume());
    });
    const { port } = await listening(server);
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = fetcherAt(port).fetch(host, [], controller.signal);
    await untilConnected(server);
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    await closed;
  });

  it('before the start connects to nothing', async () => {
    const server: Listening = await listening(createTcpServer());
    await expect(fetcherAt(server.port).fetch(host, [], AbortSignal.abort())).rejects.toThrow(/abort/);
    expect(server.connections()).toBe(0);
  });
});

/** Kind of the body, or code of the failure, of a fetch in a process with `env`: Node reads some of it at its start alone. */
async function fetchInProcess(port: number, env: Readonly<Record<string, string>>): Promise<string> {
  const source = new URL('../../src/effects/fetch-policy.ts', import.meta.url).href;
  const script = `
    const { policyFetcher } = await import(${JSON.stringify(source)});
    const connectTo = new Map([['${host}:443', '127.0.0.1:${port}']]);
    const world = { connectTo, caFile: ${JSON.stringify(ca.file)}, allowPrivateAddresses: false, concurrency: 1 };
    const [{ outcome }] = await policyFetcher(world).fetch('${host}', [], new AbortController().signal);
    console.log(outcome.code ?? outcome.kind);`;
  const args = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return stdout.trim();
}

/** Writes `start`, then `piece` up to a gigabyte, as fast as it is taken. How many bytes were, when the other side hung up. */
async function flood(socket: TLSSocket, start: string, piece: string): Promise<number> {
  let sent = 0;
  const write = (): void => {
    while (sent < 1_073_741_824 && !socket.destroyed) {
      sent += piece.length;
      if (!socket.write(piece)) return;
    }
    socket.end();
  };
  return new Promise((resolve) => {
    socket.on('close', () => resolve(sent)).on('drain', write);
    socket.write(start);
    write();
  });
}

/** The next turn of the loop in which the server has a connection. */
async function untilConnected(server: Server): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    const count = await promisify(server.getConnections.bind(server))();
    if (count > 0) return;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  throw new Error('nobody connected');
}

function redirect(status: number, to: string): string {
  return `the answer is a redirect (${status}) to ${to}, which senders do not follow (RFC 8461 §3.3)`;
}
