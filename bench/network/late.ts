/** A name server far away: everything that `target` answers, over UDP and TCP, comes so many milliseconds later. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/** Listens on 127.0.0.1:`port` until it is disposed of. */
export async function answerLate(port: number, targetPort: number, delayMs: number): Promise<AsyncDisposable> {
  const near = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  const far = new Map<string, UdpSocket>();
  near.on('message', (query, from) => {
    const key = `${from.address}:${from.port}`;
    const known = far.get(key);
    const socket = known ?? createSocket('udp4');
    if (known === undefined) {
      far.set(key, socket);
      socket.on('message', (answer) => setTimeout(() => near.send(answer, from.port, from.address), delayMs));
    }
    socket.send(query, targetPort, '127.0.0.1');
  });
  await new Promise<void>((resolve) => near.bind(port, '127.0.0.1', resolve));

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    client.on('data', (chunk) => upstream.write(chunk)).on('close', () => upstream.destroy());
    upstream.on('data', (chunk) => setTimeout(() => client.write(chunk), delayMs));
    upstream.on('end', () => setTimeout(() => client.end(), delayMs));
    client.on('end', () => upstream.end());
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of [near, ...far.values()]) socket.close();
      // Connections that nobody uses any more end by themselves.
      server.close();
    },
  };
}
