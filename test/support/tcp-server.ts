/** Servers of one test on a free loopback port: closed with all their connections when the test is over. */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

import { onTestFinished } from 'vitest';

export interface Listening {
  readonly port: number;
  /** How many connections it has had so far. */
  readonly connections: () => number;
}

/** Makes any TCP, TLS or HTTPS server listen on 127.0.0.1 until the test ends. */
export async function listening(server: Server): Promise<Listening> {
  const open = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
  });
  // A client that goes away in a handshake is what these tests are about.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    open.forEach((socket) => socket.destroy());
    server.close();
  });
  return { port: portOf(server.address()), connections: () => connections };
}

/** A port at which nothing listens. */
export async function closedPort(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return address.port;
}
