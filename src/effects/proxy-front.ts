/**
 * Floor 2. A socket before a server that reads the header of the PROXY protocol of each connection and hands it on with the client's own address.
 * Only load balancers that the operator names are heard: whoever may send that header may be anybody.
 */
import { createServer, type Server, type Socket } from 'node:net';

import { parseProxyHeader } from '../core/proxy-header.ts';
import type { Clock } from './clock.ts';
import { networkSet } from './networks.ts';

export interface ProxyFrontOptions {
  /** ADDRESS/LENGTH each. */
  readonly from: readonly string[];
  /** From the connection to the end of the header: also for one that sends a byte now and then. */
  readonly timeoutMs: number;
  readonly isPlain: boolean;
  readonly clock: Clock;
  /** `PROXY_NOT_LISTED`, `PROXY_NO_HEADER` (other bytes than a header, or none in time), with the address of the socket. */
  readonly onRefusal: (reason: string, peer: string) => void;
}

/** Ends here what is no good; `accept` gets the others, with nothing read but the header. `address`: the client's, or the proxy's own for its health checks. */
export function createProxyFront(
  { from, timeoutMs, isPlain, clock, onRefusal }: ProxyFrontOptions,
  accept: (socket: Socket, address: string) => void,
): Server {
  const isListed = networkSet(from);
  return createServer({ noDelay: true }, (socket) => {
    const peer = socket.remoteAddress ?? '';
    const refuse = (reason: string): void => {
      onRefusal(reason, peer);
      socket.destroy();
    };
    // A reset is one client's affair, whoever reads by then.
    socket.on('error', ignore);
    if (!isListed(peer)) return refuse('PROXY_NOT_LISTED');
    let seen: Buffer = Buffer.alloc(0);
    const leave = (): void => {
      cancel();
      socket.off('data', read).off('end', end).off('close', leave);
    };
    // Without a byte it was a health check of the TCP kind.
    const end = (): void => (seen.length > 0 ? refuse('PROXY_NO_HEADER') : void socket.destroy());
    const read = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const header = parseProxyHeader(seen);
      if (header.kind === 'more') return;
      leave();
      if (header.kind === 'refused') return refuse('PROXY_NO_HEADER');
      socket.pause();
      if (seen.length > header.length) socket.unshift(seen.subarray(header.length));
      accept(socket, header.address ?? peer);
      // TLS takes what was put back by itself; HTTP waits for it to flow.
      if (isPlain) socket.resume();
    };
    const cancel = clock.after(timeoutMs, () => refuse('PROXY_NO_HEADER'));
    socket.on('data', read).on('end', end).on('close', leave);
  });
}

function ignore(): void {
  // 'close' follows.
}
