/**
 * Floor 2. What the policy host shows to a CA now, to prove that a host is ours (RFC 8555 §8.3, RFC 8737). In memory: an order that a crash cut
 * off puts it up again.
 */
import { createSecureContext, type SecureContext } from 'node:tls';

import { CIPHERS } from './certificate-directory.ts';

/** Hosts are A-labels in lower case to put up, and as a client sent them to look up. */
export interface ChallengeBoard {
  /** Gives what takes it down. `keyAuthorization`: the body that the CA wants at `/.well-known/acme-challenge/TOKEN`. */
  presentHttp(host: string, token: string, keyAuthorization: string): () => void;
  /** The same by TLS: PEM of `tlsAlpnCertificate`. One a host: a later one takes its place. */
  presentAlpn(host: string, certificate: { readonly key: string; readonly cert: string }): () => void;
  /** Null: none. */
  readonly keyAuthorization: (host: string, token: string) => string | null;
  /** Null: none. */
  context(host: string): SecureContext | null;
}

/** Far more than are on the way at once: a certificate is shown for seconds. */
const MOST = 1_000;

/** `most` of each kind; with one more the oldest is taken down, and its order fails. */
export function openChallengeBoard(most = MOST): ChallengeBoard {
  const authorizations = new Map<string, string>();
  const contexts = new Map<string, SecureContext>();
  return {
    presentHttp: (host, token, keyAuthorization) => put(authorizations, `${host} ${token}`, keyAuthorization, most),
    presentAlpn: (host, { key, cert }) =>
      put(contexts, host, createSecureContext({ key, cert, ciphers: CIPHERS, minVersion: 'TLSv1.2' }), most),
    keyAuthorization: (host, token) => authorizations.get(`${host.toLowerCase()} ${token}`) ?? null,
    context: (host) => contexts.get(host.toLowerCase()) ?? null,
  };
}

function put<T>(map: Map<string, T>, key: string, value: T, most: number): () => void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
  return () => {
    // Not what has taken its place.
    if (map.get(key) === value) map.delete(key);
  };
}
