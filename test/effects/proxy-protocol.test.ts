/** The policy host behind a load balancer that passes TLS on with the PROXY protocol; and strangers who try to play one. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { describeWith } from '../servers/programs.ts';
import { formatHeader, localHeader } from '../support/proxy-header.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { get, HOST, type HostOptions, PATIENCE, PolicyHost, statusOf, wholeOf } from './policy-host-rig.ts';

const ca = sharedCa();
const BALANCER = '127.0.0.5';
const CLIENT = '192.0.2.7';
const OK = 'HTTP/1.1 200 OK';

class Host extends PolicyHost {
  constructor(options: HostOptions = {}) {
    super(ca, { proxyProtocol: { from: ['127.0.0.5/32', '10.0.0.0/8'] }, ...options });
  }

  /** A connection of the load balancer, with what it says first. */
  async balanced(header: Buffer | string, from = BALANCER): Promise<Socket> {
    const socket = await this.plain(from);
    socket.write(header);
    return socket;
  }

  /** TLS of a client through the load balancer. */
  async through(header: Buffer | string, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const trust = { ca: readFileSync(ca.file), servername: HOST };
    const socket = connect({ socket: await this.balanced(header), ...trust, ...options });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  async statusThrough(header: Buffer | string): Promise<string> {
    const socket = await this.through(header);
    socket.write(get());
    return statusOf(await wholeOf(socket));
  }
}

