/**
 * A few connections for many calls: a run has hundreds of domains, BIND takes 150 clients at a time and PowerDNS lets those over 20 wait.
 * Calls share them when there are more (RFC 7766 §6.2.1.1), and they are used again: ten thousand new ones a minute would use up the ports of
 * this machine.
 */
import { StsyncError } from '../../src/core/error.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { openConnection, type Connection } from './connection.ts';
import type { ServerAddress } from './server.ts';

const MAX_CONNECTIONS = 16;
/** Calls at a time on one connection; BIND reads on after 23 questions without an answer. Those beyond wait for their turn. */
const MAX_CALLS = 16;
/** A connection without work is kept this long; servers drop it after ten seconds (Knot) or more. */
const IDLE_MS = 2_000;

/** What a call does with its connection. */
export type Line = Pick<Connection, 'newIds' | 'exchange'>;

export interface Pool {
  /**
   * Runs `work` with a connection that others may use as well. **The first exchange of `work` must be questions only**: where the server has
   * just closed a connection that was used before, `work` is run a second time with another one.
   */
  use<T>(signal: AbortSignal, work: (line: Line) => Promise<T>): Promise<T>;
  close(): void;
}

/** A connection, from when it is being opened. */
interface Shared {
  readonly opened: Promise<Connection>;
  /** Ends the opening. */
  readonly giveUp: AbortController;
  /** Null: not open yet. */
  connection: Connection | null;
  calls: number;
  /** Some answer came over it. */
  hasAnswered: boolean;
  timer: NodeJS.Timeout | undefined;
}

export function openPool(server: ServerAddress, timeoutMs: number): Pool {
  const all = new Set<Shared>();
  const queue: (() => void)[] = [];
  let running = 0;
  let isClosed = false;

  function open(): Shared {
    const giveUp = new AbortController();
    const opened = openConnection(server, timeoutMs, giveUp.signal);
    const one: Shared = { opened, giveUp, connection: null, calls: 0, hasAnswered: false, timer: undefined };
    opened.then(
      (connection) => (one.connection = connection),
      () => all.delete(one),
    );
    all.add(one);
    return one;
  }

  function drop(one: Shared): void {
    all.delete(one);
    clearTimeout(one.timer);
    one.giveUp.abort();
    one.connection?.close();
  }

  /** One without a call, else a new one, else the one with the fewest. `isFresh`: only one that the server cannot have closed already. */
  function choose(isFresh: boolean): Shared {
    for (const one of all) {
      if (one.connection === null || one.connection.isFit()) continue;
      if (one.calls === 0) drop(one);
      else all.delete(one);
    }
    const fit = [...all].filter((one) => !isFresh || !one.hasAnswered);
    const free = fit.findLast((one) => one.calls === 0);
    if (free !== undefined) return free;
    const [first, ...others] = fit;
    if (first === undefined || all.size < MAX_CONNECTIONS) return open();
    return others.reduce((least, one) => (one.calls < least.calls ? one : least), first);
  }

  function leave(one: Shared): void {
    one.calls--;
    if (one.calls > 0) return;
    const isOfUse = one.connection !== null && one.connection.isFit() && one.connection.isQuiet();
    if (isClosed || !isOfUse) return drop(one);
    one.connection?.rest();
    one.timer = setTimeout(() => drop(one), IDLE_MS);
    one.timer.unref();
  }

  async function run<T>(
    one: Shared,
    signal: AbortSignal,
    work: (line: Line) => Promise<T>,
    onAnswer: () => void,
  ): Promise<T> {
    clearTimeout(one.timer);
    one.calls++;
    try {
      const connection = await unlessAborted(one.opened, signal);
      return await work({
        newIds: (count) => connection.newIds(count),
        exchange: async (messages, until) => {
          const answers = await connection.exchange(messages, until);
          one.hasAnswered = true;
          onAnswer();
          return answers;
        },
      });
    } finally {
      leave(one);
    }
  }

  async function attempt<T>(signal: AbortSignal, work: (line: Line) => Promise<T>): Promise<T> {
    const one = choose(false);
    const isOld = one.hasAnswered;
    let hasAnswered = false;
    try {
      return await run(one, signal, work, () => (hasAnswered = true));
    } catch (error) {
      const isBroken = error instanceof StsyncError && error.code === 'PROVIDER_UNREACHABLE';
      if (!isBroken || !isOld || hasAnswered) throw error;
    }
    return run(choose(true), signal, work, () => undefined);
  }

  return {
    async use(signal, work) {
      signal.throwIfAborted();
      if (running >= MAX_CONNECTIONS * MAX_CALLS) await new Promise<void>((resolve) => void queue.push(resolve));
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
      for (const one of all) if (one.calls === 0) drop(one);
    },
  };
}
