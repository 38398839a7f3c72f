/**
 * Floor 2. One listener of the policy host: HTTPS by SNI, or plain HTTP for a proxy that ends TLS. HTTP/1.1 only: no sender needs more, and
 * each protocol brings attacks of its own. It is open to the whole Internet, so every wait and every size has a limit.
 */
import { createServer } from 'node:http';

import { answerStranger, type HostAnswer, type HostRequest } from './answer-stranger.ts';
import type { CertificateSource } from './certificate-directory.ts';
import { type HostLimits, hostLimits, httpOptions } from './host-limits.ts';
import { createPolicyTlsServer } from './policy-tls-server.ts';
import { listenToStrangers, type StrangerListener, type StrangerOptions } from './stranger-listener.ts';

export interface PolicyListenerOptions extends StrangerOptions {
  /** Null: plain HTTP. */
  readonly certificates: CertificateSource | null;
  /** What answers a challenge of a CA by TLS-ALPN-01 now; nobody else sees it. */
  readonly challenges?: CertificateSource;
  readonly answer: (request: HostRequest) => HostAnswer;
  readonly limits?: Partial<HostLimits>;
}

/** Listens from now on; an address that cannot be opened is told once and tried again each second. */
export function openPolicyListener(options: PolicyListenerOptions): StrangerListener {
  const { certificates, challenges, answer } = options;
  const isPlain = certificates === null;
  const asked = { ...hostLimits, ...options.limits };
  const limits = isPlain ? { ...asked, connectionsPerPeer: asked.connections } : asked;
  const server = isPlain
    ? createServer(httpOptions(limits), (request, response) => answerStranger(request, response, null, answer))
    : createPolicyTlsServer({ certificates, challenges, answer, limits });
  return listenToStrangers(server, { ...options, what: 'the policy host', key: 'publisher.listen', isPlain }, limits);
}