describeWith(['openssl'], 'the policy host behind a load balancer', () => {
  test.each([
    ['version 1', formatHeader(1, CLIENT)],
    ['version 1 of IPv6', formatHeader(1, '2001:db8::1')],
    ['version 2', formatHeader(2, CLIENT)],
    ['version 2 of IPv6', formatHeader(2, '2001:db8::1')],
    ['a health check by TLS', localHeader],
    ['a client that it does not know', Buffer.from('PROXY UNKNOWN\r\n')],
  ])('serves by the header of %s', async (_what, header) => {
    const host = new Host();
    expect(await host.statusThrough(header)).toBe(OK);
    expect(host.failures).toEqual([]);
  });

  test('takes the header and the ClientHello in one piece, as in one byte after the other', async () => {
    const host = new Host();
    const hello = await helloOf(HOST);
    const header = formatHeader(2, CLIENT);
    const whole = await host.balanced(Buffer.concat([header, hello]));
    const [answer] = await once(whole, 'data');
    // Handshake, ServerHello.
    expect([Buffer.from(answer)[0], Buffer.from(answer)[5]]).toEqual([0x16, 2]);
    const dripping = await host.plain(BALANCER);
    dripping.setNoDelay();
    for (const byte of header) {
      dripping.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    dripping.write(hello);
    const [later] = await once(dripping, 'data');
    expect(Buffer.from(later)[5]).toBe(2);
  });

  test('speaks plain HTTP behind one too, also to a client that ends its half at once', async () => {
    const host = new Host({ isPlain: true });
    const socket = await host.balanced(Buffer.concat([formatHeader(2, CLIENT), Buffer.from(get())]));
    socket.end();
    expect(statusOf(await wholeOf(socket))).toBe(OK);
    const later = await host.balanced(formatHeader(1, CLIENT));
    later.write(get());
    expect(statusOf(await wholeOf(later))).toBe(OK);
  });

  test('hears nobody else, whatever header they send', async () => {
    const host = new Host();
    for (const header of [formatHeader(1, CLIENT), await helloOf(HOST)]) {
      expect(await wholeOf(await host.balanced(header, '127.0.0.6'))).toBe('');
    }
    expect(host.failures).toEqual(['PROXY_NOT_LISTED', 'PROXY_NOT_LISTED']);
    expect(host.peers).toEqual(['127.0.0.6', '127.0.0.6']);
    expect(await host.statusThrough(formatHeader(1, CLIENT))).toBe(OK);
  });

  test.each([
    ['TLS without a header', () => helloOf(HOST)],
    ['HTTP', () => get()],
    ['a header that never ends', () => `PROXY TCP4 ${'1'.repeat(200)}`],
    [
      'a header that announces more than it may',
      () => Buffer.concat([localHeader.subarray(0, 14), Buffer.of(255, 255)]),
    ],
  ])('ends a connection of the load balancer that begins with %s', async (_what, bytes) => {
    const host = new Host();
    expect(await wholeOf(await host.balanced(await bytes()))).toBe('');
    await vi.waitFor(() => expect(host.failures).toEqual(['PROXY_NO_HEADER']), PATIENCE);
    expect(host.peers).toEqual([BALANCER]);
  });

  test('takes a connection that says nothing and ends for a health check', async () => {
    const host = new Host();
    const socket = await host.plain(BALANCER);
    socket.end();
    expect(await wholeOf(socket)).toBe('');
    expect(host.failures).toEqual([]);
  });
});

describeWith(['openssl'], 'a client behind the load balancer', () => {
  test.each([
    ['nothing', ''],
    ['half a header', 'PROXY TCP4 192'],
  ])('is cut when of it comes %s', async (_what, text) => {
    const host = new Host({ proxyMs: 100 });
    expect(await wholeOf(await host.balanced(text))).toBe('');
    expect(host.failures).toEqual(['PROXY_NO_HEADER']);
  });

  test('harms nobody by a reset, wherever it comes', async () => {
    const [host, header] = [new Host(), formatHeader(2, CLIENT)];
    const bytes = Buffer.concat([header, await helloOf(HOST)]);
    for (let length = 0; length <= bytes.length; length += 7) {
      const socket = await host.balanced(bytes.subarray(0, length));
      if (length % 2 === 0) await new Promise(setImmediate);
      socket.resetAndDestroy();
    }
    expect(await host.statusThrough(header)).toBe(OK);
  });

  test('gains no time by a byte now and then', async () => {
    const host = new Host({ proxyMs: 200 });
    // It announces 4,000 bytes more.
    const socket = await host.balanced(Buffer.concat([localHeader.subarray(0, 14), Buffer.of(0x0f, 0xa0)]));
    const timer = setInterval(() => socket.write('f'), 20);
    onTestFinished(() => clearInterval(timer));
    expect(await wholeOf(socket)).toBe('');
    expect(host.failures).toEqual(['PROXY_NO_HEADER']);
  });

  test('has no hurry any more once its header is there', async () => {
    const host = new Host({ proxyMs: 100 });
    const [served, late] = [await host.through(formatHeader(1, CLIENT)), await host.balanced('')];
    await wholeOf(late);
    served.write(get());
    expect(statusOf(await wholeOf(served))).toBe(OK);
  });

  test('has its own time for the handshake, its headers and an idle connection', async () => {
    const host = new Host({ handshakeMs: 100, headersMs: 100, requestMs: 200, idleMs: 600_000 });
    expect(await wholeOf(await host.balanced(formatHeader(1, CLIENT)))).toBe('');
    await vi.waitFor(() => expect(host.failures).toEqual(['ERR_TLS_HANDSHAKE_TIMEOUT']), PATIENCE);
    const silent = await host.through(formatHeader(1, CLIENT));
    expect(['', 'HTTP/1.1 408']).toContain((await wholeOf(silent)).slice(0, 12));
  });

  test('is known by its own address: its share is its own, and failures are told under it', async () => {
    const host = new Host({ connectionsPerPeer: 2 });
    const header = formatHeader(2, CLIENT);
    const held = [await host.through(header), await host.through(header)];
    expect(await wholeOf(await host.balanced(Buffer.concat([header, await helloOf(HOST)])))).toBe('');
    expect(await host.statusThrough(formatHeader(2, '192.0.2.8'))).toBe(OK);
    expect(held.map(({ closed }) => closed)).toEqual([false, false]);
    // Another way to write the same address.
    const mapped = 'PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n';
    expect(await wholeOf(await host.balanced(mapped))).toBe('');
    held[0]?.destroy();
    await vi.waitFor(async () => expect(await host.statusThrough(header)).toBe(OK), PATIENCE);
    await host.through(formatHeader(2, '192.0.2.9'), { servername: 'mta-sts.unknown.test' }).catch(() => undefined);
    await vi.waitFor(() => expect(host.peers).toEqual(['192.0.2.9']), PATIENCE);
  });

  test('of IPv6 shares with its /64', async () => {
    const host = new Host({ connectionsPerPeer: 1 });
    const held = await host.through(formatHeader(2, '2001:db8::1'));
    expect(await wholeOf(await host.balanced(formatHeader(1, '2001:db8::2')))).toBe('');
    expect(await host.statusThrough(formatHeader(1, '2001:db8:0:1::1'))).toBe(OK);
    expect(held.closed).toBe(false);
  });

  test('does not stay when the listener goes, whatever it has said so far', async () => {
    const host = new Host({ proxyMs: 600_000 });
    const sockets = [await host.plain(BALANCER), await host.balanced('PROXY '), await host.through(localHeader)];
    await host.close();
    for (const socket of sockets) expect(await wholeOf(socket)).toBe('');
  });

  test('may be one of many that say nothing, or far too much: the others are served, and memory is bounded', async () => {
    const host = new Host();
    const before = process.memoryUsage().rss;
    const many = Array.from({ length: 200 });
    const silent = await Promise.all(many.map(() => host.balanced('PROXY TCP4 192.0.2.66')));
    const half = await Promise.all(many.map(() => host.balanced(formatHeader(2, CLIENT))));
    const endless = Buffer.alloc(1_000_000, 'PROXY TCP4 ');
    const loud = await Promise.all(many.map(() => host.balanced(endless)));
    expect(await host.statusThrough(formatHeader(2, '192.0.2.8'))).toBe(OK);
    for (const socket of loud) expect(await wholeOf(socket)).toBe('');
    expect([...silent, ...half].filter(({ closed }) => closed)).toEqual([]);
    // The clients are in it too.
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });
});

/** The first bytes of a TLS client. */
async function helloOf(servername: string): Promise<Buffer> {
  const written = Promise.withResolvers<Buffer>();
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      written.resolve(chunk);
      done();
    },
  });
  const socket = connect({ socket: stream, servername });
  socket.on('error', () => undefined);
  const hello = await written.promise;
  socket.destroy();
  return hello;
}
