/**
 * What can go wrong with the API, in words, each with its cure. Judged by HTTP status first, then by code, never by Cloudflare's text; that
 * text is shown where it helps, without the token if it should ever stand in there.
 */
import { StsyncError, type ErrorDetails } from '../../src/core/error.ts';
import type { ErrorCode } from '../../src/core/codes.ts';
import { REDACTED, type Secret } from '../../src/core/secret.ts';
import type { ApiError } from './answer.ts';

/** What was asked for, for the sentence. */
export interface Asked {
  /** `the zones`, `the records of example.com`. */
  readonly what: string;
  /** Zone or record name; the address of the API where there is none yet. */
  readonly where: string;
  /** The permission that it needs, as Cloudflare names it. */
  readonly permission: 'Zone:Zone:Read' | 'Zone:DNS:Read' | 'Zone:DNS:Edit';
}

/** Where, and with which token. */
export interface Api {
  readonly baseUrl: string;
  readonly token: Secret;
}

/** The answer that is judged. */
export interface BadAnswer {
  readonly status: number;
  readonly errors: readonly ApiError[];
  readonly retryAfterSeconds: number | null;
}

const DASHBOARD = 'https://dash.cloudflare.com/profile/api-tokens';
/** Codes for a header that is no token at all. */
const MALFORMED_TOKEN = [6003, 6103, 6111];
const NO_ACCESS = [1000, 9106, 9107, 9109, 10000, 10001];
const QUOTA = 81045;
const BESIDE_CNAME = [81053, 81054];
const IS_THERE_ALREADY = [81057, 81058];
const NO_SUCH_RECORD = 81044;
const NO_SUCH_ZONE = [1001, 7000, 7003];

/** The error behind an answer that says no. */
export function refusal(api: Api, asked: Asked, { status, errors, retryAfterSeconds }: BadAnswer): StsyncError {
  const codes = errors.map(({ code }) => code);
  const has = (...some: readonly number[]): boolean => codes.some((code) => some.includes(code));
  const said = sayErrors(api, errors);
  const { where } = asked;
  if (status === 429) {
    return new StsyncError('PROVIDER_BUSY', `Cloudflare takes no more requests for now: its rate limit is used up`, {
      hint: 'run again in five minutes; the dashboard and other programs of the same user share the limit',
      where,
      retryable: true,
      ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    });
  }
  if (status >= 500 || status === 408 || status === 409) {
    return fault('PROVIDER_FAILED', `Cloudflare failed with HTTP ${status} over ${asked.what}${said}`, {
      hint: 'run again; https://www.cloudflarestatus.com says whether something is known',
      where,
      retryable: true,
    });
  }
  if (has(...MALFORMED_TOKEN)) {
    return fault('PROVIDER_CREDENTIALS', 'the API token has not the form of one', {
      hint: `copy the token again from ${DASHBOARD}; a Global API Key is no token`,
      where,
    });
  }
  if (status === 401 || status === 403 || has(...NO_ACCESS)) return denied(asked, codes, said);
  if (has(NO_SUCH_RECORD)) {
    return fault('CHANGED_SINCE_READ', `a record of ${asked.what} went away while it was being changed`, {
      hint: 'somebody else changed the zone; run stsync again to see the new difference',
      where,
    });
  }
  if (status === 404 || has(...NO_SUCH_ZONE)) {
    return fault('ZONE_NOT_FOUND', `Cloudflare does not know ${asked.what} any more${said}`, {
      hint: 'look whether the zone was moved or deleted, then run again',
      where,
    });
  }
  return refusedChange(asked, status, has, said);
}

function refusedChange(
  { what, where }: Asked,
  status: number,
  has: (...codes: readonly number[]) => boolean,
  said: string,
): StsyncError {
  if (has(QUOTA)) {
    return fault('PROVIDER_REFUSED', `the zone is full: its plan allows no more records than ${what} has already`, {
      hint: 'delete records that nobody needs, or take a larger plan; new zones on the Free plan have 200 records',
      where,
    });
  }
  if (has(...BESIDE_CNAME)) {
    return fault('PROVIDER_REFUSED', `a CNAME stands alone, so Cloudflare did not change ${what}`, {
      hint: 'delete the one record before writing the other',
      where,
    });
  }
  if (has(...IS_THERE_ALREADY)) {
    // Also what is said to a write that is sent again after its answer was lost: worth a second look.
    return fault('PROVIDER_REFUSED', `Cloudflare has one of the new records in ${what} already`, {
      hint: 'run again: it starts from what stands there now',
      where,
      retryable: true,
    });
  }
  // `success: false` under a status that says yes: nobody knows what was done.
  const isUnclear = status < 400;
  return fault(isUnclear ? 'PROVIDER_FAILED' : 'PROVIDER_REFUSED', `Cloudflare did not accept ${what}${said}`, {
    hint: isUnclear ? 'run again: the next run looks first' : 'see the message; correct the record or the config',
    where,
    retryable: isUnclear,
  });
}

