/** Floor 3. How a host shows a CA that it is ours: what answers a challenge, behind one interface for the three kinds (RFC 8555 §8, RFC 8737). */
import { type Challenge, type ChallengeType, tlsAlpnCertificate } from '../../effects/acme/client.ts';
import type { CertificatePair } from '../../effects/acme/certificates.ts';

export interface ChallengeSolver {
  readonly type: ChallengeType;
  /**
   * Resolves when the CA may look; the result takes the answer away again. Throws `StsyncError` when it cannot be shown: then the order is tried
   * again later. Has to end when `signal` aborts.
   */
  present(host: string, challenge: Challenge, signal: AbortSignal): Promise<() => Promise<void>>;
}

/** Serves `body` at `http://HOST/.well-known/acme-challenge/TOKEN` from when it returns; the result ends that. */
export type PresentToken = (host: string, token: string, body: string) => () => void;

/** HTTP-01, by the listener of port 80. */
export function httpSolver(present: PresentToken): ChallengeSolver {
  return {
    type: 'http-01',
    present: async (host, { token, keyAuthorization }) => {
      const hide = present(host, token, keyAuthorization);
      return async () => hide();
    },
  };
}

/** TLS-ALPN-01, by the listener of port 443: `present` shows the pair to whoever asks for `acme-tls/1` at `host`. */
export function tlsAlpnSolver(present: (host: string, pair: CertificatePair) => () => void): ChallengeSolver {
  return {
    type: 'tls-alpn-01',
    present: async (host, { keyAuthorization }) => {
      const hide = present(host, await tlsAlpnCertificate(host, keyAuthorization));
      return async () => hide();
    },
  };
}
