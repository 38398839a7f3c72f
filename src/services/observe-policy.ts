/** Floor 3. What senders can fetch at the policy host: at every address, from outside (rule 5). */
import type { DomainConfig } from '../core/config/model.ts';
import type { PolicyFact, Unreadable } from '../core/plan/observation.ts';
import { policyHostOf } from '../core/plan/record-names.ts';
import { formatPolicy, parsePolicy } from '../core/policy.ts';
import type { Resolver } from '../effects/dns/resolver.ts';
import type { AddressFetch } from '../effects/fetch-policy.ts';
import type { PolicyReader } from '../effects/publisher.ts';
import { StsyncError } from '../core/error.ts';
import type { Network } from './world.ts';

/** A body as a fact: what it says, or why it says nothing. */
export function policyFact(bytes: Uint8Array | null): Exclude<PolicyFact, Unreadable | { kind: 'unproved' }> {
  if (bytes === null) return { kind: 'absent' };
  const parsed = parsePolicy(bytes);
  const body = new TextDecoder().decode(bytes);
  const message = parsed.ok ? null : parsed.issues.map((issue) => issue.message).join('; ');
  return { kind: 'body', body, policy: parsed.ok ? parsed.value : null, message, leftOut: [] };
}

export async function readPublished(wanted: DomainConfig, reader: PolicyReader): Promise<PolicyFact> {
  return policyFact(await reader.read(policyHostOf(wanted.domain)));
}

/** Fetches at the addresses that the policy host has now; no address at all is "nothing there". */
export function fetchServed(
  wanted: DomainConfig,
  network: Network,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<PolicyFact> {
  const host = policyHostOf(wanted.domain);
  return fetchThrough(host, host, network, resolver, signal);
}

/** Before the host record moves: the new target itself, under the policy host's name. */
export function fetchAtTarget(
  wanted: DomainConfig,
  network: Network,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<PolicyFact> {
  const host = policyHostOf(wanted.domain);
  const { target } = wanted.publisher;
  return target.kind === 'addresses'
    ? fetchAt(host, target.addresses, network, signal)
    : fetchThrough(target.hostname, host, network, resolver, signal);
}

/** Where `name` leads to, asked for the policy of `host`. */
async function fetchThrough(
  name: string,
  host: string,
  network: Network,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<PolicyFact> {
  const found = await resolver.addresses(name, signal);
  return found.kind === 'failed'
    ? { kind: 'unproved', code: 'DNS_ADDRESSES', message: `${name}: ${found.message}`, hint: null, bodies: [] }
    : fetchAt(host, found.addresses, network, signal);
}

async function fetchAt(
  host: string,
  addresses: readonly string[],
  network: Network,
  signal: AbortSignal,
): Promise<PolicyFact> {
  return servedFact(host, await network.fetcher.fetch(host, addresses, signal));
}

/** The fetches of all addresses as one fact. */
export function servedFact(host: string, fetches: readonly AddressFetch[]): PolicyFact {
  const counted = withoutRoutelessFamily(fetches);
  const bodies = counted.flatMap(({ outcome }) => (outcome.kind === 'body' ? [outcome.bytes] : []));
  const texts = bodies.map((bytes) => new TextDecoder().decode(bytes));
  for (const { address, outcome } of counted) {
    if (outcome.kind === 'body') continue;
    const { code, message, hint } = outcome;
    return { kind: 'unproved', code, message: `${host} at ${address}: ${message}`, hint, bodies: texts };
  }
  const [first] = bodies;
  if (first === undefined) return { kind: 'absent' };
  if (new Set(texts.map(meaningOf)).size === 1) {
    const leftOut = fetches.filter((one) => !counted.includes(one)).map(({ address }) => address);
    const fact = policyFact(first);
    return fact.kind === 'body' ? { ...fact, leftOut } : fact;
  }
  const message = `${host}: its addresses serve different policies`;
  return {
    kind: 'unproved',
    code: 'ADDRESSES_DIFFER',
    message,
    hint: 'bring the same file to every address',
    bodies: texts,
  };
}

/**
 * An address family without a route from here is left out if another address is proved (rule 5): every address of that family has none. One
 * address alone without a route may be a host that is down.
 */
function withoutRoutelessFamily(fetches: readonly AddressFetch[]): readonly AddressFetch[] {
  const families = Map.groupBy(fetches, ({ address }) => (address.includes(':') ? 'IPv6' : 'IPv4'));
  const rest = [...families.values()].filter((family) => !family.every(hasNoRoute)).flat();
  return rest.some(({ outcome }) => outcome.kind === 'body') ? rest : fetches;
}

function hasNoRoute({ outcome }: AddressFetch): boolean {
  return outcome.kind === 'failed' && outcome.code === 'HTTPS_NO_ROUTE';
}

function meaningOf(body: string): string {
  const parsed = parsePolicy(body);
  return parsed.ok ? formatPolicy(parsed.value) : body;
}

/** Why a fact does not prove the policy, as an error. */
export function notProved(host: string, fact: PolicyFact): StsyncError {
  switch (fact.kind) {
    case 'unproved':
    case 'unreadable':
      return new StsyncError('NOT_PROVED', fact.message, fact.hint === null ? {} : { hint: fact.hint });
    case 'absent':
      return new StsyncError('NOT_PROVED', `${host}: no policy is there`, {
        hint: 'a resolver that still holds "no such name" forgets it within the negative TTL of the zone; run again',
      });
    case 'body': {
      const what = fact.message ?? 'another policy is there';
      return new StsyncError('NOT_PROVED', `${host}: ${what}`, {
        hint: 'find out who else writes the policy, then run again',
      });
    }
  }
}
