/** Floor 2. What a listener that is open to the whole Internet waits for and takes: every wait and every size has a limit. */
import type { ServerOptions } from 'node:http';

export interface HostLimits {
  /** From the connection to the end of its PROXY header. */
  readonly proxyMs: number;
  /** From the connection, or the end of its PROXY header, to the end of the handshake. */
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** Node looks so often whether one of the two before has passed: 30 s by default, and a limit of 5 s cut after 27 (measured). */
  readonly checkMs: number;
  /** Nothing moves at all, also where the client does not read. */
  readonly idleMs: number;
  readonly headerBytes: number;
  readonly connections: number;
  /** From one address (of IPv6: one /64). Not behind a proxy that ends TLS, from where all come. */
  readonly connectionsPerPeer: number;
}

export const hostLimits: HostLimits = {
  proxyMs: 5_000,
  handshakeMs: 5_000,
  headersMs: 5_000,
  requestMs: 10_000,
  keepAliveMs: 5_000,
  checkMs: 1_000,
  idleMs: 15_000,
  headerBytes: 4_096,
  connections: 10_000,
  connectionsPerPeer: 250,
};

export function httpOptions(limits: HostLimits): ServerOptions {
  return {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
  };
}
