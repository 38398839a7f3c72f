/**
 * Floor 2. DNS as stsync needs it: the truth of each authoritative server, side by side (RFC 1034, 1035, 2181, 2308). One resolver is one
 * run: what was asked once in it is not asked again, so who wants to see a change takes a {@link RunResolver.fresh} one.
 */
import { getServers } from 'node:dns';

import { isIpAddress, parseIpv6 } from '../../core/names.ts';
import type { WorldConfig } from '../../core/config/model.ts';
import { agreedSet } from './agree.ts';
import { resolverAsker } from './ask-resolver.ts';
import { openAsker } from './ask-server.ts';
import { zoneAsker } from './ask-zone.ts';
import { chaser } from './chase.ts';
import { parseEndpoints } from './endpoint.ts';
import { type FindZone, zoneFinder } from './find-zone.ts';
import type { Lookup, LookupType } from './lookup.ts';
import { targetOf } from './record-sets.ts';
import { orAborted, shareByKey } from './shared.ts';

export type { Lookup, LookupSet, LookupType, ServerOutcome } from './lookup.ts';

/** `chain`: the names that CNAMEs led through, in order, the last is where the addresses stand. No addresses: none exist. */
export type Addresses =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly chain: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface Resolver {
  /**
   * Asks every authoritative server of the zone that holds `name` (every address), follows CNAMEs across zones (bounded, loops detected)
   * and answers per server. Never throws for what DNS does; throws only the signal's reason. `name`: as in a RecordSet; case and a final
   * dot do not count.
   */
  lookup(name: string, type: LookupType, signal: AbortSignal): Promise<Lookup>;
  /**
   * Addresses of a host as a client would find them, IPv4 first, then IPv6, through CNAMEs, over all servers that answer. `failed` with a
   * DNS_ code when it could not be told: no address found and one family at least unanswered. An address is its own address.
   */
  addresses(host: string, signal: AbortSignal): Promise<Addresses>;
  /** Ends what is under way (as failed) and frees the sockets. */
  close(): Promise<void>;
}

export interface RunResolver extends Resolver {
  /**
   * One that has no answer yet. It knows the name servers of the zones that were found already; a zone whose servers could not be told is looked
   * for again. It needs not be closed, and ends with this one.
   */
  fresh(): Resolver;
}

export interface ResolverOptions {
  /** How long one try waits for an authoritative server; 2 s. A resolver gets twice that. */
  readonly timeoutMs?: number;
  /** Tries over UDP; 2. */
  readonly tries?: number;
  /** Where `world.resolvers` is empty; those of the system (/etc/resolv.conf). */
  readonly systemResolvers?: readonly string[];
  /** Where authoritative servers listen that NS records name; 53, except in tests. */
  readonly authorityPort?: number;
}

/** Opens no socket before the first lookup. Must be closed. */
export function openResolver(
  world: Pick<WorldConfig, 'resolvers' | 'authorities' | 'concurrency'>,
  options: ResolverOptions = {},
): RunResolver {
  const { timeoutMs = 2000, tries = 2, authorityPort = 53, systemResolvers = getServers() } = options;
  const asker = openAsker({ concurrency: world.concurrency, timeoutMs, tries });
  const resolvers = parseEndpoints(world.resolvers.length > 0 ? world.resolvers : systemResolvers);
  const askResolver = resolverAsker(asker, resolvers);
  const newFinder = (): FindZone => zoneFinder({ authorities: world.authorities, askResolver, port: authorityPort });
  const findZone = newFinder();
  const answering = (find: FindZone): Resolver => {
    const lookup = lookupOnce(chaser(zoneAsker(asker, find, askResolver), find));
    return {
      lookup: (name, type, signal) => orAborted(lookup(name, type), signal),
      addresses: (host, signal) =>
        isIpAddress(host)
          ? Promise.resolve({ kind: 'addresses', addresses: [parseIpv6(host) ?? host], chain: [] })
          : orAborted(Promise.all([lookup(host, 'A'), lookup(host, 'AAAA')]).then(bothFamilies), signal),
      close: async () => undefined,
    };
  };
  return {
    ...answering(findZone),
    fresh: () => {
      const findAgain = newFinder();
      return answering(async (name) => {
        const found = await findZone(name);
        return found?.kind === 'zone' ? found : findAgain(name);
      });
    },
    close: async () => asker.close(),
  };
}

type Chase = (name: string, type: LookupType) => Promise<Lookup>;

/** Each question once. One map a type: a name may hold any character. */
function lookupOnce(chase: Chase): Chase {
  const byType = new Map<LookupType, (name: string) => Promise<Lookup>>();
  return (name, type) => {
    const shared = byType.get(type) ?? shareByKey((key) => chase(key, type));
    byType.set(type, shared);
    return shared(canonical(name));
  };
}

/** The union over all servers: a client may ask any of them. */
function bothFamilies(lookups: readonly Lookup[]): Addresses {
  const outcomes = lookups.map(({ servers }) => servers.map(({ outcome }) => outcome));
  const answers = outcomes.flat().filter((outcome) => outcome.kind === 'answer');
  const addresses = [...new Set(answers.flatMap(({ set }) => set?.rdata ?? []))];
  const unanswered = lookups.map(agreedSet).find(({ kind }) => kind === 'failed');
  if (addresses.length === 0 && unanswered?.kind === 'failed') return unanswered;
  const longest = answers.map(({ chain }) => chain).reduce((a, b) => (b.length > a.length ? b : a), []);
  return { kind: 'addresses', addresses, chain: longest.flatMap((set) => targetOf(set) ?? []) };
}

function canonical(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}
