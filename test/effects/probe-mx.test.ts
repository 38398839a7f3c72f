/** STARTTLS at port 25, of good servers (smtp-server) and of servers that misbehave: code and message as a person reads them. */
import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import { expect, it } from 'vitest';
import { describeWith } from '../servers/programs.ts';

import { type MxProbe, mxProbe } from '../../src/effects/probe-mx.ts';
import type { MxOutcome } from '../../src/effects/talk-starttls.ts';
import type { Certificate, LeafOptions } from '../support/ca.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { closedPort, listening } from '../support/tcp-server.ts';

const host = 'mx1.example.test';
const signal = new AbortController().signal;

const ca = sharedCa();

/** A probe for which the MX host is at `port` of loopback. */
function probeTo(port: number, timeoutMs = 5_000): MxProbe {
  const connectTo = new Map([[`${host}:25`, `127.0.0.1:${port}`]]);
  const world = { connectTo, caFile: ca.file, allowPrivateAddresses: false, concurrency: 8 };
  return mxProbe(world, { timeoutMs, heloName: 'probe.example.test' });
}

async function outcomeAt(port: number, timeoutMs?: number): Promise<MxOutcome> {
  const [probed] = await probeTo(port, timeoutMs).probe(host, [], signal);
  if (probed === undefined) throw new Error('no answer');
  return probed.outcome;
}

async function outcomeOf(server: Server, timeoutMs?: number): Promise<MxOutcome> {
  return outcomeAt((await listening(server)).port, timeoutMs);
}

/** The server that others wrote. It keeps its TCP server in `server`. */
function smtpServer(certificate: Certificate, disabledCommands: string[] = []): Server {
  const smtp = new SMTPServer({
    ...certificate,
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['AUTH', ...disabledCommands],
    banner: 'welcome',
    name: host,
  });
  smtp.on('error', () => undefined);
  return smtp.server;
}

/** What a server of a test says: its greeting, and by command. Nothing: it is silent there. A function writes itself. */
type Script = Readonly<Record<string, string | ((socket: Socket) => void)>>;

const good: Script = {
  greeting: '220 mx1.example.test ESMTP\r\n',
  EHLO: '250-mx1.example.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n',
  STARTTLS: '220 go ahead\r\n',
  QUIT: '221 bye\r\n',
};

/** A server by script, which writes down what it is told. */
function scripted(script: Script, heard: string[] = []): Server {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    play(script, socket, heard);
    say(script['greeting'], socket);
  });
}

function play(script: Script, socket: Socket, heard: string[]): void {
  socket.on('data', (chunk) => {
    const command = chunk.toString('latin1').trim();
    heard.push(/^[ -~]*$/.test(command) ? command : 'bytes');
    say(script[command.split(' ')[0] ?? ''], socket);
  });
}

function say(line: Script[string] | undefined, socket: Socket): void {
  if (typeof line === 'function') line(socket);
  else if (line !== undefined) socket.write(line);
}

/** Answers STARTTLS and goes on in TLS with the same script. */
function upgrade(certificate: Certificate, script: Script, heard: string[]): (socket: Socket) => void {
  return (socket) => {
    socket.removeAllListeners('data');
    socket.write('220 go ahead\r\n');
    const tls = new TLSSocket(socket, { isServer: true, ...certificate });
    tls.on('error', () => undefined);
    tls.on('secure', () => heard.push('TLS'));
    play(script, tls, heard);
  };
}

