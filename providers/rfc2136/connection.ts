/** One TCP connection to the server (RFC 1035 §4.2.2, RFC 7766): several messages may be sent at once, answers come in any order. */
import { connect, type Socket } from 'node:net';

import { StsyncError } from '../../src/core/error.ts';
import { badAnswer, brokenConnection, timedOut, unreachable } from './faults.ts';
import { numbers } from './message.ts';
import type { ServerAddress } from './server.ts';

/**
 * Many servers leave Nagle's algorithm on: their second answer waits until the first is acknowledged, and on a connection that was used
 * before, our kernel takes up to this long for that (measured: 44 ms on BIND, Knot and PowerDNS, against 1 ms for an answer alone).
 */
const DELAYED_ACK_MS = 40;

export interface Connection {
  /**
   * Sends `messages`, which have ids of their own, all at once, or one after the other where that is faster. Gives the answer to each in the
   * same order, matched by id alone; nobody has looked into it. Throws `PROVIDER_TIMEOUT`, `PROVIDER_UNREACHABLE` (broken off) or `PROVIDER_BAD_ANSWER` (an id that nobody asked with), all retryable, and the
   * reason of `signal`. What was sent may have been carried out all the same; the connection is closed then.
   */
  exchange(messages: readonly Buffer[], signal: AbortSignal): Promise<readonly Buffer[]>;
  /** False when an error came or the server has closed it. */
  isOpen(): boolean;
  /** While it waits for its next use it holds no process alive. */
  rest(): void;
  close(): void;
}

/** What waits for answers: the missing ids, and how to end. */
interface Waiting {
  readonly answers: Map<number, Buffer | null>;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** Opens a connection. Throws `PROVIDER_UNREACHABLE` or `PROVIDER_TIMEOUT`, retryable, and the reason of `signal`. */
export async function openConnection(
  server: ServerAddress,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const socket = connect({ host: server.host, port: server.port, noDelay: true });
  const late = (): StsyncError => timedOut(server, timeoutMs, 'it did not take the connection');
  await within(timeoutMs, signal, socket, late, (done, fail) => {
    socket.once('connect', done);
    socket.once('error', (error) => fail(unreachable(server, error)));
  });
  return overSocket(socket, server, timeoutMs);
}

function overSocket(socket: Socket, server: ServerAddress, timeoutMs: number): Connection {
  let waiting: Waiting | null = null;
  let received = Buffer.alloc(0);
  let isOpen = true;
  let fastestMs = Number.POSITIVE_INFINITY;

  function end(error: StsyncError): void {
    isOpen = false;
    socket.destroy();
    waiting?.fail(error);
  }

  function take(frame: Buffer): void {
    const id = frame.length < 2 ? -1 : frame.readUInt16BE(0);
    // Nothing is owed: an answer that nobody waits for, a second one, or one of a wrong id.
    if (waiting?.answers.get(id) !== null) return end(badAnswer(server, 'an answer of an id that was not asked with'));
    waiting.answers.set(id, frame);
    if (![...waiting.answers.values()].includes(null)) waiting.done();
  }

  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (let length = lengthIn(received); received.length >= length; length = lengthIn(received)) {
      const frame = received.subarray(2, length);
      received = received.subarray(length);
      take(frame);
    }
  });
  socket.on('error', (error) => end(brokenConnection(server, error)));
  socket.on('close', () => end(brokenConnection(server, null)));

  async function send(messages: readonly Buffer[], signal: AbortSignal): Promise<readonly Buffer[]> {
    signal.throwIfAborted();
    if (!isOpen) throw brokenConnection(server, null);
    const ids = messages.map((message) => message.readUInt16BE(0));
    const answers = new Map<number, Buffer | null>(ids.map((id) => [id, null]));
    const late = (): StsyncError => timedOut(server, timeoutMs, 'it did not answer');
    const started = performance.now();
    try {
      await within(timeoutMs, signal, socket, late, (done, fail) => {
        waiting = { answers, done, fail };
        socket.write(Buffer.concat(messages.flatMap((message) => [numbers(message.length), message])));
      });
    } catch (error) {
      isOpen = false;
      throw error;
    } finally {
      waiting = null;
    }
    fastestMs = Math.min(fastestMs, performance.now() - started);
    return ids.map((id) => answers.get(id) ?? Buffer.alloc(0));
  }

  return {
    async exchange(messages, signal) {
      socket.ref();
      if (fastestMs * (messages.length - 1) >= DELAYED_ACK_MS) return send(messages, signal);
      const answers: Buffer[] = [];
      for (const message of messages) answers.push(...(await send([message], signal)));
      return answers;
    },
    isOpen: () => isOpen && received.length === 0,
    rest: () => void socket.unref(),
    close: () => {
      isOpen = false;
      socket.destroy();
    },
  };
}

/** Ends in time: after `timeoutMs`, or when `signal` is aborted, the socket is destroyed and it throws. */
async function within(
  timeoutMs: number,
  signal: AbortSignal,
  socket: Socket,
  late: () => StsyncError,
  start: (done: () => void, fail: (error: unknown) => void) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | null = null;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(late()), timeoutMs);
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      start(resolve, reject);
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    if (onAbort !== null) signal.removeEventListener('abort', onAbort);
  }
}

/** How long the first message is with its length; infinite while that has not come. */
function lengthIn(received: Buffer): number {
  return received.length < 2 ? Number.POSITIVE_INFINITY : 2 + received.readUInt16BE(0);
}
