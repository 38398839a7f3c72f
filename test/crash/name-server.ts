/** The place that a run is killed in, over dynamic updates: two domains at a real name server, policies and a state in a folder; and what stands there, seen from outside. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStoreReadOnly } from '../../src/effects/store-sqlite.ts';
import { findProgram } from '../servers/programs.ts';
import { type Flavour, nsupdate, transfer, type Updatable } from '../servers/updatable.ts';
import { writeKeyFile } from '../servers/name-server.ts';
import { copyFolder, type Domain, domains } from './world.ts';

/** What belongs to others; the last stands at a name of ours (rule 7). */
const NEIGHBOURS = [
  '@ MX 10 mx1.example.net.',
  '@ TXT "v=spf1 -all"',
  'www A 192.0.2.1',
  '_dmarc TXT "v=DMARC1; p=none"',
  '_mta-sts TXT "of somebody else"',
];

/** Ends its server. */
export interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly server: Updatable;
}

/** What one domain shows to the world. */
export interface Seen {
  readonly body: string | null;
  /** Every `v=STSv1` string: senders want one (RFC 8461 §3.1). */
  readonly idTexts: readonly string[];
  readonly id: string | null;
  /** Every record without the SOA and the digits of time in the id, sorted. */
  readonly records: readonly string[];
  /** Those of {@link records} that belong to others. */
  readonly others: readonly string[];
  readonly serial: number;
}

/** An empty state, and zones in which only the neighbours stand. */
export async function newPlace(folder: string, flavour: Flavour): Promise<Place> {
  mkdirSync(join(folder, 'www'), { recursive: true });
  const server = await flavour.start(domains, NEIGHBOURS);
  return { folder, server, [Symbol.asyncDispose]: () => server.stop() };
}

/** The same files but for the config, and a server of its own with the same records. `rest`: the lines of a domain in the YAML. */
export async function copyPlace(from: Place, folder: string, flavour: Flavour, rest: string): Promise<Place> {
  copyFolder(from.folder, folder);
  const server = await flavour.start(domains, NEIGHBOURS);
  for (const domain of domains) {
    const ours = (await linesOf(from.server, domain)).filter((line) => isOurName(line, domain));
    if (ours.length > 0)
      await nsupdate(
        server,
        domain,
        ours.map((line) => `add ${line}`),
      );
  }
  const place = { folder, server, [Symbol.asyncDispose]: () => server.stop() };
  writeConfig(place, rest);
  return place;
}

/** One domain after the other, so that the N-th act is the same in every run. */
export function writeConfig({ folder, server }: Place, rest: string): void {
  writeKeyFile(folder, server.admin);
  writeFileSync(
    join(folder, 'domains.yaml'),
    `version: 1
providers:
  main: { type: rfc2136, server: "${server.address}", keyFile: ./admin.key }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
world: { concurrency: 1 }
defaults: { observe: provider, tlsReports: ["mailto:tls@example.net"] }
domains:
${domains.map((domain) => `  ${domain}: { ${rest} }\n`).join('')}`,
  );
}

export async function lookAtAll(place: Place): Promise<ReadonlyMap<Domain, Seen>> {
  return new Map(await Promise.all(domains.map(async (domain) => [domain, await lookAt(place, domain)] as const)));
}

async function lookAt({ folder, server }: Place, domain: Domain): Promise<Seen> {
  const lines = await linesOf(server, domain);
  const policy = join(folder, 'www', `mta-sts.${domain}`, '.well-known', 'mta-sts.txt');
  const idTexts = lines.filter((line) => line.startsWith(`_mta-sts.${domain}. `) && line.includes('v=STSv1'));
  const records = lines.filter((line) => !line.includes(' SOA ')).map((line) => line.replace(/id=\d{14}/, 'id=TIME'));
  return {
    body: existsSync(policy) ? readFileSync(policy, 'utf8') : null,
    idTexts,
    id: /id=(\w+)/.exec(idTexts.join())?.[1] ?? null,
    records,
    others: records.filter((line) => !/ CNAME |v=STSv1|v=TLSRPTv1/.test(line)),
    serial: Number(lines.flatMap((line) => / SOA \S+ \S+ (\d+)/.exec(line)?.[1] ?? [])[0]),
  };
}

/**
 * Every id that ever stood in the zone after `serial`, also for a moment: the history of the server itself (RFC 1995). Empty where nothing
 * was changed since.
 */
export async function idsSince({ server }: Place, domain: Domain, serial: number): Promise<readonly string[]> {
  const args = ['@127.0.0.1', '-p', `${server.port}`, '+tcp', '+noall', '+answer', domain, `ixfr=${serial}`];
  const { stdout } = await promisify(execFile)(findProgram('dig') ?? 'dig', args, { timeout: 20_000 });
  const soas = stdout.split('\n').filter((line) => /\sSOA\s/.test(line));
  // One SOA says "you have it all"; a whole zone has two, and would hide what was there in between.
  if (soas.length === 2) throw new Error(`no incremental transfer of ${domain} since ${serial}:\n${stdout}`);
  return [...new Set([...stdout.matchAll(/id=(\w+)/g)].flatMap(([, id]) => id ?? []))];
}

/** What the state knows: ids announced, oldest first, and steps whose end nobody wrote down. */
export function stateOf(
  { folder }: Place,
  domain: Domain,
): { readonly history: readonly string[]; readonly unfinished: number } {
  const store = openStoreReadOnly(join(folder, 'stsync.db'));
  if (store === null) throw new Error('there is no state');
  try {
    const announced = store.memory(domain).history.filter((entry) => entry.rotatedAt !== null);
    const unfinished = store.journal({ isUnfinished: true }).filter((entry) => entry.domain === domain);
    return { history: announced.map((entry) => entry.id), unfinished: unfinished.length };
  } finally {
    store.close();
  }
}

/** The zone as `dig` prints it, one blank between the fields. */
async function linesOf(server: Updatable, domain: Domain): Promise<readonly string[]> {
  return [...new Set((await transfer(server, domain)).split('\n').map((line) => line.replaceAll(/\s+/g, ' ')))];
}

function isOurName(line: string, domain: Domain): boolean {
  return ['_mta-sts', 'mta-sts', '_smtp._tls'].some((label) => line.startsWith(`${label}.${domain}. `));
}
