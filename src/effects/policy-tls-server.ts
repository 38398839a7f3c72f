/**
 * Floor 2. The HTTPS of the policy host: the certificate for the name that the client sent, or the end of the handshake. Beside that TLS-ALPN-01
 * (RFC 8737): a CA that asks for `acme-tls/1` gets the certificate that answers its challenge, and the end of the connection.
 */
import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type SecureContext, TLSSocket } from 'node:tls';

import { CIPHERS, type CertificateSource } from './certificate-directory.ts';
import { type HostLimits, httpOptions } from './host-limits.ts';

export interface PolicyTlsOptions {
  readonly certificates: CertificateSource;
  readonly challenges: CertificateSource | undefined;
  readonly respond: (request: IncomingMessage, response: ServerResponse, serverName: string) => void;
  readonly limits: HostLimits;
}

const CHALLENGE_PROTOCOL = 'acme-tls/1';

export function createPolicyTlsServer({ certificates, challenges, respond, limits }: PolicyTlsOptions): Server {
  /** What a connection is shown instead of the certificate. */
  const shown = new WeakMap<TLSSocket, SecureContext>();
  const choose = (socket: TLSSocket, name: string): SecureContext | null => {
    const context = shown.get(socket) ?? certificates.context(name);
    if (context !== null || socket.getProtocol() !== 'TLSv1.2') return context;
    // Without any certificate TLS 1.2 would not come to the question for the protocol. Who then asks for another one is sent away.
    const first = challenges?.context(name) ?? null;
    if (first !== null) shown.set(socket, first);
    return first;
  };
  const server = createServer(
    {
      ...httpOptions(limits),
      handshakeTimeout: limits.handshakeMs,
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      // RFC 9325 section 3.5: a client that asks for new handshakes on the same connection again and again.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      // No `cert` here: RFC 8461 §3.3 wants the chain for the name, or the end of the handshake (alert 40). An error would send no alert at all.
      SNICallback(this: TLSSocket, name, done) {
        done(null, choose(this, name) ?? undefined);
      },
      // TLS 1.2 asks this after the certificate, which is set anew then; TLS 1.3 before it, and the choice above would set it back.
      ALPNCallback(this: TLSSocket, { servername, protocols }) {
        // RFC 8737 §3: a CA asks for this and nothing else.
        const isChallenge = protocols.length === 1 && protocols[0] === CHALLENGE_PROTOCOL;
        // Without SNI it is no text, whatever the types say.
        const name = typeof servername === 'string' ? servername : '';
        const context = isChallenge ? (challenges?.context(name) ?? null) : null;
        if (context === null) return shown.has(this) ? undefined : protocols.find((one) => one === 'http/1.1');
        shown.set(this, context);
        this.setKeyCert(context);
        return CHALLENGE_PROTOCOL;
      },
    },
    (request, response) => {
      const { socket } = request;
      const name = socket instanceof TLSSocket && typeof socket.servername === 'string' ? socket.servername : '';
      respond(request, response, name);
    },
  );
  // Before the listener of HTTP, which so never reads what was sent along.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    if (shown.has(socket)) socket.destroySoon();
  });
  return server;
}
