/** Floor 2. DNS over TCP (RFC 7766) for what UDP had to cut off: one connection a question. */
import { connect, type Socket } from 'node:net';

import { encodeQuery, type Query } from './encode-query.ts';
import type { Endpoint } from './endpoint.ts';
import {
  closedFailure,
  dnsFailure,
  judge,
  otherQuestion,
  randomId,
  timedOut,
  unreachable,
  type Exchanged,
  type Transport,
} from './exchange.ts';

/** Two octets of length stand before each message (RFC 1035 §4.2.2). */
const PREFIX = 2;

export function openTcp(): Transport {
  const open = new Map<Socket, (result: Exchanged) => void>();
  let isClosed = false;

  async function exchange(endpoint: Endpoint, query: Query, timeoutMs: number): Promise<Exchanged> {
    if (isClosed) return closedFailure;
    const socket = connect({ host: endpoint.host, port: endpoint.port });
    const id = randomId();
    let timer: NodeJS.Timeout | undefined;
    const result = await new Promise<Exchanged>((settle) => {
      open.set(socket, settle);
      timer = setTimeout(() => settle(timedOut(endpoint, timeoutMs)), timeoutMs);
      socket.on('error', (error) => settle(unreachable(endpoint, error)));
      socket.on('close', () => settle(dnsFailure('DNS_UNREACHABLE', `${endpoint.text} closed the connection early`)));
      receiveMessage(socket, (bytes) => {
        const isOurs = bytes.length >= 2 && bytes.readUInt16BE() === id;
        settle((isOurs ? judge(bytes, query, endpoint) : null) ?? otherQuestion(endpoint));
      });
      socket.write(withPrefix(encodeQuery(query, id)));
    });
    clearTimeout(timer);
    open.delete(socket);
    socket.destroy();
    return result;
  }

  return {
    exchange,
    close: () => {
      isClosed = true;
      for (const settle of open.values()) settle(closedFailure);
    },
  };
}

function withPrefix(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
}

/** Calls `take` with the first whole message; bytes behind it are not read. At most 65,537 bytes are held. */
function receiveMessage(socket: Socket, take: (message: Buffer) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < PREFIX) return;
    const end = PREFIX + received.readUInt16BE();
    if (received.length < end) return;
    socket.removeAllListeners('data');
    take(received.subarray(PREFIX, end));
  });
}
