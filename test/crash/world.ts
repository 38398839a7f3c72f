/** The folder that a run is killed in: two domains in zone files, a directory of policies, a state. What stands there, read from outside. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from '../../providers/zonefile/provider.ts';
import { rdataTexts, type RecordSet } from '../../src/core/record-set.ts';
import { openStoreReadOnly } from '../../src/effects/store-sqlite.ts';
import { testContext } from '../providers/context.ts';

export const domains = ['one.example', 'two.example'] as const;
export type Domain = (typeof domains)[number];

/** What one domain shows to the world. */
export interface Shown {
  readonly body: string | null;
  readonly id: string | null;
  /** Every record of ours, without the digits of time in the id. */
  readonly records: readonly string[];
  readonly serial: number;
  /** The zone file without serial and time of the id. */
  readonly zone: string;
}

/** A zone for each domain, and no state. `rest`: the lines of a domain in the YAML. */
export function makeFolder(folder: string, rest: string): void {
  mkdirSync(join(folder, 'zones'));
  mkdirSync(join(folder, 'www'));
  for (const domain of domains) {
    writeFileSync(
      join(folder, 'zones', `${domain}.zone`),
      `; kept by hand\n$TTL 1h\n@ IN SOA ns1 hostmaster ( 2026010101 4h 1h 2w 5m )\n  IN NS ns1\n  IN MX 10 mx1.example.net. ; the only one\nns1 IN A 192.0.2.1\n`,
    );
  }
  writeConfig(folder, rest);
}

/** One domain after the other, so that the N-th write is the same in every run. `reload` notes what a name server would have loaded. */
export function writeConfig(folder: string, rest: string): void {
  writeFileSync(
    join(folder, 'domains.yaml'),
    `version: 1
providers:
  local: { type: zonefile, directory: ./zones, reload: 'cp "$STSYNC_FILE" "loaded-$STSYNC_ZONE"' }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
world: { concurrency: 1 }
defaults: { provider: local, observe: provider, tlsReports: ["mailto:tls@example.net"] }
domains:
${domains.map((domain) => `  ${domain}: { ${rest} }\n`).join('')}`,
  );
}

export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

/** Throws where a zone file cannot be parsed. */
export async function lookAt(folder: string, domain: Domain): Promise<Shown> {
  const provider = await open({ directory: join(folder, 'zones') }, { ...testContext(), now: () => new Date() });
  const sets = await provider.read(
    [
      { name: `_mta-sts.${domain}`, type: 'TXT' },
      { name: `mta-sts.${domain}`, type: 'CNAME' },
      { name: `_smtp._tls.${domain}`, type: 'TXT' },
    ],
    new AbortController().signal,
  );
  const zone = zoneText(folder, domain);
  const policy = join(folder, 'www', `mta-sts.${domain}`, '.well-known', 'mta-sts.txt');
  return {
    body: existsSync(policy) ? readFileSync(policy, 'utf8') : null,
    id: /id=(\w+)/.exec(zone)?.[1] ?? null,
    records: sets.map((set: RecordSet) =>
      timeless(`${set.name} ${set.ttlSeconds} ${set.type} ${rdataTexts(set)?.join(' ')}`),
    ),
    serial: Number(/\( (\d+) /.exec(zone)?.[1]),
    zone: timeless(zone),
  };
}

/** Files of ours that nobody needs, in the zones and the policies. */
export function straysIn(folder: string): readonly string[] {
  const names = ['zones', 'www'].flatMap((part) =>
    readdirSync(join(folder, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name),
  );
  return names.filter((name) => !name.endsWith('.zone') && name !== 'mta-sts.txt');
}

/** Does the name server have the zone file as it stands? True too where there was nothing to load. */
export function isLoaded(folder: string, domain: Domain): boolean {
  const loaded = join(folder, `loaded-${domain}`);
  return !existsSync(loaded)
    ? !zoneText(folder, domain).includes('mta-sts')
    : readFileSync(loaded, 'utf8') === zoneText(folder, domain);
}

/** The ids that the state knows as announced, oldest first; and those that the journal says were written. */
export function knownIds(
  folder: string,
  domain: Domain,
): { readonly history: readonly string[]; readonly journal: readonly string[] } {
  const store = openStoreReadOnly(join(folder, 'stsync.db'));
  if (store === null) return { history: [], journal: [] };
  try {
    const written = store
      .journal({ domain })
      .filter((entry) => entry.name === `_mta-sts.${domain}` && entry.outcome === 'done')
      .flatMap((entry) => entry.after?.flatMap((text) => /id=(\w+)/.exec(text)?.[1] ?? []) ?? []);
    return {
      history: store
        .memory(domain)
        .history.filter((entry) => entry.rotatedAt !== null)
        .map((entry) => entry.id),
      journal: [...new Set(written)],
    };
  } finally {
    store.close();
  }
}

function zoneText(folder: string, domain: Domain): string {
  return readFileSync(join(folder, 'zones', `${domain}.zone`), 'utf8');
}

function timeless(text: string): string {
  return text.replace(/id=\d{14}/, 'id=TIME').replace(/\( \d+ /, '( SERIAL ');
}
