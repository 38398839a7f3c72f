/** Floor 2. One GET over a connection that is there already: no agent, no proxy, no redirect, no cache, no pool (RFC 8461 §3.3). */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';

/** Of the headers, all together. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Asks `path` of `host` by HTTP/1.1 and waits for the head of the answer. Rejects with Node's error (`HPE_...`: what came is no HTTP) or the
 * signal's reason. The caller destroys the socket.
 */
export function askHead(
  socket: Duplex,
  host: string,
  path: string,
  userAgent: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return untilAborted(signal, (resolve, reject) => {
    const headers = { Host: host, 'User-Agent': userAgent, Accept: 'text/plain', Connection: 'close' };
    // Without an agent: Node would pool the connection, or send it through a proxy of the environment.
    const get = request({ createConnection: () => socket, path, headers, maxHeaderSize: MAX_HEADER_BYTES });
    const early = (): void => reject(closedEarly());
    get
      .on('response', (answer) => {
        get.off('close', early);
        resolve(answer);
      })
      .on('error', reject)
      .on('close', early)
      .on('upgrade', early);
    get.end();
  });
}

/**
 * The body of an answer, or null when it has more than `maxBytes`: then no more is read. Rejects when the connection ends before the body
 * does.
 */
export function readBody(answer: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | null> {
  if (Number(answer.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(null);
  return untilAborted(signal, (resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    answer.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      chunks.length = 0;
      answer.destroy();
      resolve(null);
    });
    const broken = (): void => reject(closedEarly());
    answer.on('end', () => {
      answer.off('close', broken);
      if (answer.complete) resolve(Buffer.concat(chunks));
      else broken();
    });
    answer.on('error', reject).on('close', broken);
  });
}

/** A promise that `signal` ends. The first of resolve and reject counts, as always. */
function untilAborted<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (reason: Error) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    start(resolve, reject);
  });
}

function closedEarly(): Error {
  return Object.assign(new Error('closed early'), { code: 'ECONNRESET' });
}
