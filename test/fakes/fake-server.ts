/**
 * The HTTP half of every fake API: a real server (TLS if asked), a log of what came in, and faults on order. What is answered is the skin's
 * business. Credentials reach the skin and never the log.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { Certificate } from '../support/ca.ts';

/** A request as the log has it. */
export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; the text where it is none; null for none. */
  readonly body: unknown;
  /** Did it carry credentials? Their value is not kept. */
  readonly hasCredentials: boolean;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Sent as it is, in place of `body`. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the skin answers this one request when it is told to lie. */
export interface Mood {
  /** Reads show what stood there before the last change. */
  readonly isStale: boolean;
  /** Every page shows what the first shows. */
  readonly isPageRepeated: boolean;
}

/** One vendor's API over the model. */
export interface Skin {
  answer(request: SeenRequest, authorization: string | null, mood: Mood): Reply;
  /** Too many requests. */
  busy(retryAfterSeconds: number | null): Reply;
  /** An error of the service itself. */
  broken(status: number): Reply;
  /** Says "no" in a body while the status says "yes"; vendors without an envelope have none. */
  unsuccessful(): Reply;
}

/** `isDone`: the request is carried out before things go wrong, so that only its answer is lost. */
export type HttpFault =
  | { readonly kind: 'busy'; readonly retryAfterSeconds: number | null }
  | { readonly kind: 'broken'; readonly status: number; readonly isDone: boolean }
  /** No answer ever comes. */
  | { readonly kind: 'hang'; readonly isDone: boolean }
  /** The head of an answer comes, and half of its body, and no more. */
  | { readonly kind: 'hang-inside' }
  | { readonly kind: 'reset'; readonly isDone: boolean }
  /** The connection ends in the middle of the body. */
  | { readonly kind: 'truncated' }
  /** Half of the JSON, as if it were all. */
  | { readonly kind: 'half' }
  | { readonly kind: 'html'; readonly status: number; readonly isDone: boolean }
  /** The right JSON, called text. */
  | { readonly kind: 'wrong-type' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'pages-repeat' }
  | { readonly kind: 'unsuccessful'; readonly isDone: boolean }
  /** Exactly this, and nothing is done. */
  | { readonly kind: 'says'; readonly reply: Reply }
  /** Somebody else does this just before the request is looked at. */
  | { readonly kind: 'meanwhile'; readonly act: () => void };

export interface FakeServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** Every answer comes so late. */
  delayMs: number;
  /** The next `times` requests that `match` go wrong; faults ordered first come first. */
  fail(fault: HttpFault, match?: (request: SeenRequest) => boolean, times?: number): void;
  /** Faults ordered that have not come yet. */
  readonly waitingFaults: number;
  forgetRequests(): void;
  stop(): Promise<void>;
}

interface Ordered {
  readonly fault: HttpFault;
  readonly match: (request: SeenRequest) => boolean;
  left: number;
}

const HTML = '<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>';

export async function startFakeServer(skin: Skin, tls: Certificate | null = null): Promise<FakeServer> {
  const requests: SeenRequest[] = [];
  const ordered: Ordered[] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();

  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    void readRequest(message).then((request) => {
      if (request === null) return;
      requests.push(request);
      later(() => answer(request, message, response));
    });
  };
  const server = tls === null ? createServer(onRequest) : createTlsServer({ key: tls.key, cert: tls.cert }, onRequest);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  function later(work: () => void): void {
    if (fake.delayMs === 0) return work();
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, fake.delayMs);
    timers.add(timer);
  }

  function answer(request: SeenRequest, message: IncomingMessage, response: ServerResponse): void {
    const order = ordered.find(({ match, left }) => left > 0 && match(request));
    if (order !== undefined) order.left--;
    const fault = order?.fault ?? null;
    if (fault?.kind === 'meanwhile') fault.act();
    const mood = { isStale: fault?.kind === 'stale', isPageRepeated: fault?.kind === 'pages-repeat' };
    const isDone =
      fault === null || !('isDone' in fault) ? fault?.kind !== 'busy' && fault?.kind !== 'says' : fault.isDone;
    const reply = isDone ? skin.answer(request, message.headers.authorization ?? null, mood) : null;
    misbehave(skin, fault, reply ?? skin.broken(500), response);
  }

  async function stop(): Promise<void> {
    timers.forEach(clearTimeout);
    sockets.forEach((socket) => socket.destroy());
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }

  const fake: FakeServer = {
    origin: `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    delayMs: 0,
    fail: (fault, match = () => true, times = 1) => void ordered.push({ fault, match, left: times }),
    get waitingFaults() {
      return ordered.reduce((sum, { left }) => sum + left, 0);
    },
    forgetRequests: () => void requests.splice(0),
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return fake;
}

function misbehave(skin: Skin, fault: HttpFault | null, reply: Reply, response: ServerResponse): void {
  switch (fault?.kind) {
    case 'busy':
      return send(response, skin.busy(fault.retryAfterSeconds));
    case 'broken':
      return send(response, skin.broken(fault.status));
    case 'says':
      return send(response, fault.reply);
    case 'unsuccessful':
      return send(response, skin.unsuccessful());
    case 'html':
      return void response.writeHead(fault.status, { 'content-type': 'text/html; charset=UTF-8' }).end(HTML);
    case 'hang':
      return;
    case 'hang-inside':
      return sendHalf(response, reply, () => undefined);
    case 'truncated':
      return sendHalf(response, reply, () => response.destroy());
    case 'reset':
      // A socket of TLS cannot send RST; without its goodbye it looks the same to the client.
      return void (response.socket instanceof TLSSocket
        ? response.socket.destroy()
        : response.socket?.resetAndDestroy());
    case 'half': {
      const text = JSON.stringify(reply.body);
      return void response.writeHead(reply.status, headersOf(reply)).end(text.slice(0, text.length / 2));
    }
    case 'wrong-type':
      return void response
        .writeHead(reply.status, { ...headersOf(reply), 'content-type': 'text/plain' })
        .end(JSON.stringify(reply.body));
    case undefined:
    case 'stale':
    case 'pages-repeat':
    case 'meanwhile':
      return send(response, reply);
  }
}

function headersOf({ headers }: Reply): Record<string, string> {
  return { 'content-type': 'application/json; charset=UTF-8', ...headers };
}

function send(response: ServerResponse, reply: Reply): void {
  const text = reply.text ?? (reply.body === null ? '' : JSON.stringify(reply.body));
  response.writeHead(reply.status, headersOf(reply)).end(text);
}

function sendHalf(response: ServerResponse, reply: Reply, then: () => void): void {
  const text = JSON.stringify(reply.body);
  response.writeHead(reply.status, { ...headersOf(reply), 'content-length': String(Buffer.byteLength(text)) });
  response.write(text.slice(0, text.length / 2), then);
}

/** Null when the client went away. */
async function readRequest(message: IncomingMessage): Promise<SeenRequest | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(Buffer.from(chunk));
  } catch {
    return null;
  }
  const url = new URL(message.url ?? '/', 'http://fake');
  return {
    method: message.method ?? 'GET',
    path: decodeURIComponent(url.pathname),
    query: Object.fromEntries(url.searchParams),
    body: bodyOf(Buffer.concat(chunks).toString('utf8')),
    hasCredentials: message.headers.authorization !== undefined,
  };
}

function bodyOf(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
