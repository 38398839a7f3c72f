/**
 * What can go wrong with the API, in words, each with its cure. Judged by HTTP status first, then by Google's `reason`, never by its text;
 * that text is shown where it helps. No error carries a cause: what the library throws holds the request with its token.
 */
import { StsyncError, type ErrorDetails } from '../../src/core/error.ts';
import type { ErrorCode } from '../../src/core/codes.ts';
import type { ApiFault } from './answer.ts';

/** What was asked for, for the sentence. */
export interface Asked {
  /** `the zones of project p1`, `the records of example.com`. */
  readonly what: string;
  /** Zone or record name; the address of the API where there is none yet. */
  readonly where: string;
  /** The permission that it needs, as Google names it. */
  readonly permission:
    | 'dns.managedZones.list'
    | 'dns.resourceRecordSets.list'
    | 'dns.changes.create'
    | 'dns.changes.get';
}

/** An answer that says no. */
export interface BadAnswer {
  readonly status: number;
  readonly fault: ApiFault;
  readonly retryAfterSeconds: number | null;
}

const BUSY = ['rateLimitExceeded', 'userRateLimitExceeded'];
const MOVED = ['conditionNotMet', 'alreadyExists'];
const ROLE = 'a custom role with it, or roles/dns.admin';

/** The error behind an answer that says no. */
export function refusal(origin: string, asked: Asked, { status, fault, retryAfterSeconds }: BadAnswer): StsyncError {
  const has = (...some: readonly string[]): boolean => fault.reasons.some((reason) => some.includes(reason));
  const said = sayFault(fault);
  const { what, where, permission } = asked;
  if (status === 429 || has(...BUSY)) {
    return make('PROVIDER_BUSY', 'Google Cloud DNS takes no more requests for now: its rate limit is used up', {
      hint: 'run again in a minute; the console shows the quota of the project under Cloud DNS API',
      where,
      retryable: true,
      ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    });
  }
  if (status >= 500 || status === 408) {
    return make('PROVIDER_FAILED', `Google Cloud DNS failed with HTTP ${status} over ${what}${said}`, {
      hint: 'run again; https://status.cloud.google.com says whether something is known',
      where,
      retryable: true,
    });
  }
  if (status === 401) {
    return make('PROVIDER_DENIED', `Google does not accept the credentials${said}`, {
      hint: 'they may be expired, deleted or disabled: look at the service account in the console under IAM',
      where: origin,
    });
  }
  if (has('accessNotConfigured')) {
    return make('PROVIDER_DENIED', `the Cloud DNS API is not switched on in the project${said}`, {
      hint: 'run `gcloud services enable dns.googleapis.com`',
      where,
    });
  }
  // Of things, not of calls: waiting does not help. Comes with 403 and with 413.
  if (has('quotaExceeded')) {
    return make('PROVIDER_REFUSED', `a quota of Google Cloud DNS is full, so it did not accept ${what}${said}`, {
      hint: 'delete what nobody needs, or ask for more in the console under IAM, Quotas',
      where,
    });
  }
  if (status === 403) {
    return make(
      'PROVIDER_DENIED',
      `these credentials may not ${permission.endsWith('create') ? 'change' : 'read'} ${what}${said}`,
      {
        hint: `grant ${permission} on the project (${ROLE}), and look whether \`project\` is right`,
        where,
      },
    );
  }
  if (permission === 'dns.changes.create' && (has(...MOVED) || status === 404)) {
    return make('CHANGED_SINCE_READ', `${what} changed while they were being changed`, {
      hint: 'somebody else changed the zone; run stsync again to see the new difference',
      where,
    });
  }
  if (status === 404) {
    return make('ZONE_NOT_FOUND', `Google Cloud DNS does not know ${what} any more${said}`, {
      hint: 'look whether the zone or the project was deleted, then run again',
      where,
    });
  }
  if (has('cnameResourceRecordSetConflict')) {
    return make('PROVIDER_REFUSED', `a CNAME stands alone, so Google Cloud DNS did not change ${what}`, {
      hint: 'delete the one record before writing the other',
      where,
    });
  }
  return make('PROVIDER_REFUSED', `Google Cloud DNS did not accept ${what}${said}`, {
    hint: 'see the message; correct the record, the quota or the config',
    where,
  });
}

