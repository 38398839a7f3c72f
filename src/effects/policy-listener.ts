/**
 * Floor 2. One listener of the policy host: HTTPS by SNI, or plain HTTP for a proxy that ends TLS. HTTP/1.1 only: no sender needs more, and
 * each protocol brings attacks of its own. It is open to the whole Internet, so every wait and every size has a limit.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { answerStranger, type HostAnswer, type HostRequest } from './answer-stranger.ts';
import type { CertificateSource } from './certificate-directory.ts';
import { type HostLimits, hostLimits, httpOptions } from './host-limits.ts';
import { createPolicyTlsServer } from './policy-tls-server.ts';
import type { UploadSlot } from './reports/upload-door.ts';
import { UPLOAD_MS } from './reports/upload-listener.ts';
import { listenToStrangers, type StrangerListener, type StrangerOptions } from './stranger-listener.ts';

export interface PolicyListenerOptions extends StrangerOptions {
  /** Null: plain HTTP. */
  readonly certificates: CertificateSource | null;
  /** What answers a challenge of a CA by TLS-ALPN-01 now; nobody else sees it. */
  readonly challenges?: CertificateSource;
  readonly answer: (request: HostRequest) => HostAnswer;
  /** Where TLS reports go that are posted here; without: nowhere. */
  readonly uploads?: UploadSlot | null;
  readonly limits?: Partial<HostLimits>;
}

/** Listens from now on; an address that cannot be opened is told once and tried again each second. */
export function openPolicyListener(options: PolicyListenerOptions): StrangerListener {
  const { certificates, challenges, answer, uploads = null } = options;
  const isPlain = certificates === null;
  // Headers have their own time, and no body of another request is read: only reports may take longer.
  const asked = { ...hostLimits, ...(uploads === null ? {} : { requestMs: UPLOAD_MS }), ...options.limits };
  const limits = isPlain ? { ...asked, connectionsPerPeer: asked.connections } : asked;
  const respond = (request: IncomingMessage, response: ServerResponse, serverName: string | null): void => {
    const door = uploads?.door;
    if (door != null && request.url === door.path)
      door.take({ request, response, serverName, peer: isPlain ? null : listener.clientOf(request.socket) });
    else answerStranger(request, response, serverName, answer);
  };
  const server = isPlain
    ? createServer(httpOptions(limits), (request, response) => respond(request, response, null))
    : createPolicyTlsServer({ certificates, challenges, respond, limits });
  const who = { what: 'the policy host', key: 'publisher.listen', isPlain };
  const listener = listenToStrangers(server, { ...options, ...who }, limits);
  return listener;
}