describeWith(['openssl'], 'a server with STARTTLS', () => {
  it('whose certificate is good for its name', async () => {
    const outcome = await outcomeOf(smtpServer(ca.issue({ names: [host] })));
    expect(outcome).toMatchObject({
      kind: 'starttls',
      certificate: { names: [host], isTrusted: true, issuer: 'CN=Test Root' },
      isValidForName: true,
      reason: null,
      protocol: 'TLSv1.3',
    });
  });

  it.each<[string, LeafOptions | 'self-signed', RegExp, boolean]>([
    ['has expired', { names: [host], fromDays: -9, toDays: -1 }, /^expired on \d{4}-\d\d-\d\d$/, false],
    ['is not valid yet', { names: [host], fromDays: 2, toDays: 9 }, /^not valid before \d{4}-\d\d-\d\d$/, false],
    // §4.2 compares with the MX host, not with the domain or the pattern.
    ['is for the domain', { names: ['example.test'] }, /^made for example\.test, not for mx1\.example\.test$/, true],
    ['has the name as CN alone', { names: [], commonName: host }, /^it has no DNS name in its SAN$/, true],
    ['is self-signed', 'self-signed', /^self-signed$/, false],
    ['comes without its chain', { names: [host], isWithoutChain: true }, /^no chain to a public root \(UNABLE_/, false],
  ])('whose certificate %s', async (_title, leaf, reason, isTrusted) => {
    const certificate = leaf === 'self-signed' ? ca.selfSigned(host) : ca.issue(leaf);
    const outcome = await outcomeOf(smtpServer(certificate));
    expect(outcome).toMatchObject({ kind: 'starttls', isValidForName: false, certificate: { isTrusted } });
    expect(outcome.kind === 'starttls' && outcome.reason).toMatch(reason);
  });

  it('whose certificate is a wildcard', async () => {
    const outcome = await outcomeOf(smtpServer(ca.issue({ names: ['*.example.test'] })));
    expect(outcome).toMatchObject({ isValidForName: true });
  });

  it('is left politely', async () => {
    const heard: string[] = [];
    const starttls = upgrade(ca.issue({ names: [host] }), good, heard);
    const outcome = await outcomeOf(scripted({ ...good, STARTTLS: starttls }, heard));
    expect(outcome).toMatchObject({ kind: 'starttls', isValidForName: true });
    expect(heard).toEqual(['EHLO probe.example.test', 'STARTTLS', 'TLS', 'EHLO probe.example.test', 'QUIT']);
  });

  it.each<[string, Script]>([
    ['hangs up', { EHLO: (socket) => socket.destroy() }],
    ['is silent', {}],
    ['talks nonsense', { EHLO: 'hello!\r\n' }],
  ])('is known as it is when it %s after the handshake', async (_title, script) => {
    const starttls = upgrade(ca.issue({ names: [host] }), script, []);
    const outcome = await outcomeOf(scripted({ ...good, STARTTLS: starttls }), 1_000);
    expect(outcome).toMatchObject({ kind: 'starttls', isValidForName: true });
  });

  it.each<[string, Script]>([
    ['a greeting of many lines', { greeting: '220-welcome\r\n220-to\r\n220 mx1\r\n' }],
    [
      'a greeting in pieces',
      { greeting: (socket) => ['2', '20', ' mx1', '\r', '\n'].forEach((piece) => socket.write(piece)) },
    ],
    ['bare line feeds', { greeting: '220 mx1\n', EHLO: '250-mx1\n250-starttls\n250 OK\n' }],
    ['a reply without text', { greeting: '220\r\n' }],
    ['a greeting that is not ASCII', { greeting: Buffer.from('220 gr\u00fcezi\r\n').toString('latin1') }],
  ])('may have %s', async (_title, script) => {
    const starttls = upgrade(ca.issue({ names: [host] }), good, []);
    expect(await outcomeOf(scripted({ ...good, ...script, STARTTLS: starttls }))).toMatchObject({
      isValidForName: true,
    });
  });
});

describeWith(['openssl'], 'a server without STARTTLS', () => {
  it('of others', async () => {
    const outcome = await outcomeOf(smtpServer(ca.issue({ names: [host] }), ['STARTTLS']));
    expect(outcome).toEqual({ kind: 'no-starttls', banner: 'mx1.example.test ESMTP welcome' });
  });

  it.each<[string, Script]>([
    ['offers others', { EHLO: '250-mx1 STARTTLS\r\n250-SIZE 10\r\n250-XSTARTTLS\r\n250 AUTH STARTTLS\r\n' }],
    ['greets with its name alone', { EHLO: '250 STARTTLS\r\n' }],
    ['knows no EHLO (500)', { EHLO: '500 what?\r\n' }],
    ['knows no EHLO (502)', { EHLO: '502 what?\r\n' }],
  ])('that %s', async (_title, script) => {
    const heard: string[] = [];
    const outcome = await outcomeOf(scripted({ ...good, ...script }, heard));
    expect(outcome).toEqual({ kind: 'no-starttls', banner: 'mx1.example.test ESMTP' });
    expect(heard).toEqual(['EHLO probe.example.test', 'QUIT']);
  });

  it('has its banner made printable', async () => {
    const outcome = await outcomeOf(scripted({ ...good, greeting: '220 \u001b[31mred\u0007\r\n', EHLO: '250 hi\r\n' }));
    expect(outcome).toEqual({ kind: 'no-starttls', banner: '?[31mred?' });
  });
});

describeWith(['openssl'], 'a server that misbehaves', () => {
  it.each<[string, Script, string, string]>([
    ['is silent', {}, 'SMTP_TIMEOUT', 'no greeting within 0.5 s at port PORT'],
    [
      'greets without end, slowly',
      {
        greeting: (socket) => {
          const drip = setInterval(() => socket.write('220-wait\r\n'), 20);
          socket.on('close', () => clearInterval(drip));
        },
      },
      'SMTP_TIMEOUT',
      'no greeting within 0.5 s at port PORT',
    ],
    ['is silent after EHLO', { greeting: '220 hi\r\n' }, 'SMTP_TIMEOUT', 'no answer to EHLO within 0.5 s at port PORT'],
    [
      'is silent after STARTTLS',
      { ...good, STARTTLS: () => undefined },
      'SMTP_TIMEOUT',
      'no answer to STARTTLS within 0.5 s at port PORT',
    ],
    ['is silent in TLS', good, 'SMTP_TIMEOUT', 'the TLS handshake did not end within 0.5 s at port PORT'],
    [
      'closes at once',
      { greeting: (socket) => socket.end() },
      'SMTP_RESET',
      'the connection was closed: no greeting (ECONNRESET)',
    ],
    [
      'closes after EHLO',
      { ...good, EHLO: (socket) => socket.destroy() },
      'SMTP_RESET',
      'the connection was closed: no answer to EHLO (ECONNRESET)',
    ],
    [
      'is busy, and hangs up',
      { greeting: (socket) => socket.end('421 too many connections\r\n') },
      'SMTP_PROTOCOL',
      'the greeting is 421 too many connections',
    ],
    [
      'has this address on a list',
      { ...good, greeting: '554-go away\r\n554 see https://list.example/\r\n' },
      'SMTP_PROTOCOL',
      'the greeting is 554 go away',
    ],
    ['refuses EHLO', { ...good, EHLO: '550 not you\r\n' }, 'SMTP_PROTOCOL', 'the answer to EHLO is 550 not you'],
    [
      'is a web server',
      { greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n' },
      'SMTP_PROTOCOL',
      'what answers is no SMTP: "HTTP/1.1 400 Bad Request"',
    ],
    [
      'changes its code within a reply',
      { greeting: '220-hi\r\n250 there\r\n' },
      'SMTP_PROTOCOL',
      'what answers is no SMTP: "250 there"',
    ],
    [
      'greets with escape sequences',
      { greeting: '\u001b]0;x\u0007\r\n' },
      'SMTP_PROTOCOL',
      'what answers is no SMTP: "?]0;x?"',
    ],
    [
      'greets without end',
      { greeting: (socket) => flood(socket, '220-welcome\r\n') },
      'SMTP_PROTOCOL',
      'sent a reply of more than 100 lines',
    ],
    [
      'greets in a line without end',
      { greeting: (socket) => flood(socket, '220 welcome ') },
      'SMTP_PROTOCOL',
      'sent a line of more than 4096 bytes',
    ],
    [
      'takes STARTTLS back',
      { ...good, STARTTLS: '454 TLS not available\r\n' },
      'TLS_FAILED',
      'it offers STARTTLS and answers it with 454 TLS not available',
    ],
    [
      'sends garbage in place of TLS',
      {
        ...good,
        bytes: 'x',
        STARTTLS: (socket) =>
          void socket.write('220 go\r\n', () => socket.once('data', () => socket.write('garbage garbage'))),
      },
      'TLS_FAILED',
      'the TLS handshake after STARTTLS failed: wrong version number',
    ],
    [
      'hangs up in place of TLS',
      { ...good, STARTTLS: (socket) => socket.end('220 go\r\n') },
      'TLS_FAILED',
      'the TLS handshake after STARTTLS failed: the connection was closed (ECONNRESET)',
    ],
    // What was sent in clear must not be taken for what came inside TLS (CVE-2011-0411).
    [
      'sends more behind its answer to STARTTLS',
      { ...good, STARTTLS: '220 go\r\n250 injected\r\n' },
      'TLS_FAILED',
      'text in clear stands behind the answer to STARTTLS',
    ],
    [
      'sends half a line more behind its answer to STARTTLS',
      { ...good, STARTTLS: '220 go\r\n2' },
      'TLS_FAILED',
      'text in clear stands behind the answer to STARTTLS',
    ],
  ])('%s', async (_title, script, code, message) => {
    const { port } = await listening(scripted(script));
    const outcome = await outcomeAt(port, code === 'SMTP_TIMEOUT' ? 500 : undefined);
    const seen =
      outcome.kind === 'failed' ? { ...outcome, message: outcome.message.replace(String(port), 'PORT') } : outcome;
    expect(seen).toEqual({ kind: 'failed', code, message });
  });

  it('has TLS 1.1 at most', async () => {
    const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const smtp = new SMTPServer({ ...ca.issue({ names: [host] }), ...options, disableReverseLookup: true });
    smtp.on('error', () => undefined);
    const message = 'the TLS handshake after STARTTLS failed: tlsv1 alert protocol version';
    expect(await outcomeOf(smtp.server)).toEqual({ kind: 'failed', code: 'TLS_FAILED', message });
  });

  it('is not there', async () => {
    const port = await closedPort(createServer());
    const message = `port ${port} refuses the connection (ECONNREFUSED)`;
    expect(await outcomeAt(port)).toEqual({ kind: 'failed', code: 'SMTP_REFUSED', message });
  });

  it('is inside a network', async () => {
    const world = { connectTo: new Map(), caFile: null, allowPrivateAddresses: false, concurrency: 8 };
    const refused = { kind: 'failed', code: 'ADDRESS_REFUSED' };
    const probes = await mxProbe(world).probe(host, ['127.0.0.1', '::ffff:10.0.0.1'], signal);
    expect(probes).toEqual([
      { address: '127.0.0.1', outcome: { ...refused, message: 'the address is loopback, and not asked' } },
      { address: '::ffff:10.0.0.1', outcome: { ...refused, message: 'the address is private, and not asked' } },
    ]);
  });
});

describeWith(['openssl'], 'a probe', () => {
  it('says EHLO with the address where this machine has no name with a dot', async () => {
    const heard: string[] = [];
    const { port } = await listening(scripted(good, heard));
    const connectTo = new Map([[`${host}:25`, `127.0.0.1:${port}`]]);
    const world = { connectTo, caFile: ca.file, allowPrivateAddresses: false, concurrency: 8 };
    await mxProbe(world, { timeoutMs: 300 }).probe(host, [], signal);
    expect(heard[0]).toMatch(/^EHLO (?:\[127\.0\.0\.1\]|[\w-]+(?:\.[\w-]+)+)$/);
  });

  it('asks each address of a host once, however many ask', async () => {
    const { port, connections } = await listening(smtpServer(ca.issue({ names: [host] })));
    const probe = probeTo(port);
    const [first, second] = await Promise.all([probe.probe(host, [], signal), probe.probe(host, [], signal)]);
    const third = await probe.probe(host, [], signal);
    expect([second, third]).toEqual([first, first]);
    expect(connections()).toBe(1);
  });

  it('asks for each host by itself: the certificate is for a name', async () => {
    const { port, connections } = await listening(smtpServer(ca.issue({ names: [host] })));
    const to = `127.0.0.1:${port}`;
    const connectTo = new Map([
      [`${host}:25`, to],
      ['mx2.example.test:25', to],
    ]);
    const probe = mxProbe({ connectTo, caFile: ca.file, allowPrivateAddresses: false, concurrency: 8 });
    const outcomes = [await probe.probe(host, [], signal), await probe.probe('mx2.example.test', [], signal)].flat();
    expect(outcomes.map(({ outcome }) => outcome.kind === 'starttls' && outcome.isValidForName)).toEqual([true, false]);
    expect(connections()).toBe(2);
  });

  it('goes on for the others when the first who asked aborts', async () => {
    const server = scripted(good);
    const connected = new Promise<void>((resolve) => {
      server.once('connection', () => resolve());
    });
    const { port, connections } = await listening(server);
    const probe = probeTo(port, 400);
    const controller = new AbortController();
    const reason = new Error('enough');
    const first = probe.probe(host, [], controller.signal);
    const second = probe.probe(host, [], signal);
    await connected;
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(await second).toMatchObject([{ outcome: { code: 'SMTP_TIMEOUT' } }]);
    expect(connections()).toBe(2);
  });

  it('leaves alone who aborts, and what the others wait for', async () => {
    const { port, connections } = await listening(scripted(good));
    const probe = probeTo(port, 400);
    const controller = new AbortController();
    const first = probe.probe(host, [], signal);
    const second = probe.probe(host, [], controller.signal);
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    expect(await first).toMatchObject([{ outcome: { code: 'SMTP_TIMEOUT' } }]);
    expect(connections()).toBe(1);
  });
});

/** As fast as it is taken, a gigabyte. */
function flood(socket: Socket, piece: string): void {
  const block = piece.repeat(1_000);
  let sent = 0;
  const write = (): void => {
    while (sent < 1_073_741_824 && !socket.destroyed) {
      sent += block.length;
      if (!socket.write(block)) return;
    }
  };
  socket.on('drain', write);
  write();
}
