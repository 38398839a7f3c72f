/** Floor 2. An HTTP listener for the operator: bounded in what it waits for and takes, and never a reason to stop the daemon. */
import { createServer } from 'node:http';

import { getRequestListener } from '@hono/node-server';

import type { StsyncError } from '../core/error.ts';
import type { Clock } from './clock.ts';
import { keepListening } from './keep-listening.ts';

/** Answers one request. `peer`: the address that it came from. */
export type Answer = (request: Request, peer: string) => Response | Promise<Response>;

export interface HttpListener {
  /** Port in use; null while the address could not be opened. */
  readonly port: () => number | null;
  close(): Promise<void>;
}

/**
 * Listens at `address:port`. What cannot be opened is told once and tried again each second: a stand-by on the same machine gets the address
 * when the one who works is gone.
 */
export function openHttpListener(
  listen: string,
  answer: Answer,
  { clock, onTrouble }: { readonly clock: Clock; readonly onTrouble: (error: StsyncError) => void },
): HttpListener {
  const listener = getRequestListener((request, { incoming }) => answer(request, incoming.socket.remoteAddress ?? ''));
  const server = createServer(
    {
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16_384,
    },
    (request, response) => void listener(request, response),
  );
  server.maxConnections = 1_000;
  const what = 'the operator listener';
  const listening = keepListening(server, { listen, what, key: 'daemon.listen', clock, onTrouble });
  return {
    port: listening.port,
    close: async () => {
      const stopped = listening.stop();
      server.closeAllConnections();
      await stopped;
    },
  };
}
