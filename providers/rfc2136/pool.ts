/**
 * A few connections for many calls: a run has hundreds of domains, BIND takes 150 clients at a time and PowerDNS lets those over 20 wait.
 * They are used again: ten thousand new ones a minute would use up the ports of this machine.
 */
import { StsyncError } from '../../src/core/error.ts';
import { openConnection, type Connection } from './connection.ts';
import type { ServerAddress } from './server.ts';

/** Calls beyond this many wait for their turn. */
const MAX_CONNECTIONS = 32;
/** A connection without work is kept this long; servers drop it after ten seconds (Knot) or more. */
const IDLE_MS = 2_000;

/** What a call does with its connection: see {@link Connection.exchange}. */
export type Exchange = Connection['exchange'];

export interface Pool {
  /**
   * Runs `work` with a connection of its own, new or used before. **The first exchange of `work` must be questions only**: where the server
   * has just closed a connection that was used before, `work` is run a second time with a new one.
   */
  use<T>(signal: AbortSignal, work: (exchange: Exchange) => Promise<T>): Promise<T>;
  close(): void;
}

interface Idle {
  readonly connection: Connection;
  readonly timer: NodeJS.Timeout;
}

export function openPool(server: ServerAddress, timeoutMs: number): Pool {
  const idle: Idle[] = [];
  const queue: (() => void)[] = [];
  let running = 0;
  let isClosed = false;

  function takeIdle(): Connection | null {
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      clearTimeout(last.timer);
      if (last.connection.isOpen()) return last.connection;
      last.connection.close();
    }
    return null;
  }

  function giveBack(connection: Connection): void {
    if (isClosed || !connection.isOpen()) return connection.close();
    connection.rest();
    const timer = setTimeout(() => {
      idle.splice(0, idle.length, ...idle.filter((one) => one.connection !== connection));
      connection.close();
    }, IDLE_MS);
    timer.unref();
    idle.push({ connection, timer });
  }

  async function run<T>(
    connection: Connection,
    work: (exchange: Exchange) => Promise<T>,
    onAnswer: () => void,
  ): Promise<T> {
    try {
      return await work(async (messages, signal) => {
        const answers = await connection.exchange(messages, signal);
        onAnswer();
        return answers;
      });
    } finally {
      giveBack(connection);
    }
  }

  async function attempt<T>(signal: AbortSignal, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    const used = takeIdle();
    let hasAnswered = false;
    if (used !== null) {
      try {
        return await run(used, work, () => (hasAnswered = true));
      } catch (error) {
        const isStale = error instanceof StsyncError && error.code === 'PROVIDER_UNREACHABLE' && !hasAnswered;
        if (!isStale) throw error;
      }
    }
    return run(await openConnection(server, timeoutMs, signal), work, () => undefined);
  }

  return {
    async use(signal, work) {
      signal.throwIfAborted();
      if (running >= MAX_CONNECTIONS) await new Promise<void>((resolve) => void queue.push(resolve));
      else running++;
      try {
        return await attempt(signal, work);
      } finally {
        // The place goes to the next in the queue, or becomes free.
        const next = queue.shift();
        if (next === undefined) running--;
        else next();
      }
    },
    close() {
      isClosed = true;
      for (const { connection, timer } of idle.splice(0)) {
        clearTimeout(timer);
        connection.close();
      }
    },
  };
}
