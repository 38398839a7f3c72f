/** What the CA looks at: the three challenges, answered at the ports of pebble and in its DNS. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type SecureContext } from 'node:tls';

import { type Challenge, type ChallengeType, dnsValue, tlsAlpnCertificate } from '../../../src/effects/acme/client.ts';
import type { Pebble } from '../../servers/pebble.ts';

export interface Solver extends AsyncDisposable {
  /** Lets the CA find what it looks for; gives what takes it away. */
  show(challenge: Challenge): Promise<() => Promise<void>>;
  /** How often the CA came, by type. */
  readonly seen: Map<ChallengeType, number>;
}

export async function startSolver(
  pebble: Pick<Pebble, 'httpPort' | 'tlsPort' | 'setTxt' | 'clearTxt'>,
): Promise<Solver> {
  const tokens = new Map<string, string>();
  const contexts = new Map<string, SecureContext>();
  const seen = new Map<ChallengeType, number>();
  const count = (type: ChallengeType): unknown => seen.set(type, (seen.get(type) ?? 0) + 1);
  const http = createServer((request, response) => {
    count('http-01');
    const found = tokens.get(`${request.headers.host?.split(':')[0]}${request.url}`);
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/octet-stream' }).end(found);
  }).listen(pebble.httpPort, '127.0.0.1');
  const tls = createTlsServer(
    {
      ALPNProtocols: ['acme-tls/1'],
      SNICallback: (name, done) => {
        count('tls-alpn-01');
        done(null, contexts.get(name));
      },
    },
    (socket) => socket.end(),
  ).listen(pebble.tlsPort, '127.0.0.1');
  tls.on('tlsClientError', () => undefined);
  await Promise.all([once(http, 'listening'), once(tls, 'listening')]);
  const stop = async (): Promise<void> => {
    http.closeAllConnections();
    await Promise.all([closed(http), closed(tls)]);
  };
  return {
    seen,
    show: async ({ type, host, token, keyAuthorization }) => {
      switch (type) {
        case 'http-01': {
          const path = `${host}/.well-known/acme-challenge/${token}`;
          tokens.set(path, keyAuthorization);
          return async () => void tokens.delete(path);
        }
        case 'dns-01': {
          const name = `_acme-challenge.${host}`;
          await pebble.setTxt(name, dnsValue(keyAuthorization));
          return () => pebble.clearTxt(name);
        }
        case 'tls-alpn-01':
          contexts.set(host, createSecureContext(await tlsAlpnCertificate(host, keyAuthorization)));
          return async () => void contexts.delete(host);
      }
    },
    [Symbol.asyncDispose]: stop,
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
