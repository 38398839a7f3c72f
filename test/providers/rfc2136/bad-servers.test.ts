/** Servers that are down, silent or lie: each is an error with a code, in time, without a secret, and the next call works again. */
import { describe, expect, it } from 'vitest';

import { formatQuery, numbers, parseMessage } from '../../../providers/rfc2136/message.ts';
import { signMessage } from '../../../providers/rfc2136/tsig.ts';
import { tsigKey } from '../../servers/name-server.ts';
import { tcpServer, type TcpServer } from '../../support/lossy-tcp.ts';
import { txtSet } from '../../../src/core/record-set.ts';
import { keyOf, outcome, providerOf } from './rig.ts';

const { signal } = new AbortController();
const key = tsigKey('stsync');
const set = txtSet('_mta-sts.example.com', 300, ['x']);

/** Answers each request with the frames that `answer` makes of it; the length is put in front. */
async function answering(answer: (request: Buffer) => readonly Buffer[]): Promise<TcpServer> {
  return tcpServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        for (const frame of answer(received.subarray(2, end)))
          socket.write(Buffer.concat([numbers(frame.length), frame]));
        received = received.subarray(end);
      }
    });
  });
}

/** An answer without records: the question with other flags, and nothing behind it. */
function bare(request: Buffer, flags: number): Buffer {
  const { question, id } = parseMessage(request);
  const message = formatQuery(id, question ?? { name: '.', type: 0 });
  message.writeUInt16BE(flags, 2);
  return message;
}

/** QR, AA, and NOERROR or an rcode. */
const ANSWER = 0x8400;

async function readFrom(server: Pick<TcpServer, 'address'>, timeoutMs = 200): Promise<string> {
  const provider = providerOf({ server: { ...notReal, address: server.address } }, key, 0, timeoutMs);
  const text = await outcome(provider.read([set], signal));
  await provider.close();
  expect(text).not.toContain(key.secret);
  expect(text).not.toContain(key.secret.slice(0, 12));
  return text;
}

