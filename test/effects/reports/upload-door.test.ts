/** TLS reports by HTTPS as strangers send them: real TLS on loopback, raw requests. */
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { expect, onTestFinished, test, vi } from 'vitest';

import { systemClock } from '../../../src/effects/clock.ts';
import { openUploadListener } from '../../../src/effects/reports/upload-listener.ts';
import { describeWith } from '../../servers/programs.ts';
import { formatHeader } from '../../support/proxy-header.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { get, HOST, OTHER, PATH, PATIENCE, statusOf, wholeOf } from '../policy-host-rig.ts';
import { headOf, post, type Post, ReportTaker } from './upload-rig.ts';

const ca = sharedCa();
const MEBIBYTE = 1024 * 1024;
const close = 'Connection: close';

async function say(taker: ReportTaker, text: string, servername = HOST): Promise<string> {
  return taker.host.say(text, { servername });
}

describeWith(['openssl'], 'a report that is posted', () => {
  test('is whole on the disk when its sender hears 201, readable for nobody else', async () => {
    const taker = new ReportTaker(ca);
    const answer = await say(taker, post({ body: '{"a":1}', more: [close] }));
    expect(statusOf(answer)).toBe('HTTP/1.1 201 Created');
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
    expect(await taker.kept()).toEqual([['127.0.0.1', '{"a":1}']]);
    const [name = ''] = readdirSync(taker.directory);
    expect(statSync(join(taker.directory, name)).mode & 0o777).toBe(0o600);
  });

  test('is taken at each host that has a certificate, as JSON or gzip, encoded or not, whatever the parameters', async () => {
    const taker = new ReportTaker(ca);
    const posts: readonly (readonly [string, Post])[] = [
      [HOST, { type: 'application/tlsrpt+gzip' }],
      [OTHER, { type: 'Application/TLSRPT+json; charset=utf-8', host: `${OTHER}:443` }],
      [HOST, { more: ['Content-Encoding: gzip'] }],
    ];
    for (const [name, one] of posts)
      expect(statusOf(await say(taker, post({ ...one, more: [...(one.more ?? []), close] }), name))).toContain('201');
    expect(await taker.kept()).toHaveLength(3);
  });

  test('may come in pieces, and many on one connection', async () => {
    const taker = new ReportTaker(ca);
    const head = headOf({ more: ['Transfer-Encoding: chunked'] });
    const socket = await taker.host.tls();
    socket.write(`${head}2\r\n{"\r\n`);
    socket.write('3\r\na":\r\n2\r\n1}\r\n0\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toContain('201');
    socket.write(post({ body: '[]' }));
    expect(String((await once(socket, 'data'))[0])).toContain('201');
    expect((await taker.kept()).map(([, text]) => text)).toEqual(['{"a":1}', '[]']);
  });

  test.each<readonly [number, string, string]>([
    [405, 'GET', get('/tls-reports').replace('close', 'keep-alive')],
    [405, 'HEAD', get('/tls-reports', HOST, 'HEAD')],
    [405, 'PUT', post({ method: 'PUT' })],
    [404, 'another path', post({ path: '/tls-reports/' })],
    [404, 'a query', post({ path: '/tls-reports?a' })],
    [421, 'another host', post({ host: OTHER })],
    [415, 'no type', post({ type: null })],
    [415, 'another type', post({ type: 'application/json' })],
    [415, 'another encoding', post({ more: ['Content-Encoding: br'] })],
    [400, 'nothing', post({ body: '' })],
    [413, 'a length over 10 MiB', headOf({ more: [`Content-Length: ${10 * MEBIBYTE + 1}`] })],
  ])('is refused bare with %i, and nothing of it is kept: %s', async (status, _what, text) => {
    const taker = new ReportTaker(ca);
    const answer = await say(taker, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
    expect(answer.includes('allow: POST\r\n')).toBe(status === 405);
    expect(readdirSync(taker.directory)).toEqual([]);
  });

  test('has at most 10 MiB also where it does not say how long it is, and its sender sees that', async () => {
    const taker = new ReportTaker(ca);
    const socket = await taker.host.tls();
    const answer = wholeOf(socket);
    socket.write(headOf({ more: ['Transfer-Encoding: chunked'] }));
    for (let sent = 0; sent < 40; sent++) socket.write(`100000\r\n${'x'.repeat(MEBIBYTE)}\r\n`);
    expect(statusOf(await answer)).toBe('HTTP/1.1 413 Payload Too Large');
    expect(readdirSync(taker.directory)).toEqual([]);
  });

  test('that is refused is answered also where its sender reads only when it has sent all', async () => {
    const taker = new ReportTaker(ca, { host: { isPlain: true } });
    const socket = connect(await taker.host.port(), '127.0.0.1');
    socket.on('error', () => undefined).pause();
    socket.write(headOf({ more: [`Content-Length: ${20 * MEBIBYTE}`] }));
    await new Promise((resolve) => socket.write('x'.repeat(20 * MEBIBYTE), resolve));
    const answer = wholeOf(socket);
    socket.resume();
    expect(statusOf(await answer)).toContain('413');
  });

  test('that comes too slowly, or whose sender goes away, leaves nothing behind', async () => {
    const taker = new ReportTaker(ca, { host: { requestMs: 200, headersMs: 100 } });
    const socket = await taker.host.tls();
    socket.write(`${headOf({ more: ['Content-Length: 100'] })}{"`);
    await wholeOf(socket);
    const gone = await taker.host.tls();
    gone.write(`${headOf({ more: ['Content-Length: 100'] })}{"`);
    await vi.waitFor(() => expect(readdirSync(taker.directory)).toHaveLength(1), PATIENCE);
    gone.destroy();
    await vi.waitFor(() => expect(readdirSync(taker.directory)).toEqual([]), PATIENCE);
    // It is the sender's affair, and nobody is to look after the disk.
    expect(taker.log).toEqual([]);
  });

  test('never gets into the log', async () => {
    const taker = new ReportTaker(ca, { bytes: 30 });
    await say(taker, post({ body: '{"secret-word":1}', more: [close] }));
    await say(taker, post({ body: '{"secret-word":1, "secret-word":2}', more: [close] }));
    expect(taker.log.join()).toMatch(/201.*full/s);
    expect(taker.log.join()).not.toContain('secret');
  });
});

describeWith(['openssl'], 'senders that post too much', () => {
  test('hear 429 with the time to wait, while policies are served', async () => {
    const taker = new ReportTaker(ca, { rates: { perPeer: { burst: 2, perSecond: 0.1 } } });
    for (const status of ['201', '201', '429']) {
      const answer = await say(taker, post({ more: [close] }));
      expect(statusOf(answer)).toContain(status);
      if (status === '429') expect(answer).toMatch(/retry-after: (?:9|10)\r\n/);
    }
    expect(statusOf(await say(taker, get(PATH)))).toBe('HTTP/1.1 200 OK');
  });

  test('and hold every place for bodies do not keep policies from being served', async () => {
    const taker = new ReportTaker(ca, { rates: { open: 3, openPerPeer: 3 } });
    const held = await Promise.all([1, 2, 3].map(() => taker.host.tls()));
    for (const socket of held) socket.write(`${headOf({ more: ['Content-Length: 100'] })}{`);
    await vi.waitFor(() => expect(readdirSync(taker.directory)).toHaveLength(3), PATIENCE);
    expect(statusOf(await say(taker, post()))).toContain('429');
    expect(statusOf(await say(taker, get(PATH)))).toBe('HTTP/1.1 200 OK');
    for (const socket of held) socket.write('x'.repeat(99));
    await vi.waitFor(async () => expect(await taker.kept()).toHaveLength(3), PATIENCE);
    expect(statusOf(await say(taker, post({ more: [close] })))).toContain('201');
  });

  test('hear 503 with a time when the spool is full, and when the daemon stops', async () => {
    const taker = new ReportTaker(ca, { bytes: 3 });
    expect(await say(taker, post({ body: '{} ', more: [close] }))).toContain('201');
    expect(await say(taker, post({ body: '{}' }))).toMatch(/503[^]*retry-after: 300\r\n/);
    taker.door.close();
    expect(await say(taker, post({ body: '{}' }))).toContain('503');
    expect(await taker.kept()).toHaveLength(1);
  });
});

const lie = ['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=203.0.113.9', 'X-Real-IP: 203.0.113.9', close];

/** The status line, over plain HTTP. */
const at = async (port: number, path: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write(post({ path, more: lie, host: 'anything' }));
  return statusOf(await wholeOf(socket));
};

describeWith(['openssl'], 'the address of a sender', () => {
  test('is what a listed load balancer says, and never what a header says', async () => {
    const rates = { perPeer: { burst: 1, perSecond: 0.1 } };
    const taker = new ReportTaker(ca, { rates, host: { proxyProtocol: { from: ['127.0.0.5/32'] } } });
    const through = async (client: string): Promise<string> => {
      const socket = await taker.host.plain('127.0.0.5');
      socket.write(formatHeader(2, client));
      return taker.host.say(post({ more: lie }), { socket });
    };
    expect(statusOf(await through('2001:db8:0:1::7'))).toContain('201');
    // The same /64.
    expect(statusOf(await through('2001:db8:0:1:5::8'))).toContain('429');
    expect(statusOf(await through('2001:db8:0:2::7'))).toContain('201');
    expect((await taker.kept()).map(([peer]) => peer)).toEqual(['2001:db8:0:1::7', '2001:db8:0:2::7']);
  });

  test('is not known behind a proxy that ends TLS, at the policy host and at a listener for reports alone', async () => {
    const taker = new ReportTaker(ca, { host: { isPlain: true } });
    expect(await at(await taker.host.port(), '/tls-reports')).toContain('201');
    const options = { listen: '127.0.0.1:0', clock: systemClock, onTrouble: () => undefined, door: taker.door };
    const listener = openUploadListener(options);
    onTestFinished(() => listener.close());
    const port = await vi.waitFor(() => listener.port() ?? Promise.reject(new Error('not listening')), PATIENCE);
    expect(await at(port, '/tls-reports')).toContain('201');
    expect(await at(port, PATH)).toContain('404');
    expect((await taker.kept()).map(([peer]) => peer)).toEqual([null, null]);
  });
});
