/** Calls share a few connections (RFC 7766 §6.2.1.1): none waits for another's answer, and what befalls one befalls no other. */
import { afterEach, describe, expect, it } from 'vitest';

import { numbers } from '../../../providers/rfc2136/message.ts';
import { type Line, openPool, type Pool } from '../../../providers/rfc2136/pool.ts';
import { parseServerAddress } from '../../../providers/rfc2136/server.ts';
import { tcpServer, type TcpServer } from '../../support/lossy-tcp.ts';

const { signal } = new AbortController();
const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

interface Held {
  /** The connection it came over, counted from 0. */
  readonly connection: number;
  readonly text: string;
  answer(): void;
  hangUp(): void;
}

/** Keeps every message until the test answers it (with itself). */
class Server {
  readonly held: Held[] = [];
  connections = 0;
  #tcp: TcpServer | null = null;
  readonly #awaited: (() => void)[] = [];

  async start(): Promise<string> {
    this.#tcp = await tcpServer((socket) => {
      const connection = this.connections++;
      let received = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
          const frame = received.subarray(2, 2 + received.readUInt16BE(0));
          received = received.subarray(2 + frame.length);
          const answer = (): void => void socket.write(Buffer.concat([numbers(frame.length), frame]));
          this.held.push({ connection, text: frame.toString('utf8', 2), answer, hangUp: () => socket.destroy() });
          for (const wake of this.#awaited.splice(0)) wake();
        }
      });
    });
    ended.push(() => this.#tcp?.close());
    return this.#tcp.address;
  }

  /** Those that have come, as soon as there are so many. */
  async holding(count: number): Promise<readonly Held[]> {
    while (this.held.length < count) await new Promise<void>((resolve) => void this.#awaited.push(resolve));
    return this.held;
  }
}

async function started(timeoutMs = 5000): Promise<{ server: Server; pool: Pool }> {
  const server = new Server();
  const pool = openPool(parseServerAddress(await server.start()), timeoutMs);
  ended.push(() => pool.close());
  return { server, pool };
}

/** One message with `text` behind its id, and the text of the answer. */
async function say(line: Line, text: string, until = signal): Promise<string> {
  const [id = 0] = line.newIds(1);
  const [answer] = await line.exchange([Buffer.concat([numbers(id), Buffer.from(text)])], until);
  return answer?.toString('utf8', 2) ?? '';
}

function call(pool: Pool, text: string, until = signal): Promise<string> {
  return pool
    .use(until, (line) => say(line, text, until))
    .catch((error: Error & { code?: string }) => error.code ?? error.message);
}

describe('a pool', () => {
  it('opens 16 connections at most, and the calls beyond share them without waiting for an answer', async () => {
    const { server, pool } = await started();
    const calls = Array.from({ length: 40 }, (_, index) => call(pool, `${index}`));
    const held = await server.holding(40);
    expect(server.connections).toBe(16);
    for (const one of held.toReversed()) one.answer();
    expect(await Promise.all(calls)).toEqual(calls.map((_, index) => `${index}`));
  });

  it('gives a call that comes alone the connection of the one before', async () => {
    const { server, pool } = await started();
    for (const text of ['a', 'b']) {
      const said = call(pool, text);
      (await server.holding(1)).at(-1)?.answer();
      server.held.length = 0;
      expect(await said).toBe(text);
    }
    expect(server.connections).toBe(1);
  });

  it('breaks one call off and no other, and the late answer is nobody’s', async () => {
    const { server, pool } = await started();
    const impatient = new AbortController();
    const calls = Array.from({ length: 17 }, (_, index) =>
      call(pool, `${index}`, index === 0 ? impatient.signal : signal),
    );
    const held = await server.holding(17);
    impatient.abort(new Error('enough'));
    expect(await calls[0]).toBe('enough');
    for (const one of held) one.answer();
    expect(await Promise.all(calls.slice(1))).toEqual(calls.slice(1).map((_, index) => `${index + 1}`));
  });

  it('fails the call whose answer is late, and gives that connection to no new one', async () => {
    const { server, pool } = await started(100);
    const late = call(pool, 'late');
    const [first] = await server.holding(1);
    expect(await late).toBe('PROVIDER_TIMEOUT');
    const next = call(pool, 'next');
    const [, second] = await server.holding(2);
    second?.answer();
    expect(await next).toBe('next');
    expect(second?.connection).not.toBe(first?.connection);
  });

  it('asks again over a new connection where the server closed one that was used before, for all who shared it', async () => {
    const { server, pool } = await started();
    const first = Array.from({ length: 16 }, (_, index) => call(pool, `${index}`));
    for (const one of await server.holding(16)) one.answer();
    await Promise.all(first);
    server.held.length = 0;
    const calls = Array.from({ length: 32 }, (_, index) => call(pool, `${index}`));
    const held = await server.holding(32);
    for (const one of held.slice()) one.hangUp();
    const again = (await server.holding(64)).slice(32);
    expect(Math.min(...again.map((one) => one.connection))).toBeGreaterThanOrEqual(16);
    for (const one of again) one.answer();
    expect(await Promise.all(calls)).toEqual(calls.map((_, index) => `${index}`));
    expect(server.connections).toBeLessThanOrEqual(48);
  });

  it('does not ask again over another that was used before, which the server may have closed as well', async () => {
    const { server, pool } = await started();
    const first = ['a', 'b'].map((text) => call(pool, text));
    for (const one of await server.holding(2)) one.answer();
    await Promise.all(first);
    const said = call(pool, 'c');
    (await server.holding(3))[2]?.hangUp();
    const again = (await server.holding(4))[3];
    expect(again?.connection).toBe(2);
    again?.answer();
    expect(await said).toBe('c');
  });

  it('does not repeat what had an answer already: the next message may be a change', async () => {
    const { server, pool } = await started();
    const settled = call(pool, 'before');
    (await server.holding(1))[0]?.answer();
    await settled;
    const done = pool
      .use(signal, async (line) => `${await say(line, 'question')} ${await say(line, 'change')}`)
      .catch((error: Error & { code?: string }) => error.code);
    (await server.holding(2))[1]?.answer();
    (await server.holding(3))[2]?.hangUp();
    expect(await done).toBe('PROVIDER_UNREACHABLE');
    expect(server.held.map(({ text }) => text)).toEqual(['before', 'question', 'change']);
  });
});
