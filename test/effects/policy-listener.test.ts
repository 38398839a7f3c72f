/** The policy host as strangers meet it: real TLS on loopback, good clients and all kinds of bad ones. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { expect, test, vi } from 'vitest';
import { describeWith } from '../servers/programs.ts';
import { sharedCa } from '../support/shared-ca.ts';
import {
  BODY,
  get,
  HOST,
  type HostOptions,
  OTHER,
  PATH,
  PATIENCE,
  PolicyHost,
  statusOf,
  wholeOf,
} from './policy-host-rig.ts';

const ca = sharedCa();

class Host extends PolicyHost {
  constructor(options: HostOptions = {}) {
    super(ca, options);
  }
}

/** As a sender: only what the root vouches for. */
function trusted(): ConnectionOptions {
  return { ca: readFileSync(ca.file), rejectUnauthorized: true };
}

describeWith(['openssl'], 'the policy host over TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('gives the policy over %s, as text that nobody keeps', async (version) => {
    const host = new Host();
    const socket = await host.tls({
      minVersion: version,
      maxVersion: version,
      ...trusted(),
      ALPNProtocols: ['http/1.1'],
    });
    expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([version, 'http/1.1']);
    expect(socket.getCipher().name).toMatch(/GCM|CHACHA20/);
    socket.write(get());
    const [head = '', body] = (await wholeOf(socket)).split('\r\n\r\n');
    const fields = head.split('\r\n').filter((line) => !/^(?:date|connection):/i.test(line));
    expect(fields).toEqual([
      'HTTP/1.1 200 OK',
      `content-length: ${BODY.length}`,
      'content-type: text/plain',
      'cache-control: no-store',
    ]);
    expect(`${body}\r\n\r\n`.slice(0, BODY.length)).toBe(BODY);
  });

  test('shows a changed policy with the next request on the same connection', async () => {
    const host = new Host();
    const socket = await host.tls();
    const request = get().replace('Connection: close\r\n', '');
    socket.write(request);
    expect(String((await once(socket, 'data'))[0])).toContain('mode: none');
    host.bodies.set(HOST, 'the new one');
    socket.write(request);
    expect(String((await once(socket, 'data'))[0])).toContain('the new one');
  });

  test('answers HEAD with the head alone', async () => {
    const answer = await new Host().say(get(PATH, HOST, 'HEAD'));
    expect(answer).toContain(`content-length: ${BODY.length}\r\n`);
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
    expect(answer).not.toContain('STSv1');
  });

  test.each([
    ['421', get(PATH, OTHER)],
    ['404', get('/')],
    ['404', get('/.well-known/../.well-known/mta-sts.txt')],
    ['405', get(PATH, HOST, 'POST')],
  ])('answers %s bare and ends the connection', async (status, request) => {
    const answer = await new Host().say(request.replace('Connection: close\r\n', ''));
    expect(statusOf(answer)).toMatch(`HTTP/1.1 ${status} `);
    expect(answer).toContain('content-length: 0\r\n');
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
    expect(answer.includes('allow: GET, HEAD')).toBe(status === '405');
    expect(answer).not.toMatch(/location|server:|x-powered/i);
  });

  test.each(['Content-Length: 1000000000', 'Transfer-Encoding: chunked'])(
    'does not read a body that nobody asked for (%s), and ends the connection',
    async (header) => {
      const head = get().replace('Connection: close', header);
      const answer = await new Host({ requestMs: 60_000, idleMs: 60_000, headersMs: 60_000 }).say(`${head}xx`);
      expect(statusOf(answer)).toBe('HTTP/1.1 200 OK');
      expect(answer.toLowerCase()).toContain('connection: close\r\n');
    },
  );

  test('gives each name its own certificate and policy', async () => {
    const host = new Host();
    expect(await host.say(get(PATH, OTHER), { servername: OTHER, ...trusted() })).toContain('another');
    expect(await host.serial(HOST)).not.toBe(await host.serial(OTHER));
  });

  test.each([
    ['a name without certificate', { servername: 'mta-sts.unknown.test' }, 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
    ['no name', { servername: '' }, 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
    ['a name that is a path', { servername: '../mta-sts' }, 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
    [
      'TLS 1.1',
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    ],
    [
      'a cipher without forward secrecy',
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    ],
    ['HTTP/2 alone', { ALPNProtocols: ['h2'] }, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
  ] as const)('ends the handshake with an alert: %s', async (_what, options, alert) => {
    const host = new Host();
    const { ...copy }: ConnectionOptions = { ...options, ALPNProtocols: 'ALPNProtocols' in options ? ['h2'] : [] };
    expect(await host.refusal(copy)).toBe(alert);
    await vi.waitFor(() => expect(host.failures).toHaveLength(1), PATIENCE);
    expect(statusOf(await host.say(get()))).toBe('HTTP/1.1 200 OK');
  });

  test('drops plain text on the port of TLS', async () => {
    const host = new Host();
    const socket = await host.plain();
    socket.write(get());
    expect(await wholeOf(socket)).not.toContain('STSv1');
  });

  test.each([
    ['HTTP/0.9', `GET ${PATH}\r\n\r\n`, 421],
    ['no Host', `GET ${PATH} HTTP/1.1\r\n\r\n`, 400],
    ['two Hosts', `GET ${PATH} HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${OTHER}\r\nConnection: close\r\n\r\n`, 421],
    ['HTTP/1.0 without Host', `GET ${PATH} HTTP/1.0\r\n\r\n`, 421],
    ['a huge header', get().replace('\r\n\r\n', `\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`), 431],
    ['a huge request line', get(`/${'x'.repeat(10_000)}`), 431],
    ['no HTTP at all', '\0\x01\x02\r\n\r\n', 400],
    ['two lengths', get().replace('Connection', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection'), 400],
  ])('refuses %s', async (_what, text, status) => {
    const answer = await new Host().say(text);
    expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect(answer).not.toContain('STSv1');
  });

  test('opens no tunnel and no other protocol', async () => {
    const host = new Host();
    expect(await host.say(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)).toBe('');
    const upgrade = get().replace('Connection: close', 'Connection: Upgrade\r\nUpgrade: websocket');
    expect(statusOf(await host.say(upgrade.replace(PATH, '/')))).toBe('HTTP/1.1 404 Not Found');
  });
});

describeWith(['openssl'], 'a client that is slow on purpose', () => {
  test.each([
    ['says nothing', Buffer.alloc(0)],
    ['sends half a ClientHello', Buffer.from('16030102000100', 'hex')],
  ])('and %s is cut before the handshake', async (_what, bytes) => {
    const host = new Host({ handshakeMs: 100 });
    const socket = await host.plain();
    socket.write(bytes);
    await wholeOf(socket);
    await vi.waitFor(() => expect(host.failures).toEqual(['ERR_TLS_HANDSHAKE_TIMEOUT']), PATIENCE);
  });

  test.each([
    ['sends no request', ''],
    ['never ends its headers', `GET ${PATH} HTTP/1.1\r\nHost: ${HOST}\r\nX-A: `],
  ])('and %s is cut', async (_what, text) => {
    const answer = await new Host({ headersMs: 100, requestMs: 200 }).say(text);
    expect(['', 'HTTP/1.1 408']).toContain(answer.slice(0, 12));
  });

  test('and keeps an idle connection is cut', async () => {
    const answer = await new Host({ keepAliveMs: 100 }).say(get().replace('Connection: close\r\n', ''));
    expect(statusOf(answer)).toBe('HTTP/1.1 200 OK');
  });

  test('has no more connections from one address than its share, while others are served', async () => {
    const host = new Host({ connectionsPerPeer: 3 });
    const held = await Promise.all([1, 2, 3].map(() => host.plain('127.0.0.2')));
    expect(await wholeOf(await host.plain('127.0.0.2'))).toBe('');
    expect(statusOf(await host.say(get()))).toBe('HTTP/1.1 200 OK');
    expect(held.map(({ closed }) => closed)).toEqual([false, false, false]);
    // Its share is free again when it lets go.
    await Promise.all(held.map(async (socket) => (socket.end(), wholeOf(socket))));
    await vi.waitFor(
      async () =>
        expect(statusOf(await host.say(get(), { socket: await host.plain('127.0.0.2') }))).toBe('HTTP/1.1 200 OK'),
      PATIENCE,
    );
  });
});

describeWith(['openssl'], 'certificates in a directory', () => {
  test('are taken anew when they change', async () => {
    const host = new Host();
    const before = await host.serial();
    expect(await host.serial()).toBe(before);
    host.certify(HOST, [HOST], 19);
    expect(await host.serial()).not.toBe(before);
    expect(host.troubles).toEqual([]);
  });

  test('may come while the host runs, and in a folder of their own', async () => {
    const host = new Host();
    const name = 'mta-sts.late.test';
    expect(await host.refusal({ servername: name })).toContain('ALERT');
    const { cert, key } = ca.issue({ names: [name] });
    mkdirSync(join(host.directory, name));
    writeFileSync(join(host.directory, name, 'fullchain.pem'), cert);
    expect(await host.refusal({ servername: name })).toContain('ALERT');
    writeFileSync(join(host.directory, name, 'privkey.pem'), key);
    expect(await host.refusal({ servername: name })).toBe('connected');
  });

  test('that do not fit leave the one before in use until they do, and that is told once', async () => {
    const host = new Host();
    const before = await host.serial();
    const { cert, key } = ca.issue({ names: [HOST], toDays: 18 });
    writeFileSync(join(host.directory, `${HOST}.pem`), cert);
    expect([await host.serial(), await host.serial()]).toEqual([before, before]);
    expect(host.troubles).toEqual([expect.stringMatching(`^CERTIFICATE_UNUSABLE .*${HOST} .*stays in use$`)]);
    writeFileSync(join(host.directory, `${HOST}.key`), key);
    expect(await host.serial()).not.toBe(before);
  });

  test('of another name are not used: the handshake fails, and the reason is told', async () => {
    const host = new Host();
    host.certify('mta-sts.wrong.test', ['www.wrong.test']);
    expect(await host.refusal({ servername: 'mta-sts.wrong.test' })).toContain('ALERT');
    expect(host.troubles).toEqual([expect.stringContaining('it is not for mta-sts.wrong.test')]);
  });

  test('are for a wildcard too', async () => {
    const host = new Host();
    host.certify('mta-sts.wild.test', ['*.wild.test']);
    expect(await host.refusal({ servername: 'mta-sts.wild.test' })).toBe('connected');
  });

  test('stay right where more names are asked for than are kept in memory', async () => {
    const host = new Host({ cached: 1 });
    const serials = [await host.serial(HOST), await host.serial(OTHER), await host.serial(HOST)];
    expect(serials[0]).toBe(serials[2]);
    expect(serials[0]).not.toBe(serials[1]);
  });
});

describeWith(['openssl'], 'behind a proxy', () => {
  test('the host speaks plain HTTP and goes by Host alone', async () => {
    const host = new Host({ isPlain: true });
    for (const [name, expected] of [
      [HOST, 'STSv1'],
      [OTHER, 'another'],
      ['mta-sts.unknown.test', 'HTTP/1.1 404'],
    ] as const) {
      const socket = await host.plain();
      socket.write(get(PATH, name));
      expect(await wholeOf(socket)).toContain(expected);
    }
  });
});