/** No answer, or none that could be read to its end. */
export function noAnswer(origin: string, error: unknown): StsyncError {
  const reason = reasonOf(error);
  if (/^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(reason)) {
    return make('PROVIDER_UNREACHABLE', `the certificate of ${origin} is not to be trusted: ${reason}`, {
      hint: 'correct `apiEndpoint`; for a certificate authority of your own, set NODE_EXTRA_CA_CERTS to its file',
      where: origin,
    });
  }
  const isUnknown = reason === 'ENOTFOUND' || reason === 'EAI_AGAIN';
  return make('PROVIDER_UNREACHABLE', `${origin} ${isUnknown ? 'has no address' : 'cannot be reached'}: ${reason}`, {
    hint: 'look whether this machine reaches the API (proxy, firewall), correct `apiEndpoint` if it is set; then run again',
    where: origin,
    retryable: true,
  });
}

/** The credentials got no token. `status`: of the token server; null: it was not reached. */
export function noToken(status: number | null, error: unknown): StsyncError {
  return status === null || status >= 500
    ? make(
        'PROVIDER_UNREACHABLE',
        `Google's token server cannot be reached: ${status === null ? reasonOf(error) : `HTTP ${status}`}`,
        {
          hint: 'look whether this machine reaches it (proxy, firewall), then run again',
          where: 'google',
          retryable: true,
        },
      )
    : make('PROVIDER_CREDENTIALS', `Google gives no token for these credentials (HTTP ${status})`, {
        hint: 'they may be expired, deleted or disabled; make new ones, or log in again',
        where: 'google',
      });
}

/** The library would go on without. */
export function notAuthenticated(): StsyncError {
  return make(
    'PROVIDER_CREDENTIALS',
    'there is no token to authenticate with at Google Cloud DNS, so nothing was asked',
    {
      hint: 'look at the credentials: `gcloud auth application-default print-access-token` shows whether they work',
      where: 'google',
    },
  );
}

export function timedOut(origin: string, timeoutMs: number, { what }: Pick<Asked, 'what'>): StsyncError {
  return make('PROVIDER_TIMEOUT', `${origin} did not answer about ${what} within ${timeoutMs / 1000} s`, {
    hint: 'run again: the next run looks first',
    where: origin,
    retryable: true,
  });
}

/** Something answered that is not the API. `what`: `text/html`. */
export function badAnswer(origin: string, status: number, what: string): StsyncError {
  return make('PROVIDER_BAD_ANSWER', `${origin} answered with ${what} (HTTP ${status}), which is not Google's API`, {
    hint: 'correct `apiEndpoint`, or look what stands in between (a proxy, a login page); then run again',
    where: origin,
    // Only an answer of the 4xx class says that nothing was done.
    retryable: status < 400 || status >= 500,
  });
}

function make(code: ErrorCode, message: string, details: ErrorDetails): StsyncError {
  return new StsyncError(code, message, details);
}

/** `: conditionNotMet: Precondition not met`, printable and short. */
function sayFault({ reasons, message }: ApiFault): string {
  const text = [reasons[0] ?? '', message]
    .filter((part) => part !== '')
    .join(': ')
    .replaceAll(/[^ -~]+/g, ' ');
  return text === '' ? '' : `: ${text.length > 300 ? `${text.slice(0, 297)}...` : text}`;
}

/** The innermost code that the system gave. */
function reasonOf(error: unknown): string {
  let reason = 'no reason given';
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') reason = at.code;
  }
  return reason;
}
