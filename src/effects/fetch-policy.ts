/**
 * Floor 2. The policy as senders fetch it (RFC 8461 §3.3), at each address of the policy host by itself: a name with one stale node looks right
 * to whoever asks just once.
 */
import type { IncomingMessage } from 'node:http';
import type { SecureContext } from 'node:tls';

import type { WorldConfig } from '../core/config/model.ts';
import { type CertificateFacts, checkCertificate } from './certificate.ts';
import {
  certificateFailure,
  type FetchCode,
  type FetchFailure,
  htmlFailure,
  noCertificateFailure,
  refusedAddressFailure,
  socketFailure,
  type Stage,
  statusFailure,
  tooLargeFailure,
} from './fetch-failure.ts';
import { type FetchWarning, fetchWarnings, isHtml } from './fetch-warning.ts';
import { connectTcp, connectTls, socketFault } from './net/connection.ts';
import { withDeadline } from './net/deadline.ts';
import { askHead, readBody } from './net/http-answer.ts';
import { limiter } from './net/limiter.ts';
import { printable } from './net/printable.ts';
import { type Target, targetsOf } from './reach.ts';
import { loadTrust } from './trust.ts';

const HTTPS_PORT = 443;
const POLICY_PATH = '/.well-known/mta-sts.txt';
/** RFC 8461 §3.3 suggests 64 kilobytes and one minute to senders. */
const MAX_BODY_BYTES = 65_536;
const DEFAULT_TIMEOUT_MS = 60_000;

export type FetchOutcome =
  | {
      readonly kind: 'body';
      /** At most 65,536, as they came; whether they are a policy is for `parsePolicy` to say. */
      readonly bytes: Uint8Array;
      readonly mediaType: string | null;
      readonly certificate: CertificateFacts;
      readonly warnings: readonly FetchWarning[];
    }
  | {
      readonly kind: 'failed';
      readonly code: FetchCode;
      readonly message: string;
      readonly hint: string | null;
      /** What was shown, also where it is the fault; null before the end of the handshake. */
      readonly certificate: CertificateFacts | null;
      readonly status?: number;
      readonly location?: string;
    };

export interface AddressFetch {
  readonly address: string;
  readonly isConnectTo: boolean;
  readonly outcome: FetchOutcome;
}

export interface PolicyFetcher {
  /**
   * Fetches the policy of `policyHost` (A-labels, lower case) at each of `addresses`, or at the one that `world.connectTo` names for it; the
   * answers in the same order. What goes wrong at an address is an outcome; it throws only the signal's reason, or what this machine lacks (EMFILE).
   */
  fetch(policyHost: string, addresses: readonly string[], signal: AbortSignal): Promise<readonly AddressFetch[]>;
}

/** What one fetcher shares among its fetches. */
interface Shared {
  readonly trust: SecureContext;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/**
 * A fetcher. At most `world.concurrency` connections at once; `timeoutMs` (60 s) is the whole time of one address, its turn apart; `version` goes
 * into the User-Agent. Throws `CA_FILE_UNREADABLE`.
 */
export function policyFetcher(
  world: Pick<WorldConfig, 'connectTo' | 'caFile' | 'allowPrivateAddresses' | 'concurrency'>,
  options: { readonly timeoutMs?: number; readonly version?: string } = {},
): PolicyFetcher {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, version } = options;
  const userAgent = `stsync${version === undefined ? '' : `/${version}`} (+MTA-STS policy check)`;
  const shared = { trust: loadTrust(world.caFile), timeoutMs, userAgent };
  const limited = limiter(world.concurrency);
  const fetchOne = async (host: string, target: Target, signal: AbortSignal): Promise<AddressFetch> => ({
    address: target.address,
    isConnectTo: target.isConnectTo,
    outcome:
      target.refusal === null
        ? await limited(() => fetchFrom(target, host, shared, signal))
        : toOutcome(refusedAddressFailure(target.refusal), null),
  });
  return {
    fetch: (policyHost, addresses, signal) =>
      Promise.all(
        targetsOf(policyHost, HTTPS_PORT, addresses, world).map((target) => fetchOne(policyHost, target, signal)),
      ),
  };
}

async function fetchFrom(target: Target, host: string, shared: Shared, signal: AbortSignal): Promise<FetchOutcome> {
  let stage: Stage = 'connect';
  let certificate: CertificateFacts | null = null;
  try {
    return await withDeadline(shared.timeoutMs, signal, async (deadline) => {
      const socket = await connectTcp(target.address, target.port, deadline);
      try {
        stage = 'handshake';
        const tls = await connectTls(socket, host, shared.trust, deadline, ['http/1.1']);
        const checked = checkCertificate(tls, host, new Date());
        // Nothing is asked of a server that did not prove its name.
        if (checked === null) return toOutcome(noCertificateFailure(), null);
        certificate = checked.facts;
        if (checked.fault !== null) return toOutcome(certificateFailure(checked.fault), certificate);
        stage = 'answer';
        const answer = await askHead(tls, host, POLICY_PATH, shared.userAgent, deadline);
        stage = 'body';
        return await outcomeOf(answer, host, certificate, deadline);
      } finally {
        socket.destroy();
      }
    });
  } catch (error) {
    signal.throwIfAborted();
    if (socketFault(error) === 'local') throw error;
    return toOutcome(socketFailure(error, stage, target.port, shared.timeoutMs), certificate);
  }
}

async function outcomeOf(
  answer: IncomingMessage,
  host: string,
  certificate: CertificateFacts,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  const { statusCode: status = 0, headers } = answer;
  // §3.3: 200 alone; redirects are not followed.
  if (status !== 200) return toOutcome(statusFailure(status, headers.location, host), certificate);
  const bytes = await readBody(answer, MAX_BODY_BYTES, signal);
  if (bytes === null) return toOutcome(tooLargeFailure(MAX_BODY_BYTES), certificate);
  const mediaType = headers['content-type'] ?? null;
  if (isHtml(bytes, mediaType)) return toOutcome(htmlFailure(mediaType), certificate);
  return {
    kind: 'body',
    bytes,
    mediaType: mediaType === null ? null : printable(mediaType),
    certificate,
    warnings: fetchWarnings(headers, certificate, new Date()),
  };
}

function toOutcome(failure: FetchFailure, certificate: CertificateFacts | null): FetchOutcome {
  return { kind: 'failed', ...failure, certificate };
}
