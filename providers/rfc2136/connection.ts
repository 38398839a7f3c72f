/** One TCP connection to the server (RFC 1035 §4.2.2, RFC 7766): several exchanges at once, answers in any order. */
import { randomInt } from 'node:crypto';
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
  /** Different ids that nobody can guess, and that nothing on its way has: for an {@link exchange} that begins before anything is awaited. */
  newIds(count: number): readonly number[];
  /**
   * Sends `messages`, of {@link newIds}, all at once, or one after the other where that is faster; others may do so meanwhile. Gives the answer
   * to each in the same order, matched by id alone; nobody has looked into it. Throws `PROVIDER_TIMEOUT`, `PROVIDER_UNREACHABLE` (broken off) or
   * `PROVIDER_BAD_ANSWER` (an id that nobody asked with), all retryable, and the reason of `signal`. What was sent may have been carried out all
   * the same.
   */
  exchange(messages: readonly Buffer[], signal: AbortSignal): Promise<readonly Buffer[]>;
  /** False when an error came, the server has closed it, or an answer did not come in time: nothing new is begun on it. */
  isFit(): boolean;
  /** Nothing is owed, so the next answer can only be for the next message. */
  isQuiet(): boolean;
  /** While it waits for its next use it holds no process alive. */
  rest(): void;
  close(): void;
}

/** Who waits for the answer to one message. */
interface Waiting {
  readonly take: (frame: Buffer) => void;
  readonly fail: (error: unknown) => void;
}

/** The answer to what was given up: it may still come, and it is of no use. */
const nobody: Waiting = { take: () => undefined, fail: () => undefined };

/** Opens a connection. Throws `PROVIDER_UNREACHABLE` or `PROVIDER_TIMEOUT`, retryable, and the reason of `signal`. */
export async function openConnection(
  server: ServerAddress,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const socket = connect({ host: server.host, port: server.port, noDelay: true });
  const late = (): StsyncError => timedOut(server, timeoutMs, 'it did not take the connection');
  try {
    await within(timeoutMs, signal, late, (done, fail) => {
      socket.once('connect', done);
      socket.on('error', (error) => fail(unreachable(server, error)));
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return overSocket(socket, server, timeoutMs);
}

function overSocket(socket: Socket, server: ServerAddress, timeoutMs: number): Connection {
  const waiting = new Map<number, Waiting>();
  /** Ids of exchanges that are not over, whether sent yet or not. */
  const taken = new Set<number>();
  let received: Buffer = Buffer.alloc(0);
  let isOpen = true;
  let isLate = false;
  let fastestMs = Number.POSITIVE_INFINITY;

  function end(error: StsyncError): void {
    isOpen = false;
    socket.destroy();
    const all = [...waiting.values()];
    waiting.clear();
    for (const one of all) one.fail(error);
  }

  function take(frame: Buffer): void {
    const id = frame.length < 2 ? -1 : frame.readUInt16BE(0);
    const one = waiting.get(id);
    // An answer that nobody waits for, a second one, or one of a wrong id.
    if (one === undefined) return end(badAnswer(server, 'an answer of an id that was not asked with'));
    waiting.delete(id);
    one.take(frame);
  }

  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
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
    const ids = messages.map(idOf);
    const answers = new Map<number, Buffer>();
    const late = (): StsyncError => {
      isLate = true;
      return timedOut(server, timeoutMs, 'it did not answer');
    };
    const started = performance.now();
    try {
      await within(timeoutMs, signal, late, (done, fail) => {
        for (const id of ids)
          waiting.set(id, { take: (frame) => answers.set(id, frame).size === ids.length && done(), fail });
        socket.write(Buffer.concat(messages.flatMap((message) => [numbers(message.length), message])));
      });
    } finally {
      for (const id of ids) if (waiting.has(id)) waiting.set(id, nobody);
    }
    fastestMs = Math.min(fastestMs, performance.now() - started);
    return ids.map((id) => answers.get(id) ?? Buffer.alloc(0));
  }

  return {
    newIds(count) {
      const ids = new Set<number>();
      while (ids.size < count) {
        const id = randomInt(65_536);
        if (!waiting.has(id) && !taken.has(id)) ids.add(id);
      }
      return [...ids];
    },
    async exchange(messages, signal) {
      socket.ref();
      if (fastestMs * (messages.length - 1) >= DELAYED_ACK_MS) return send(messages, signal);
      const ids = messages.map(idOf);
      for (const id of ids) taken.add(id);
      try {
        const answers: Buffer[] = [];
        for (const message of messages) answers.push(...(await send([message], signal)));
        return answers;
      } finally {
        for (const id of ids) taken.delete(id);
      }
    },
    isFit: () => isOpen && !isLate,
    isQuiet: () => waiting.size === 0 && received.length === 0,
    rest: () => void socket.unref(),
    close: () => {
      isOpen = false;
      socket.destroy();
    },
  };
}

function idOf(message: Buffer): number {
  return message.readUInt16BE(0);
}

/** Throws `late()` after `timeoutMs`, the reason of `signal` when that is aborted, or what `fail` is given. */
async function within(
  timeoutMs: number,
  signal: AbortSignal,
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
  } finally {
    clearTimeout(timer);
    if (onAbort !== null) signal.removeEventListener('abort', onAbort);
  }
}

/** How long the first message is with its length; infinite while that has not come. */
function lengthIn(received: Buffer): number {
  return received.length < 2 ? Number.POSITIVE_INFINITY : 2 + received.readUInt16BE(0);
}
