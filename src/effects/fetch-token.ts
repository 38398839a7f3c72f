/** Floor 2. What stands at a path over plain HTTP, at each address of a host by itself: as a CA looks for HTTP-01 (RFC 8555 §8.3), redirects apart. */
import type { WorldConfig } from '../core/config/model.ts';
import { socketFailure, type Stage } from './fetch-failure.ts';
import { connectTcp, socketFault } from './net/connection.ts';
import { withDeadline } from './net/deadline.ts';
import { askHead, readBody } from './net/http-answer.ts';
import { type Target, targetsOf } from './reach.ts';

const HTTP_PORT = 80;
const MAX_BODY_BYTES = 1_024;
const TIMEOUT_MS = 10_000;
const USER_AGENT = 'stsync (+ACME preflight)';

/** `reason` finishes "HOST at ADDRESS: ". `isNoRoute`: this machine cannot look there, which says nothing about a CA. */
export interface TokenFetch {
  readonly address: string;
  readonly outcome:
    | { readonly kind: 'body'; readonly text: string }
    | { readonly kind: 'failed'; readonly reason: string; readonly isNoRoute: boolean };
}

export interface TokenFetcher {
  /**
   * Fetches `path` at each of `addresses`, or at the one that `world.connectTo` names for `HOST:80`; the answers in the same order. Throws only the
   * signal's reason, or what this machine lacks (EMFILE).
   */
  fetch(host: string, path: string, addresses: readonly string[], signal: AbortSignal): Promise<readonly TokenFetch[]>;
}

export function tokenFetcher(world: Pick<WorldConfig, 'connectTo' | 'allowPrivateAddresses'>): TokenFetcher {
  return {
    fetch: (host, path, addresses, signal) =>
      Promise.all(targetsOf(host, HTTP_PORT, addresses, world).map((target) => fetchOne(host, path, target, signal))),
  };
}

async function fetchOne(host: string, path: string, target: Target, signal: AbortSignal): Promise<TokenFetch> {
  const outcome =
    target.refusal === null
      ? await fetchFrom(target, host, path, signal)
      : failed(`the address is ${target.refusal}, where no CA can look`);
  return { address: target.address, outcome };
}

async function fetchFrom(
  target: Target,
  host: string,
  path: string,
  signal: AbortSignal,
): Promise<TokenFetch['outcome']> {
  let stage: Stage = 'connect';
  try {
    return await withDeadline(TIMEOUT_MS, signal, async (deadline) => {
      const socket = await connectTcp(target.address, target.port, deadline);
      try {
        stage = 'answer';
        const answer = await askHead(socket, host, path, USER_AGENT, deadline);
        if (answer.statusCode !== 200) return failed(`port ${target.port} answers with status ${answer.statusCode}`);
        stage = 'body';
        const body = await readBody(answer, MAX_BODY_BYTES, deadline);
        return body === null
          ? failed(`port ${target.port} answers with something else`)
          : { kind: 'body', text: Buffer.from(body).toString('latin1') };
      } finally {
        socket.destroy();
      }
    });
  } catch (error) {
    signal.throwIfAborted();
    const fault = socketFault(error);
    if (fault === 'local') throw error;
    return failed(socketFailure(error, stage, target.port, TIMEOUT_MS).message, fault === 'no-route');
  }
}

function failed(reason: string, isNoRoute = false): TokenFetch['outcome'] {
  return { kind: 'failed', reason, isNoRoute };
}
