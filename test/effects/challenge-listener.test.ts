/** Port 80 as a CA and strangers meet it. Pebble's own view of it: challenge-pebble.test.ts. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openChallengeBoard } from '../../src/effects/challenge-board.ts';
import { type ChallengeListenerOptions, openChallengeListener } from '../../src/effects/challenge-listener.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { answerChallenge } from '../../src/services/policy-host/answer-challenge.ts';
import { formatHeader } from '../support/proxy-header.ts';
import { get, HOST, PATH as POLICY, PATIENCE, statusOf, wholeOf } from './policy-host-rig.ts';

const PATH = '/.well-known/acme-challenge/token';
const OK = 'HTTP/1.1 200 OK';

class Port80 {
  readonly board = openChallengeBoard();
  readonly #listener;

  constructor(options: Partial<ChallengeListenerOptions> = {}) {
    this.board.presentHttp(HOST, 'token', 'token.thumbprint');
    this.#listener = openChallengeListener({
      listen: '127.0.0.1:0',
      answer: (request) => answerChallenge(request, this.board.keyAuthorization),
      clock: systemClock,
      onTrouble: ({ message }) => expect.fail(message),
      ...options,
      limits: { checkMs: 20, ...options.limits },
    });
    onTestFinished(() => this.#listener.close());
  }

  port(): number | null {
    return this.#listener.port();
  }

  async open(localAddress = '127.0.0.1'): Promise<Socket> {
    const port = await vi.waitFor(() => this.#listener.port() ?? expect.fail('not listening'), PATIENCE);
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  async say(text: string, localAddress?: string): Promise<string> {
    const socket = await this.open(localAddress);
    socket.write(text);
    return wholeOf(socket);
  }
}

describe('the listener for challenges', () => {
  test('gives the key authorization, as text that nobody keeps, until it is taken down', async () => {
    const port80 = new Port80();
    const answer = await port80.say(get(PATH));
    expect(statusOf(answer)).toBe(OK);
    expect(answer).toContain('content-type: text/plain\r\ncache-control: no-store\r\n');
    expect(answer.split('\r\n\r\n')[1]).toBe('token.thumbprint');
    expect(await port80.say(get(PATH, HOST, 'HEAD'))).toMatch(/content-length: 16[\s\S]*\r\n\r\n$/);
    port80.board.presentHttp(HOST, 'token', 'another')();
    expect(statusOf(await port80.say(get(PATH)))).toBe('HTTP/1.1 404 Not Found');
  });

  test.each([
    ['the policy', get(POLICY), 404],
    ['the root', get('/'), 404],
    ['another host', get(PATH, 'mta-sts.other.test'), 404],
    ['another method', get(PATH, HOST, 'DELETE'), 405],
    ['no Host', get(PATH).replace(/Host.*\r\n/, ''), 400],
    ['two Hosts', get(PATH).replace('Host', 'Host: a\r\nHost'), 404],
    ['a huge header', get(PATH).replace('\r\n\r\n', `\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`), 431],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400],
    ['a tunnel', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n', null],
  ])('answers %s with a bare status and no redirect', async (_what, text, status) => {
    const answer = await new Port80().say(text);
    expect(answer.slice(0, 12)).toBe(status === null ? '' : `HTTP/1.1 ${status}`);
    expect(answer).not.toMatch(/location|server:|token/i);
    expect(answer === '' || answer.endsWith('\r\n\r\n')).toBe(true);
  });

  test('cuts who is slow, and gives an address its share only', async () => {
    const port80 = new Port80({ limits: { headersMs: 100, requestMs: 200, connectionsPerPeer: 2 } });
    const slow = await port80.say('GET / HTTP/1.1\r\nX: ');
    expect(['', 'HTTP/1.1 408']).toContain(slow.slice(0, 12));
    const crowded = new Port80({ limits: { connectionsPerPeer: 2 } });
    await Promise.all([1, 2].map(() => crowded.open('127.0.0.2')));
    expect(await crowded.say(get(PATH), '127.0.0.2')).toBe('');
    expect(statusOf(await crowded.say(get(PATH)))).toBe(OK);
  });

  test('hears the CA through a load balancer, by the PROXY protocol', async () => {
    const port80 = new Port80({ proxyProtocol: { from: ['127.0.0.5/32'] } });
    const request = `${formatHeader(1, '192.0.2.7').toString('latin1')}${get(PATH)}`;
    expect(statusOf(await port80.say(request, '127.0.0.5'))).toBe(OK);
    expect(await port80.say(request)).toBe('');
  });

  test('says which key opens which address when it cannot', async () => {
    const first = await new Port80().open();
    const troubles: string[] = [];
    const listen = `127.0.0.1:${first.remotePort}`;
    const second = new Port80({ listen, onTrouble: ({ message, hint }) => void troubles.push(message, hint ?? '') });
    await vi.waitFor(() => expect(troubles).toHaveLength(2), PATIENCE);
    expect(troubles[0]).toBe(
      `the listener for challenges of the CA cannot open ${listen}: another program has it; it is tried again`,
    );
    expect(troubles[1]).toContain('`publisher.http`');
    expect(second.port()).toBeNull();
  });
});
