/**
 * Floor 3. What the policy host answers to a request (RFC 8461 §3.3). Only `GET` and `HEAD` of the one path give a policy; strangers get a bare
 * status for all else, and never a redirect, which no sender follows.
 */
import { hostOf } from './host-header.ts';

export interface PolicyRequest {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** The `Host` header. */
  readonly host: string | undefined;
  /** The name that the TLS handshake was for (SNI); null: a proxy ended TLS, and only `Host` says which name it was. */
  readonly serverName: string | null;
}

export interface PolicyAnswer {
  readonly status: 200 | 404 | 405 | 421;
  /** Null: none. */
  readonly body: string | null;
}

const PATH = '/.well-known/mta-sts.txt';
/** For a proxy that gets certificates on demand (Caddy's `ask`): is this a host of ours? Asked at the listener's own address only. */
const ASK = '/ask?domain=';

export function answerPolicy(
  { method, target, host, serverName }: PolicyRequest,
  bodyOf: (policyHost: string) => string | null,
): PolicyAnswer {
  const asked = hostOf(host);
  if (serverName !== null && asked !== serverName.toLowerCase()) return bare(421);
  if (serverName === null && isOwnAddress(host) && target.startsWith(ASK)) {
    const name = hostOf(decoded(target.slice(ASK.length)));
    return name !== null && bodyOf(name) !== null ? { status: 200, body: '' } : bare(404);
  }
  // As it stands: no decoding, no dots, no query. Nothing else is this path.
  if (target !== PATH) return bare(404);
  if (method !== 'GET' && method !== 'HEAD') return bare(405);
  const body = asked === null ? null : bodyOf(asked);
  return body === null ? bare(404) : { status: 200, body };
}

function isOwnAddress(host: string | undefined): boolean {
  return host !== undefined && /^(?:[\d.]+|\[[\da-f:.]+\]|localhost)(?::\d{1,5})?$/i.test(host);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function bare(status: 404 | 405 | 421): PolicyAnswer {
  return { status, body: null };
}
