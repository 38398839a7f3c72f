/** Floor 2. One request of a stranger over HTTP, as plain data, and its answer: a bare status or a short text, never more. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface HostRequest {
  readonly method: string;
  /** As it stands in the request line. */
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

export function answerStranger(
  request: IncomingMessage,
  response: ServerResponse,
  serverName: string | null,
  answer: (request: HostRequest) => HostAnswer,
): void {
  const { method = '', url: target = '', rawHeaders } = request;
  const { host, hasBody } = readHeaders(rawHeaders);
  const { status, body } = answer({ method, target, host, serverName });
  if (status !== 200 || hasBody) {
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

interface Heard {
  readonly host: string | undefined;
  readonly hasBody: boolean;
}

/** Names and values in turn. The objects that Node makes of them cost more than the rest of an answer. */
function readHeaders(raw: readonly string[]): Heard {
  const hosts: string[] = [];
  let hasBody = false;
  for (let at = 0; at < raw.length; at += 2) {
    const value = raw[at + 1] ?? '';
    const name = raw[at]?.toLowerCase();
    if (name === 'host') hosts.push(value);
    else if (name === 'transfer-encoding' || (name === 'content-length' && Number(value) !== 0)) hasBody = true;
  }
  // RFC 9112 section 3.2: exactly one. Node would take the first of them, and a proxy before it perhaps the last.
  return { host: hosts.length === 1 ? hosts[0] : undefined, hasBody };
}
