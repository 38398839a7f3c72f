/**
 * Floor 2. One listener of the policy host: HTTPS by SNI, or plain HTTP for a proxy that ends TLS. HTTP/1.1 only: no sender needs more, and
 * each protocol brings attacks of its own. It is open to the whole Internet, so every wait and every size has a limit.
 */
import { constants } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { StsyncError } from '../core/error.ts';
import { CIPHERS, type CertificateSource } from './certificate-directory.ts';
import type { Clock } from './clock.ts';
import { keepListening } from './keep-listening.ts';

export interface HostRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string | undefined;
  /** Null: over plain HTTP. */
  readonly serverName: string | null;
}

export interface HostAnswer {
  readonly status: number;
  /** Null: none. */
  readonly body: string | null;
}

export interface PolicyListenerOptions {
  readonly listen: string;
  readonly isIpv6Only?: boolean;
  /** Null: plain HTTP. */
  readonly certificates: CertificateSource | null;
  readonly answer: (request: HostRequest) => HostAnswer;
  readonly clock: Clock;
  readonly onTrouble: (error: StsyncError) => void;
  /** A client that came to no request: the reason in a word of Node (`ERR_SSL_NO_SHARED_CIPHER`), and its address. For the log at its finest. */
  readonly onHandshakeFailure?: (reason: string, peer: string) => void;
  readonly limits?: Partial<HostLimits>;
}

export interface HostLimits {
  /** From the connection to the end of the handshake. */
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** Node looks so often whether one of the two before has passed: 30 s by default, and a limit of 5 s cut after 27 (measured). */
  readonly checkMs: number;
  /** Nothing moves at all, also where the client does not read. */
  readonly idleMs: number;
  readonly headerBytes: number;
  readonly connections: number;
  /** From one address (of IPv6: one /64). Not behind a proxy, from where all come. */
  readonly connectionsPerPeer: number;
}

export const hostLimits: HostLimits = {
  handshakeMs: 5_000,
  headersMs: 5_000,
  requestMs: 10_000,
  keepAliveMs: 5_000,
  checkMs: 1_000,
  idleMs: 15_000,
  headerBytes: 4_096,
  connections: 10_000,
  connectionsPerPeer: 250,
};

export interface PolicyListener {
  readonly port: () => number | null;
  close(): Promise<void>;
}

/** Listens from now on; an address that cannot be opened is told once and tried again each second. */
export function openPolicyListener(options: PolicyListenerOptions): PolicyListener {
  const limits = { ...hostLimits, ...options.limits };
  const server = options.certificates === null ? plainServer(options, limits) : tlsServer(options, limits);
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = 100;
  server.setTimeout(limits.idleMs);
  const open = trackSockets(server, options.certificates === null ? limits.connections : limits.connectionsPerPeer);
  const listening = keepListening(server, { ...options, what: 'the policy host', key: 'publisher.listen' });
  return {
    port: listening.port,
    close: async () => {
      const stopped = listening.stop();
      for (const socket of open) socket.destroy();
      await stopped;
    },
  };
}

function plainServer({ answer }: PolicyListenerOptions, limits: HostLimits): HttpServer {
  return createServer(httpOptions(limits), (request, response) => respond(request, response, null, answer));
}

function tlsServer(options: PolicyListenerOptions, limits: HostLimits): HttpsServer {
  const { certificates, answer, onHandshakeFailure } = options;
  const server = createTlsServer(
    {
      ...httpOptions(limits),
      handshakeTimeout: limits.handshakeMs,
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      // RFC 9325 section 3.5: a client that asks for new handshakes on the same connection again and again.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      // No `cert` here: RFC 8461 §3.3 wants the chain for the name, or the end of the handshake (alert 40). An error would send no alert at all.
      SNICallback: (name, done) => done(null, certificates?.context(name) ?? undefined),
    },
    (request, response) => {
      const { socket } = request;
      const name = socket instanceof TLSSocket && typeof socket.servername === 'string' ? socket.servername : '';
      respond(request, response, name, answer);
    },
  );
  server.on('tlsClientError', (error: Error & { readonly code?: string }, socket) => {
    onHandshakeFailure?.(error.code ?? error.message, socket.remoteAddress ?? '');
    socket.destroy();
  });
  return server;
}

function httpOptions(limits: HostLimits): ServerOptions {
  return {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
  };
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  serverName: string | null,
  answer: PolicyListenerOptions['answer'],
): void {
  const { method = '', url: target = '', headersDistinct } = request;
  const { host: hosts = [] } = headersDistinct;
  // RFC 9112 section 3.2: exactly one. Node would take the first of them, and a proxy before it perhaps the last.
  const { status, body } = answer({ method, target, host: hosts.length === 1 ? hosts[0] : undefined, serverName });
  if (status !== 200 || hasBody(request)) {
    // Whoever asks for something else, or sends what nobody wants, asks no second time on this connection.
    response.shouldKeepAlive = false;
    response.once('finish', () => request.socket.destroySoon());
  }
  response.writeHead(status, {
    'content-length': Buffer.byteLength(body ?? ''),
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    // RFC 8461 §3.3: senders MUST NOT use HTTP caching. A cache between would show an old policy after its proof, so none may keep it.
    ...(body === null ? {} : { 'content-type': 'text/plain', 'cache-control': 'no-store' }),
  });
  response.end(method === 'HEAD' ? undefined : (body ?? undefined));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

/** Every connection from its first byte on, also in the handshake; more than `mostPerPeer` from one address are dropped unheard. */
function trackSockets(server: HttpServer | HttpsServer, mostPerPeer: number): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  const counts = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    const peer = peerOf(socket.remoteAddress ?? '');
    const count = (counts.get(peer) ?? 0) + 1;
    counts.set(peer, count);
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      const left = (counts.get(peer) ?? 1) - 1;
      if (left === 0) counts.delete(peer);
      else counts.set(peer, left);
    });
    if (count > mostPerPeer) socket.destroy();
  });
  return open;
}

/** The address; of IPv6 the /64, which one host has whole. */
function peerOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('::');
  const left = head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array<string>(8 - left.length - right.length).fill('0') : [];
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
