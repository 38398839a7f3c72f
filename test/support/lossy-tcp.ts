/** TCP on 127.0.0.1 for tests of the network's worst: servers that answer as the test says, and a proxy that loses answers. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpServer extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Runs `onConnection` for each connection; all are cut at the end. */
export async function tcpServer(onConnection: (socket: Socket) => void): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  };
  return { port, address: `127.0.0.1:${port}`, close, [Symbol.asyncDispose]: close };
}

/**
 * Forwards to `port`. Once `isLost` has said yes to what a client sends, that is still forwarded, and nothing comes back on its connection any more:
 * the answer is lost on the way, and what was asked for is done. `before` runs before anything is forwarded.
 */
export async function lossyProxy(
  port: number,
  isLost: (sent: Buffer) => boolean,
  before: (sent: Buffer) => Promise<void> = async () => {},
): Promise<TcpServer> {
  return tcpServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let hasLost = false;
    let order = Promise.resolve();
    client.on('data', (sent: Buffer) => {
      hasLost ||= isLost(sent);
      order = order.then(async () => {
        await before(sent);
        upstream.write(sent);
      });
    });
    upstream.on('data', (answer) => {
      if (!hasLost) client.write(answer);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('error', () => client.destroy());
  });
}
