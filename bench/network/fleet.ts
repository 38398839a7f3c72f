/**
 * A fleet that is in sync: `d0.bench.test`, `d1.bench.test` and so on, all in one zone of a real name server, with the shared MX host
 * `mx1.bench.test` and the shared policy host `policies.bench.test`; and the config of it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { policyId } from '../../src/core/id.ts';
import { formatPolicy } from '../../src/core/policy.ts';

export const ZONE = 'bench.test';
const REPORTS = 'mailto:tls@example.net';
const MX = `mx1.${ZONE}`;

export const body = formatPolicy({ mode: 'enforce', maxAgeSeconds: 86_400, mx: [MX] });

export function domainAt(index: number): string {
  return `d${index}.${ZONE}`;
}

/** Records of a domain in sync, with names relative to the zone; `at`: its name there. */
export function recordsAt(at: string): readonly string[] {
  const below = at === '@' ? '' : `.${at}`;
  return [
    `${at} MX 10 ${MX}.`,
    `mta-sts${below} CNAME policies.${ZONE}.`,
    `_mta-sts${below} TXT "v=STSv1; id=${policyId(body, new Date('2026-11-01T00:00:00Z'))};"`,
    `_smtp._tls${below} TXT "v=TLSRPTv1; rua=${REPORTS}"`,
  ];
}

/** The zone of `count` domains. */
export function fleetZone(count: number): string {
  const head = [`$ORIGIN ${ZONE}.`, '$TTL 300', '@ SOA ns1 hostmaster 1 3600 600 604800 60', '@ NS ns1'];
  const hosts = ['ns1', 'mx1', 'policies'].map((host) => `${host} A 127.0.0.1`);
  const domains = Array.from({ length: count }, (_, index) => recordsAt(`d${index}`)).flat();
  return `${[...head, ...hosts, ...domains].join('\n')}\n`;
}

/** What a config needs to be known. */
export interface FleetConfig {
  readonly domains: readonly string[];
  readonly proof: 'https' | 'file';
  /** Lines of `world:` and other top-level keys. */
  readonly world: readonly string[];
  /** Of the one provider, which a fleet in sync never asks. */
  readonly provider: string;
}

/** Writes `domains.yaml` and the published policies into `folder`. */
export function writeFleet(folder: string, { domains, proof, world, provider }: FleetConfig): void {
  for (const domain of domains) {
    const wellKnown = join(folder, 'www', `mta-sts.${domain}`, '.well-known');
    mkdirSync(wellKnown, { recursive: true });
    writeFileSync(join(wellKnown, 'mta-sts.txt'), body);
  }
  writeFileSync(
    join(folder, 'domains.yaml'),
    `version: 1
providers:
  main: ${provider}
publisher: { type: directory, directory: ./www, hostname: policies.${ZONE}, proof: ${proof} }
world:
${world.map((line) => `  ${line}\n`).join('')}defaults: { mx: [${MX}], mode: enforce, tlsReports: ["${REPORTS}"] }
domains:
${domains.map((domain) => `  ${domain}: {}\n`).join('')}`,
  );
}
