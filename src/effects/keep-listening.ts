/** Floor 2. Holds a server at its address, or at a socket that was handed over: what cannot be opened is told once and tried again each second. */
import type { Server } from 'node:net';

import { StsyncError } from '../core/error.ts';
import type { Clock } from './clock.ts';

export interface Listening {
  /** Port in use; null while the address could not be opened. */
  readonly port: () => number | null;
  /** No more new connections; those that are there are the caller's. */
  readonly stop: () => Promise<void>;
}

export interface ListenOptions {
  /** `address:port`; `[::]` takes IPv4 too where nothing else is asked. Or `systemd:NAME` with its `fd`. */
  readonly listen: string;
  /** A socket that systemd has opened. */
  readonly fd?: number | null;
  readonly isIpv6Only?: boolean;
  /** Who listens, and the key of the YAML that says where: `the operator listener`, `daemon.listen`. */
  readonly what: string;
  readonly key: string;
  readonly clock: Clock;
  /** `LISTEN_FAILED`. */
  readonly onTrouble: (error: StsyncError) => void;
}

const RETRY_MS = 1_000;

/** A stand-by on the same machine gets the address when the one who works is gone. */
export function keepListening(server: Server, options: ListenOptions): Listening {
  if (options.listen.startsWith('systemd:')) return listenAtInherited(server, options);
  const { hostname, port } = new URL(`http://${options.listen}`);
  const address = hostname.replaceAll(/[[\]]/g, '');
  // Without an address Node takes `::`, or 0.0.0.0 where the machine has no IPv6.
  const host = address === '::' && options.isIpv6Only !== true ? {} : { host: address };
  let cancel = doNothing;
  let isTold = false;
  const open = (): void =>
    void server.listen({ ...host, port: port === '' ? 80 : Number(port), ipv6Only: options.isIpv6Only === true });
  server.on('error', (error) => {
    if (!isTold) options.onTrouble(listenFailed(options, error));
    isTold = true;
    cancel = options.clock.after(RETRY_MS, open);
  });
  open();
  return {
    port: () => portOf(server),
    stop: async () => {
      cancel();
      await stop(server);
    },
  };
}

/** Nothing is tried again: what systemd hands over at the start is all that comes. */
function listenAtInherited(server: Server, { fd = null, onTrouble, what, key, listen }: ListenOptions): Listening {
  const tell = (reason: string, hint: string): void => {
    const message = `${what} cannot listen at ${listen}: ${reason}`;
    onTrouble(new StsyncError('LISTEN_FAILED', message, { hint, where: listen }));
  };
  const name = listen.slice('systemd:'.length);
  if (fd === null) {
    const hint = `start stsync by a socket unit with FileDescriptorName=${name}, or change \`${key}\``;
    tell('systemd has handed over no socket of that name', hint);
  } else {
    server.on('error', (error) => tell(codeOf(error), 'the socket unit needs ListenStream= with a port'));
    server.listen({ fd });
  }
  return { port: () => portOf(server), stop: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}

function doNothing(): void {
  // Nothing waits yet.
}

function portOf(server: Server): number | null {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? null) : null;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}

function listenFailed({ what, key, listen }: ListenOptions, error: Error): StsyncError {
  const code = codeOf(error);
  const reason =
    code === 'EADDRINUSE'
      ? 'another program has it'
      : code === 'EACCES'
        ? 'this user may not open a port under 1024'
        : code;
  const hint =
    code === 'EACCES'
      ? 'give the service AmbientCapabilities=CAP_NET_BIND_SERVICE, or listen on another port and forward this one to it'
      : `change \`${key}\`, or end the other program`;
  return new StsyncError('LISTEN_FAILED', `${what} cannot open ${listen}: ${reason}; it is tried again`, {
    hint,
    where: listen,
    retryable: true,
  });
}
