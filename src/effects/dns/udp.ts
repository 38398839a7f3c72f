/**
 * Floor 2. DNS over UDP against forged answers (RFC 5452): random ids, several random source ports a server that are renewed, and connected
 * sockets, so that the kernel drops what comes from elsewhere and tells at once of a closed port. A socket a query costs twice the time.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

import { encodeQuery, type Query } from './encode-query.ts';
import type { Endpoint } from './endpoint.ts';
import {
  closedFailure,
  judge,
  otherQuestion,
  randomId,
  timedOut,
  unreachable,
  type Exchanged,
  type Transport,
} from './exchange.ts';

/** Source ports in use towards one server at once. */
const PORTS_PER_SERVER = 4;
/** Queries through one source port before another takes its place. */
const USES_PER_PORT = 200;
/** Sockets kept open with nothing under way, over all servers. */
const MAX_IDLE = 64;

interface Pending {
  readonly query: Query;
  readonly settle: (result: Exchanged) => void;
  /** An answer to another question came under this id. */
  sawOther: boolean;
}

interface Port {
  readonly endpoint: Endpoint;
  readonly socket: Socket;
  readonly pending: Map<number, Pending>;
  readonly connected: Promise<Error | null>;
  uses: number;
}

export function openUdp(): Transport {
  const ports = new Map<string, Set<Port>>();
  const all = new Set<Port>();
  const idle = new Set<Port>();
  let isClosed = false;

  function drop(port: Port, why: Exchanged): void {
    if (!all.delete(port)) return;
    idle.delete(port);
    ports.get(port.endpoint.text)?.delete(port);
    port.socket.close();
    for (const { settle } of port.pending.values()) settle(why);
  }

  function portTo(endpoint: Endpoint): Port {
    const open = ports.get(endpoint.text) ?? new Set();
    ports.set(endpoint.text, open);
    const old = [...open][randomInt(PORTS_PER_SERVER)];
    if (old !== undefined) return old;
    const port = openPort(endpoint, (error) => drop(port, unreachable(endpoint, error)));
    open.add(port);
    all.add(port);
    return port;
  }

  function release(port: Port): void {
    if (port.uses >= USES_PER_PORT) ports.get(port.endpoint.text)?.delete(port);
    if (port.pending.size > 0) return;
    if (port.uses >= USES_PER_PORT) return drop(port, closedFailure);
    idle.add(port);
    const [oldest] = idle;
    if (idle.size > MAX_IDLE && oldest !== undefined) drop(oldest, closedFailure);
  }

  async function exchange(endpoint: Endpoint, query: Query, timeoutMs: number): Promise<Exchanged> {
    if (isClosed) return closedFailure;
    const port = portTo(endpoint);
    port.uses += 1;
    idle.delete(port);
    const id = randomId(port.pending);
    const answer = new Promise<Exchanged>((settle) => port.pending.set(id, { query, settle, sawOther: false }));
    const timer = setTimeout(() => {
      const pending = port.pending.get(id);
      pending?.settle(pending.sawOther ? otherQuestion(endpoint) : timedOut(endpoint, timeoutMs));
    }, timeoutMs);
    const refusal = await port.connected;
    if (refusal !== null) drop(port, unreachable(endpoint, refusal));
    else if (all.has(port)) {
      port.socket.send(encodeQuery(query, id), (error) => {
        if (error !== null) drop(port, unreachable(endpoint, error));
      });
    }
    const result = await answer;
    clearTimeout(timer);
    port.pending.delete(id);
    if (all.has(port)) release(port);
    return result;
  }

  return {
    exchange,
    close: () => {
      isClosed = true;
      for (const port of all) drop(port, closedFailure);
    },
  };
}

function openPort(endpoint: Endpoint, fail: (error: Error) => void): Port {
  const socket = createSocket(endpoint.family === 4 ? 'udp4' : 'udp6');
  const pending = new Map<number, Pending>();
  const connected = new Promise<Error | null>((resolve) => {
    // A refused `connect` comes as an error too.
    socket.once('connect', () => resolve(null));
    socket.once('error', resolve);
  });
  socket.on('error', fail);
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => receive(bytes, from, endpoint, pending));
  // The timer of each question keeps the process alive, an idle socket does not.
  socket.unref();
  socket.connect(endpoint.port, endpoint.host);
  return { endpoint, socket, pending, connected, uses: 0 };
}

/** Between bind and connect the kernel does not filter yet, so the source is compared here again. */
function receive(bytes: Buffer, from: RemoteInfo, endpoint: Endpoint, pending: ReadonlyMap<number, Pending>): void {
  const isFromServer = from.port === endpoint.port && (endpoint.family === 6 || from.address === endpoint.host);
  const query = bytes.length >= 2 && isFromServer ? pending.get(bytes.readUInt16BE()) : undefined;
  if (query === undefined) return;
  const result = judge(bytes, query.query, endpoint);
  if (result === null) query.sawOther = true;
  else query.settle(result);
}
