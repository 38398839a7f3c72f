/** Floor 2. TCP and TLS to a fixed address, and what the errors of a socket say. */
import { connect, type Socket } from 'node:net';
import { connect as connectTlsSocket, type SecureContext, type TLSSocket } from 'node:tls';

/** Why a connection did not come about or ended. `local`: trouble of this machine or of stsync, which says nothing about the other side. */
export type SocketFault = 'refused' | 'timeout' | 'no-route' | 'reset' | 'tls' | 'local';

const FAULTS: ReadonlyMap<string, SocketFault> = new Map<string, SocketFault>([
  ['ECONNREFUSED', 'refused'],
  // A packet filter of this machine; one on the way looks like ECONNREFUSED or a time-out.
  ['EACCES', 'refused'],
  ['EPERM', 'refused'],
  ['ETIMEDOUT', 'timeout'],
  ['ENETUNREACH', 'no-route'],
  ['EHOSTUNREACH', 'no-route'],
  ['EADDRNOTAVAIL', 'no-route'],
  ['EAFNOSUPPORT', 'no-route'],
  ['ENETDOWN', 'no-route'],
  ['EPROTO', 'tls'],
  ['EMFILE', 'local'],
  ['ENFILE', 'local'],
  ['ENOBUFS', 'local'],
  ['ENOMEM', 'local'],
]);

/** Sorts an error of a socket, of TLS or of the HTTP parser; an unknown code counts as a connection that broke. */
export function socketFault(error: unknown): SocketFault {
  const code = errorCode(error);
  // Node names whatever a peer can cause; a TypeError of ours shall not pass for that.
  if (code === '') return 'local';
  return FAULTS.get(code) ?? (/^ERR_(?:SSL|TLS)_/.test(code) ? 'tls' : 'reset');
}

/** `ECONNRESET`, `ERR_SSL_WRONG_VERSION_NUMBER`; empty when there is none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A TCP connection. No name is looked up. Rejects with Node's error, or the signal's reason. The caller destroys the socket. */
export function connectTcp(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  return opened(connect({ host: address, port }), 'connect', signal);
}

/**
 * TLS over a connected socket, with SNI `host`. Every certificate is let through, so that the caller can say what is wrong with it: nothing may be
 * sent before `checkCertificate` found no fault.
 */
export function connectTls(
  socket: Socket,
  host: string,
  trust: SecureContext,
  signal: AbortSignal,
  protocols: readonly string[] = [],
): Promise<TLSSocket> {
  const options = { socket, servername: host, secureContext: trust, ALPNProtocols: [...protocols] };
  // `authorized` then tells of the chain alone: names are compared by `checkCertificate`.
  const tls = connectTlsSocket({ ...options, rejectUnauthorized: false, checkServerIdentity: () => undefined });
  // What Node would hand to `checkServerIdentity`, the whole chain as objects, takes a tenth of the time of a fetch.
  Object.defineProperty(tls, 'getPeerCertificate', { value: () => ({}) });
  return opened(tls, 'secureConnect', signal);
}

/** What OpenSSL says, without its addresses and file names. */
export function tlsReason(error: unknown): string {
  const reason = error instanceof Error && 'reason' in error && typeof error.reason === 'string' ? error.reason : null;
  return reason ?? (errorCode(error) || 'unknown');
}

function opened<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off(event, succeed).off('error', fail).off('close', ended);
      signal.removeEventListener('abort', abort);
    };
    const succeed = (): void => {
      settle();
      resolve(socket);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error instanceof Error ? error : new Error('aborted', { cause: error }));
    };
    const ended = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    const abort = (): void => fail(signal.reason);
    // An error after the last listener is gone would end the process.
    socket.on('error', () => undefined);
    socket.once(event, succeed).once('error', fail).once('close', ended);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