function denied({ what, where, permission }: Asked, codes: readonly number[], said: string): StsyncError {
  const isUnknown = codes.some((code) => [1000, 9109, 10001].includes(code));
  return isUnknown
    ? fault('PROVIDER_DENIED', `Cloudflare does not accept the API token${said}`, {
        hint: `it may be mistyped, expired, deleted, or tied to other IP addresses; look at ${DASHBOARD}`,
        where,
      })
    : fault(
        'PROVIDER_DENIED',
        `the API token may not ${permission.endsWith('Edit') ? 'change' : 'read'} ${what}${said}`,
        {
          hint: `give it the permission ${permission} for this zone at ${DASHBOARD}`,
          where,
        },
      );
}

/** No answer, or none that could be read to its end. `error`: what fetch threw. */
export function noAnswer({ baseUrl }: Api, error: unknown): StsyncError {
  const reason = reasonOf(error);
  const where = new URL(baseUrl).origin;
  if (/^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(reason)) {
    return fault('PROVIDER_UNREACHABLE', `the certificate of ${where} is not to be trusted: ${reason}`, {
      hint: 'correct `baseUrl`; for a certificate authority of your own, set NODE_EXTRA_CA_CERTS to its file',
      where,
      cause: error,
    });
  }
  const isUnknown = reason === 'ENOTFOUND' || reason === 'EAI_AGAIN';
  return fault('PROVIDER_UNREACHABLE', `${where} ${isUnknown ? 'has no address' : 'cannot be reached'}: ${reason}`, {
    hint: 'look whether this machine reaches the API (proxy, firewall), correct `baseUrl` if it is set; then run again',
    where,
    retryable: true,
    cause: error,
  });
}

export function timedOut({ baseUrl }: Api, timeoutMs: number, { what }: Asked): StsyncError {
  const where = new URL(baseUrl).origin;
  return fault('PROVIDER_TIMEOUT', `${where} did not answer about ${what} within ${timeoutMs / 1000} s`, {
    hint: 'run again: the next run looks first',
    where,
    retryable: true,
  });
}

/** Something answered that is not the API. `what`: `HTML`. */
export function badAnswer({ baseUrl }: Api, status: number, what: string): StsyncError {
  const where = new URL(baseUrl).origin;
  return fault(
    'PROVIDER_BAD_ANSWER',
    `${where} answered with ${what} (HTTP ${status}), which is not Cloudflare's API`,
    {
      hint: 'correct `baseUrl`, or look what stands in between (a proxy, a login page); then run again',
      where,
      // Only an answer of the 4xx class says that nothing was done.
      retryable: status < 400 || status >= 500,
    },
  );
}

/** `details` and the code, without a cause that could show a header. */
function fault(code: ErrorCode, message: string, details: ErrorDetails): StsyncError {
  return new StsyncError(code, message, details);
}

/** `: 1004 DNS Validation Error (9207 Content for TXT record is invalid)`, printable and short. */
function sayErrors({ token }: Api, errors: readonly ApiError[]): string {
  const say = ({ code, message, chain }: ApiError): string =>
    `${code} ${message}${chain.length === 0 ? '' : ` (${chain.map(say).join(', ')})`}`;
  const text = errors
    .map(say)
    .join(', ')
    .replaceAll(/[^ -~]+/g, ' ')
    .replaceAll(token.reveal(), REDACTED);
  return text === '' ? '' : `: ${text.length > 300 ? `${text.slice(0, 297)}...` : text}`;
}

/** The innermost code that the system gave: fetch wraps it. */
function reasonOf(error: unknown): string {
  let reason = error instanceof Error ? error.message : 'no reason given';
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') reason = at.code;
  }
  return reason;
}
