/** Floor 2. Which zone holds a name, and where its authoritative servers are (RFC 1034 §4.2), from `world.authorities` or a resolver. */
import { isWithin, parentOf } from '../../core/names.ts';
import type { AskResolver } from './ask-resolver.ts';
import type { Message } from './decode-message.ts';
import { parseEndpoint, parseEndpoints, type Endpoint } from './endpoint.ts';
import type { DnsFailure } from './exchange.ts';
import { walk, type Reply } from './read-reply.ts';
import { findSet, type LookupSet } from './record-sets.ts';
import { shareByKey } from './shared.ts';

/** One address of one server. `server`: its name; of `world.authorities`, which has no names, the address. `endpoint` null: it has none. */
export interface ZoneServer {
  readonly server: string;
  readonly endpoint: Endpoint | null;
}

export interface Zone {
  readonly kind: 'zone';
  readonly apex: string;
  readonly servers: readonly ZoneServer[];
}

/** The zone that holds a name; null: no zone below the root does; `failed`: it could not be told. Each zone is looked for once. */
export type FindZone = (name: string) => Promise<Zone | DnsFailure | null>;

export interface FindZoneOptions {
  readonly authorities: ReadonlyMap<string, readonly string[]>;
  readonly askResolver: AskResolver;
  /** Where authoritative servers listen: 53, except in tests. */
  readonly port: number;
}

/** A zone, or the next name to ask about (null: none is left). */
type Step = Zone | DnsFailure | { readonly kind: 'up'; readonly to: string | null };

/** The zones of big hosts have 13 servers with 26 addresses. More than this is somebody's trap. */
const MAX_SERVERS = 64;

export function zoneFinder({ authorities, askResolver, port }: FindZoneOptions): FindZone {
  const stated = new Map([...authorities].map(([apex, addresses]) => [apex, statedZone(apex, addresses)]));
  const stepAt = shareByKey(askNs);
  const endpointsAt = shareByKey(askAddresses);

  async function askNs(name: string): Promise<Step> {
    const { reply } = await askResolver(name, 'NS');
    if (reply.kind === 'failed') return reply;
    const set = findSet(reply.message.answers, name, 'NS');
    return set === null ? { kind: 'up', to: parentToAsk(reply, name) } : readZone(set, reply.message);
  }

  async function readZone(set: LookupSet, message: Message): Promise<Zone> {
    const servers = await Promise.all(
      set.rdata.slice(0, MAX_SERVERS).map(async (target): Promise<readonly ZoneServer[]> => {
        const server = target.replace(/\.$/, '');
        const found = await endpointsAt(server);
        const endpoints = found.length > 0 ? found : glueOf(message, server, port);
        return endpoints.length === 0
          ? [{ server, endpoint: null }]
          : endpoints.map((endpoint) => ({ server, endpoint }));
      }),
    );
    return { kind: 'zone', apex: set.name, servers: servers.flat().slice(0, MAX_SERVERS) };
  }

  async function askAddresses(host: string): Promise<readonly Endpoint[]> {
    const found = await Promise.all(
      (['A', 'AAAA'] as const).map(async (type) => {
        const { reply } = await askResolver(host, type);
        if (reply.kind === 'failed') return [];
        const end = await walk(reply.message, host, type, async () => true);
        return end.kind === 'end' ? endpointsOf(end.set, port) : [];
      }),
    );
    return found.flat();
  }

  return async (name) => {
    for (let at: string | null = name; at !== null; at = parentOf(at)) {
      const zone = stated.get(at);
      if (zone !== undefined) return zone;
    }
    for (let at: string | null = name; at !== null;) {
      const step: Step = await stepAt(at);
      if (step.kind !== 'up') return step;
      at = step.to;
    }
    return null;
  };
}

/** RFC 2308 §3: the SOA beside an empty answer names the apex, which saves the steps between. Not beside a CNAME: it may be the target's. */
function parentToAsk({ message }: Reply, name: string): string | null {
  const soa = message.authorities.find(({ type }) => type === 'SOA');
  const isOwn = soa !== undefined && message.answers.length === 0 && soa.name !== name && isWithin(name, soa.name);
  return isOwn ? soa.name : parentOf(name);
}

function glueOf({ additionals }: Message, server: string, port: number): readonly Endpoint[] {
  return (['A', 'AAAA'] as const).flatMap((type) => endpointsOf(findSet(additionals, server, type), port));
}

function endpointsOf(set: LookupSet | null, port: number): readonly Endpoint[] {
  return parseEndpoints(set?.rdata ?? [], port);
}

function statedZone(apex: string, addresses: readonly string[]): Zone {
  const servers = addresses.map((address) => ({ server: address, endpoint: parseEndpoint(address) }));
  return { kind: 'zone', apex, servers };
}
