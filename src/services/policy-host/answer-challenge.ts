/** Floor 3. What the policy host answers at port 80: the key authorization of a challenge that is on now (RFC 8555 §8.3), or a bare status. */
import { hostOf } from './host-header.ts';

export interface ChallengeRequest {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** The `Host` header. */
  readonly host: string | undefined;
}

export interface ChallengeAnswer {
  readonly status: 200 | 404 | 405;
  /** Null: none. */
  readonly body: string | null;
}

const PATH = /^\/\.well-known\/acme-challenge\/([\w-]{1,200})$/;

export function answerChallenge(
  { method, target, host }: ChallengeRequest,
  keyAuthorizationOf: (host: string, token: string) => string | null,
): ChallengeAnswer {
  const [, token] = PATH.exec(target) ?? [];
  const asked = hostOf(host);
  const body = token === undefined || asked === null ? null : keyAuthorizationOf(asked, token);
  if (body === null) return { status: 404, body: null };
  return method === 'GET' || method === 'HEAD' ? { status: 200, body } : { status: 405, body: null };
}
