/**
 * Floor 3. What a CA would find, looked at before it is asked: CAs count failed validations (Let's Encrypt takes 5 of a name in an hour), and say
 * less clearly what is wrong.
 */
import { randomBytes } from 'node:crypto';

import { caaRefusal } from '../../core/caa.ts';
import type { ChallengeType } from '../../effects/acme/client.ts';
import type { Addresses, Resolver } from '../../effects/dns/resolver.ts';
import type { TokenFetcher } from '../../effects/fetch-token.ts';
import { lookUpCaa } from '../look-up-caa.ts';
import type { Preflight, PreflightFault } from './attempt.ts';
import type { PresentToken } from './challenge-solver.ts';

export interface PreflightWorld {
  readonly challenge: ChallengeType;
  readonly fetcher: TokenFetcher;
  /** One that remembers nothing; it is closed after each look. */
  readonly openResolver: () => Resolver;
  /** As the HTTP-01 solver has it. */
  readonly presentToken: PresentToken;
  /** `caaIdentities` of the CA's directory. */
  readonly caaIdentities: () => Promise<readonly string[]>;
  /** The account at the CA, for a CAA that names one (RFC 8657); null: not known. */
  readonly accountUrl: () => string | null;
}

const TOKEN_BYTES = 24;

/** The CAA of the host; and of HTTP-01 a token of our own, at every address of the host. Of TLS-ALPN-01 that there are addresses. */
export function openPreflight(world: PreflightWorld): Preflight {
  return async (host, signal) => {
    const resolver = world.openResolver();
    try {
      const forbidden = await lookAtCaa(host, resolver, world, signal);
      if (forbidden !== null || world.challenge === 'dns-01') return forbidden;
      const found = await resolver.addresses(host, signal);
      if (found.kind === 'failed') return unreadable(host, found.message);
      if (found.addresses.length === 0) return noAddress(host, found);
      return world.challenge === 'http-01' ? await lookForToken(host, found.addresses, world, signal) : null;
    } finally {
      await resolver.close();
    }
  };
}

/** One that cannot be read is left to the CA: it may see more, and a CA that does not says so. */
async function lookAtCaa(
  host: string,
  resolver: Resolver,
  { challenge, caaIdentities, accountUrl }: PreflightWorld,
  signal: AbortSignal,
): Promise<PreflightFault | null> {
  const { name, texts } = await lookUpCaa(host, { network: { resolver }, signal });
  if (name === null) return null;
  const identities = await caaIdentities();
  const reason = caaRefusal(texts, { identities, method: challenge, accountUrl: accountUrl() });
  if (reason === null) return null;
  const [own = 'CA.EXAMPLE'] = identities;
  return {
    code: 'CAA_FORBIDS',
    message: `no certificate for ${host}: CAA at ${name} ${reason}`,
    hint: `let the owner of ${name} add the record: 0 issue "${own}"`,
  };
}

async function lookForToken(
  host: string,
  addresses: readonly string[],
  { presentToken, fetcher }: PreflightWorld,
  signal: AbortSignal,
): Promise<PreflightFault | null> {
  const token = `stsync-${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  const body = `${token}.preflight`;
  const hide = presentToken(host, token, body);
  try {
    const fetches = await fetcher.fetch(host, `/.well-known/acme-challenge/${token}`, addresses, signal);
    const wrong = fetches.filter(({ outcome }) => outcome.kind === 'failed' || outcome.text.trim() !== body);
    const isProved = wrong.length < fetches.length;
    // A family that this machine has no way to is left out where another is proved.
    const reasons = wrong.flatMap(({ address, outcome }) => {
      if (outcome.kind === 'body') return [`${address}: port 80 answers with something else`];
      return outcome.isNoRoute && isProved ? [] : [`${address}: ${outcome.reason}`];
    });
    return reasons.length === 0 ? null : elsewhere(host, reasons);
  } finally {
    hide();
  }
}

function elsewhere(host: string, reasons: readonly string[]): PreflightFault {
  const more = reasons.length > 3 ? `; and ${reasons.length - 3} more` : '';
  return {
    code: 'HOST_ELSEWHERE',
    message: `no certificate for ${host}: it does not lead to port 80 of this policy host (${reasons.slice(0, 3).join('; ')}${more})`,
    hint: 'let its CNAME lead here and port 80 be open; where this machine cannot reach its own public address, name HOST:80 in `world.connectTo`',
  };
}

function noAddress(host: string, { chain }: Addresses & { readonly kind: 'addresses' }): PreflightFault {
  const end = chain.at(-1);
  const what = end === undefined ? 'it has no address' : `it leads to ${end}, which has no address`;
  return {
    code: 'HOST_ELSEWHERE',
    message: `no certificate for ${host}: ${what}`,
    hint: 'publish the CNAME of the policy host that `stsync show` prints',
  };
}

function unreadable(host: string, reason: string): PreflightFault {
  return {
    code: 'DNS_ADDRESSES',
    message: `no certificate for ${host}: its addresses cannot be read: ${reason}`,
    hint: 'look at the name servers of its zone',
  };
}
