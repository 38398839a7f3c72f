/**
 * What stands between stsync and a CA: it hands everything on, counts the orders that the CA made and the certificates that it gave, and fails
 * on order in the ways of a CA that has a bad day. All URLs of pebble are at the name that it is asked by, so nobody goes past it.
 */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import { readFileSync } from 'node:fs';

import { makeCa } from '../support/ca.ts';
import type { Pebble } from './pebble.ts';

/** `lost`: the CA does what it is asked for, and its answer does not arrive. */
export type GateFault = 'unavailable' | 'reset' | 'lost';

export interface PebbleGate extends AsyncDisposable {
  readonly directoryUrl: string;
  /** Whom the gate is certified by. */
  readonly caFile: string;
  /** Hosts for which the CA made an order, in order. */
  readonly orders: readonly string[];
  /** Hosts whose order was made and whose answer did not arrive: nobody here can know of such an order. */
  readonly lostOrders: readonly string[];
  /** Certificates that were fetched. */
  readonly issued: number;
  fault: GateFault | null;
}

export async function startPebbleGate(pebble: Pick<Pebble, 'directoryUrl' | 'caFile'>): Promise<PebbleGate> {
  const ca = makeCa();
  const agent = new Agent({ keepAlive: true, ca: readFileSync(pebble.caFile) });
  const [orders, lostOrders]: [string[], string[]] = [[], []];
  let issued = 0;

  const pass = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await asked.toArray());
    if (gate.fault === 'reset') return void asked.socket.destroy();
    if (gate.fault === 'unavailable') return refuse(answer);
    const { status, headers, text } = await ask(new URL(asked.url ?? '/', pebble.directoryUrl), asked, body, agent);
    const host = status === 201 ? orderedHost(text) : null;
    if (host !== null) orders.push(host);
    // What was sent to a connection that is gone by then may not have been read.
    const isLost = gate.fault === 'lost' || asked.socket.destroyed;
    if (isLost && host !== null) lostOrders.push(host);
    if (isLost) return void asked.socket.destroy();
    if (status === 200 && String(headers['content-type']).startsWith('application/pem-certificate-chain')) issued++;
    answer.writeHead(status, headers).end(text);
  };

  const server = createServer(ca.issue({ names: ['localhost'] }), (asked, answer) => {
    pass(asked, answer).catch(() => asked.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const gate: PebbleGate = {
    directoryUrl: `https://localhost:${port}/dir`,
    caFile: ca.file,
    orders,
    lostOrders,
    get issued() {
      return issued;
    },
    fault: null,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await ca[Symbol.asyncDispose]();
    },
  };
  return gate;
}

function refuse(answer: ServerResponse): void {
  const problem = { type: 'urn:ietf:params:acme:error:serverInternal', detail: 'down for maintenance', status: 503 };
  answer.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
}

interface Passed {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(url: URL, { method, headers }: IncomingMessage, body: Buffer, agent: Agent): Promise<Passed> {
  const asked = request(url, { method, headers, agent });
  asked.end(body);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve).once('error', reject);
  });
  const answer = await answered;
  const text = Buffer.concat(await answer.toArray()).toString('utf8');
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
}

/** Null: this is no order. */
function orderedHost(text: string): string | null {
  const order: { readonly finalize?: string; readonly identifiers?: readonly { readonly value: string }[] } =
    JSON.parse(text === '' ? '{}' : text);
  return order.finalize === undefined ? null : (order.identifiers?.[0]?.value ?? null);
}
