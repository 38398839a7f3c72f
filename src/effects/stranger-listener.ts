/**
 * Floor 2. What the listeners of the policy host have in common, which are open to the whole Internet: limits, a share of the connections for each
 * address, and the PROXY protocol where a load balancer stands before them.
 */
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';

import type { StsyncError } from '../core/error.ts';
import type { Clock } from './clock.ts';
import type { HostLimits } from './host-limits.ts';
import { keepListening } from './keep-listening.ts';
import { createProxyFront } from './proxy-front.ts';

export interface StrangerOptions {
  /** `address:port`, or `systemd:NAME` with its `fd`. */
  readonly listen: string;
  readonly fd?: number | null;
  readonly isIpv6Only?: boolean;
  /** Load balancers as ADDRESS/LENGTH: nobody else may connect, and they say who the client is. */
  readonly proxyProtocol?: { readonly from: readonly string[] } | null;
  readonly clock: Clock;
  readonly onTrouble: (error: StsyncError) => void;
  /**
   * A client that came to no request: the reason in a word of Node (`ERR_SSL_NO_SHARED_CIPHER`) or `PROXY_NOT_LISTED`, `PROXY_NO_HEADER`, and its
   * address. For the log at its finest.
   */
  readonly onHandshakeFailure?: (reason: string, peer: string) => void;
}

export interface StrangerListener {
  /** Port in use; null while the address could not be opened. */
  readonly port: () => number | null;
  /** The address of who is at the other end of a connection: what the PROXY protocol says, or the socket. */
  readonly clientOf: (socket: Socket) => string;
  close(): Promise<void>;
}

/** Listens from now on; an address that cannot be opened is told once and tried again each second. */
export function listenToStrangers(
  server: HttpServer | HttpsServer,
  options: StrangerOptions & { readonly what: string; readonly key: string; readonly isPlain: boolean },
  limits: HostLimits,
): StrangerListener {
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = 100;
  server.setTimeout(limits.idleMs);
  const sockets = trackSockets(limits.connectionsPerPeer);
  const { front, clientOf } = frontOf(server, sockets, options, limits);
  const listening = keepListening(front, options);
  return {
    port: listening.port,
    clientOf,
    close: async () => {
      const stopped = listening.stop();
      for (const socket of sockets.open) socket.destroy();
      // Behind a front it never listened, and its timers run all the same.
      if (options.proxyProtocol != null) server.close();
      await stopped;
    },
  };
}

function frontOf(
  server: HttpServer | HttpsServer,
  sockets: Sockets,
  options: StrangerOptions & { readonly isPlain: boolean },
  limits: HostLimits,
): Pick<StrangerListener, 'clientOf'> & { readonly front: Server } {
  const { proxyProtocol = null, isPlain, clock, onHandshakeFailure } = options;
  if (proxyProtocol === null) {
    server.prependListener('connection', (socket: Socket) => sockets.add(socket, socket.remoteAddress ?? ''));
    tellOfFailures(server, addressOf, onHandshakeFailure);
    return { front: server, clientOf: addressOf };
  }
  /** Of what a TLS socket says, which is the address of the proxy, to the client's. */
  const clients = new Map<string, string>();
  const clientOf = (socket: Socket): string => clients.get(endOf(socket)) ?? '';
  tellOfFailures(server, clientOf, onHandshakeFailure);
  const front = createProxyFront(
    {
      ...proxyProtocol,
      timeoutMs: limits.proxyMs,
      isPlain,
      clock,
      onRefusal: (...why) => onHandshakeFailure?.(...why),
    },
    (socket, address) => {
      const end = endOf(socket);
      clients.set(end, address);
      socket.once('close', () => clients.delete(end));
      if (sockets.add(socket, address)) server.emit('connection', socket);
    },
  );
  front.maxConnections = limits.connections;
  // A server that never listens would look after no time-out.
  front.once('listening', () => server.emit('listening'));
  front.on('connection', (socket) => sockets.add(socket, null));
  return { front, clientOf };
}

function addressOf({ remoteAddress }: Socket): string {
  return remoteAddress ?? '';
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function tellOfFailures(
  server: HttpServer | HttpsServer,
  clientOf: (socket: Socket) => string,
  tell: StrangerOptions['onHandshakeFailure'],
): void {
  server.on('tlsClientError', (error: Error & { readonly code?: string }, socket: Socket) => {
    tell?.(error.code ?? error.message, clientOf(socket));
    socket.destroy();
  });
}

interface Sockets {
  readonly open: ReadonlySet<Socket>;
  /** From its first byte on, also in the handshake. One too many from an address is dropped unheard: false. `address` null: not known yet. */
  add(socket: Socket, address: string | null): boolean;
}

function trackSockets(mostPerPeer: number): Sockets {
  const open = new Set<Socket>();
  const counts = new Map<string, number>();
  return {
    open,
    add: (socket, address) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      if (address === null) return true;
      const peer = peerOf(address);
      const count = (counts.get(peer) ?? 0) + 1;
      counts.set(peer, count);
      socket.once('close', () => {
        const left = (counts.get(peer) ?? 1) - 1;
        if (left === 0) counts.delete(peer);
        else counts.set(peer, left);
      });
      if (count > mostPerPeer) socket.destroy();
      return count <= mostPerPeer;
    },
  };
}

/** The address; of IPv6 the /64, which one host has whole. */
export function peerOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('::');
  const left = head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array<string>(8 - left.length - right.length).fill('0') : [];
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
