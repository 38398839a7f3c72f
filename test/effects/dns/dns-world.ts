/** A small Internet on loopback for tests of the DNS client: scripted servers, and resolvers that end with the test. */
import { onTestFinished } from 'vitest';

import { parseHostName, type HostName } from '../../../src/core/names.ts';
import {
  openResolver,
  type Lookup,
  type ResolverOptions,
  type RunResolver,
} from '../../../src/effects/dns/resolver.ts';
import { startDnsServer, type DnsServer, type DnsServerOptions } from '../../support/dns-server.ts';

export const signal = new AbortController().signal;
/** Nothing listens there. */
export const NOBODY = '127.0.0.1:1';

export async function server(options: DnsServerOptions = {}): Promise<DnsServer> {
  const started = await startDnsServer(options);
  onTestFinished(() => started.stop());
  return started;
}

/** A server of `example.com`, with one TXT at `a.example.com`. */
export async function authority(options: DnsServerOptions = {}): Promise<DnsServer> {
  const started = await server(options);
  started.zones.addZone('example.com', ['ns1.example.com']);
  started.zones.setRecords('a.example.com', 'TXT', ['"one"']);
  return started;
}

/** Tries of 150 ms unless said, so that what never comes costs little. No system resolver is ever asked. */
export function resolverOf(
  world: {
    readonly resolvers?: readonly string[];
    readonly authorities?: Readonly<Record<string, readonly string[]>>;
    readonly concurrency?: number;
  },
  options: ResolverOptions = {},
): RunResolver {
  const authorities = new Map(
    Object.entries(world.authorities ?? {}).map(([apex, addresses]) => [host(apex), addresses]),
  );
  const { resolvers = [NOBODY], concurrency = 64 } = world;
  const resolver = openResolver(
    { resolvers, authorities, concurrency },
    { timeoutMs: 150, systemResolvers: [], ...options },
  );
  onTestFinished(() => resolver.close());
  return resolver;
}

/** Of each server in short: `one`, `NXDOMAIN`, `no data`, or the code of its failure. */
export function inShort({ servers }: Lookup): readonly string[] {
  return servers.map(({ outcome }) => {
    if (outcome.kind === 'failed') return outcome.code;
    return outcome.set?.rdata.join(' | ') ?? (outcome.rcode === 'NXDOMAIN' ? 'NXDOMAIN' : 'no data');
  });
}

function host(text: string): HostName {
  const parsed = parseHostName(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
}
