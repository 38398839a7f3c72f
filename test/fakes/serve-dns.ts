/** A zone model over DNS, UDP and TCP: what a fake has published is what `world.authorities` reads, so that read-back and spreading are real. */
import type { RecordType } from 'dns-packet';

import { startDnsServer, type DnsServer, type DnsServerOptions } from '../support/dns-server.ts';
import { canonicalRdata, type ModelRecord, type ZoneModel } from './zone-model.ts';

const SERVED: readonly RecordType[] = ['TXT', 'CNAME', 'A', 'AAAA', 'MX', 'NS', 'CAA'];

/** Serves every zone of the model until it is stopped; zones may be added and changed while it runs. */
export async function serveDns(
  model: ZoneModel,
  options: Pick<DnsServerOptions, 'host' | 'port'> = {},
): Promise<DnsServer> {
  const server = await startDnsServer(options);
  /** `name type` of what is served of each zone. */
  const served = new Map<string, ReadonlySet<string>>();
  model.onPublished((zone, records) => {
    if (!served.has(zone.apex)) server.zones.addZone(zone.apex);
    const sets = Map.groupBy(records, keyOf);
    for (const key of served.get(zone.apex) ?? []) if (!sets.has(key)) server.zones.setRecords(...nameAndType(key), []);
    for (const [key, set] of sets) {
      const ttlSeconds = Math.min(...set.map((record) => servedTtl(record)));
      server.zones.setRecords(...nameAndType(key), set.map(canonicalRdata), ttlSeconds);
    }
    served.set(zone.apex, new Set(sets.keys()));
  });
  return server;
}

function keyOf({ name, type }: ModelRecord): string {
  return `${name} ${type}`;
}

function nameAndType(key: string): [string, RecordType] {
  const [name = '', type = ''] = key.split(' ');
  const known = SERVED.find((one) => one === type);
  if (known === undefined) throw new Error(`the scripted DNS server has no ${type}`);
  return [name, known];
}

/** A skin may say with `servedTtlSeconds` what its vendor makes of a special TTL. */
function servedTtl({ ttlSeconds, facts }: ModelRecord): number {
  const special = facts['servedTtlSeconds'];
  return typeof special === 'number' ? special : ttlSeconds;
}