/** What `providerOf` takes of a server beside its address. */
const notReal = {
  port: 0,
  dir: '',
  pid: 0,
  log: () => '',
  signal: () => undefined,
  stop: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

describe('a server that', () => {
  it('is down', async () => {
    const server = await tcpServer(() => undefined);
    await server.close();
    expect(await readFrom(server)).toMatch(
      /^PROVIDER_UNREACHABLE retryable: .*ECONNREFUSED \(look whether the server runs/,
    );
  });

  it('has no address', async () => {
    expect(await readFrom({ address: 'no-such-host.invalid' }, 5000)).toMatch(
      /^PROVIDER_UNREACHABLE retryable: .*no-such-host.invalid has no address.*`server`/,
    );
  });

  it('takes the connection and never answers', async () => {
    await using server = await tcpServer(() => undefined);
    expect(await readFrom(server)).toMatch(/^PROVIDER_TIMEOUT retryable: .*did not answer within 0.2 s/);
  });

  it('closes the connection at once', async () => {
    await using server = await tcpServer((socket) => socket.end());
    expect(await readFrom(server)).toMatch(/^PROVIDER_UNREACHABLE retryable: .*closed the connection/);
  });

  it('is half open: sends one byte a time and stops', async () => {
    await using server = await tcpServer((socket) => socket.write(Buffer.from([0])));
    expect(await readFrom(server)).toMatch(/^PROVIDER_TIMEOUT/);
  });

  const lies: readonly (readonly [string, (request: Buffer) => readonly Buffer[], RegExp])[] = [
    ['answers with another id', (request) => [changed(bare(request, ANSWER), 0, 1)], /an id that was not asked with/],
    [
      'answers twice',
      (request) => [bare(request, ANSWER), bare(request, ANSWER)],
      /an id that was not asked with|without a signature/,
    ],
    ['sends an empty message', () => [Buffer.alloc(0)], /an id that was not asked with/],
    ['sends a header cut short', (request) => [request.subarray(0, 7)], /no DNS message: shorter than a header/],
    [
      'sends garbage',
      (request) => [Buffer.concat([request.subarray(0, 2), Buffer.alloc(65_000, 0xee)])],
      /no DNS message/,
    ],
    ['sends its question back', (request) => [request], /no answer to ours/],
    [
      'answers another question',
      (request) => [changed(bare(request, ANSWER), 13, 1)],
      /another question|no DNS message/,
    ],
    ['says NOERROR without a signature', (request) => [bare(request, ANSWER)], /without a signature/],
    ['says NXDOMAIN without a signature', (request) => [bare(request, ANSWER | 3)], /without a signature/],
    ['cuts its answer short', (request) => [bare(request, ANSWER | 0x0200)], /cut short/],
    ['answers with a loop of pointers', (request) => [looping(request)], /no DNS message: a name points forwards/],
    [
      'signs with another secret',
      (request) => [signMessage(bare(request, ANSWER), keyOf(tsigKey('stsync')), Date.now() / 1000).bytes],
      /the key stsync did not sign: its signature does not fit/,
    ],
    [
      'signs with another key',
      (request) => [signMessage(bare(request, ANSWER), keyOf(tsigKey('other')), Date.now() / 1000).bytes],
      /did not sign: it is signed with another key/,
    ],
    [
      'signs its answer as if it were a request',
      (request) => [signMessage(bare(request, ANSWER), keyOf(key), Math.floor(Date.now() / 1000)).bytes],
      /its signature does not fit/,
    ],
  ];
  it.each(lies)('%s', async (_, answer, said) => {
    await using server = await answering(answer);
    const text = await readFrom(server);
    expect(text).toMatch(/^PROVIDER_BAD_ANSWER retryable: /);
    expect(text).toMatch(said);
  });

  it.each([
    [2, /^PROVIDER_FAILED retryable: .*SERVFAIL.*log/],
    [4, /^PROVIDER_REFUSED: .*NOTIMP/],
    [5, /^ZONE_NOT_FOUND: .*REFUSED/],
    [9, /^PROVIDER_DENIED: .*NOTAUTH/],
    [15, /^PROVIDER_REFUSED: .*RCODE15/],
  ])('says rcode %i without a signature: an error all the same', async (rcode, said) => {
    await using server = await answering((request) => [bare(request, ANSWER | rcode)]);
    expect(await readFrom(server)).toMatch(said);
  });

  it('has come back: the same provider works again', async () => {
    let isSilent = true;
    await using server = await answering((request) => (isSilent ? [] : [bare(request, ANSWER | 5)]));
    const provider = providerOf({ server: { ...notReal, address: server.address } }, key, 0, 200);
    expect(await outcome(provider.read([set], signal))).toMatch(/^PROVIDER_TIMEOUT/);
    isSilent = false;
    expect(await outcome(provider.read([set], signal))).toMatch(/^ZONE_NOT_FOUND/);
    await provider.close();
  });

  it('has closed a connection that was kept: a new one is made, nothing is said', async () => {
    const sockets: { destroy(): void }[] = [];
    await using server = await tcpServer((socket) => {
      sockets.push(socket);
      socket.on('data', (chunk: Buffer) => {
        // The second use of the first connection finds it closed in this moment.
        if (sockets.length === 1 && socket.bytesRead > chunk.length) return socket.destroy();
        for (let at = 0; at < chunk.length; at += 2 + chunk.readUInt16BE(at)) {
          const frame = bare(chunk.subarray(at + 2, at + 2 + chunk.readUInt16BE(at)), ANSWER | 5);
          socket.write(Buffer.concat([numbers(frame.length), frame]));
        }
      });
    });
    const provider = providerOf({ server: { ...notReal, address: server.address } }, key, 0, 500);
    expect(await outcome(provider.read([set], signal))).toMatch(/^ZONE_NOT_FOUND/);
    expect(await outcome(provider.read([set], signal))).toMatch(/^ZONE_NOT_FOUND/);
    expect(sockets).toHaveLength(2);
    await provider.close();
  });

  it('is not asked by more than 32 connections at once', async () => {
    let open = 0;
    let most = 0;
    await using server = await tcpServer((socket) => {
      most = Math.max(most, ++open);
      socket.resume().on('close', () => open--);
    });
    const provider = providerOf({ server: { ...notReal, address: server.address } }, key, 0, 100);
    const texts = await Promise.all(Array.from({ length: 70 }, () => outcome(provider.read([set], signal))));
    expect(texts.every((text) => text.startsWith('PROVIDER_TIMEOUT'))).toBe(true);
    // The server sees a connection end a moment after the next begins.
    expect(most).toBeLessThanOrEqual(40);
    await provider.close();
  });
});

it('an abort ends the wait at once', async () => {
  await using server = await tcpServer(() => undefined);
  const provider = providerOf({ server: { ...notReal, address: server.address } }, key, 0, 20_000);
  const stop = new AbortController();
  const reading = provider.read([set], stop.signal);
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await provider.close();
});

function changed(bytes: Buffer, at: number, by: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = ((copy[at] ?? 0) + by) % 256;
  return copy;
}

/** An answer with one record whose name is a pointer to itself. */
function looping(request: Buffer): Buffer {
  const head = bare(request, ANSWER);
  head.writeUInt16BE(1, 6);
  return Buffer.concat([head, numbers(0xc000 | head.length), Buffer.alloc(10)]);
}
