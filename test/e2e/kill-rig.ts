/** A folder in which daemons are killed: two domains in zone files, `proof: file`, no network. Every id that a name server would ever have loaded is noted. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Daemon } from '../cli/daemon-rig.ts';
import { bodyHash } from '../../src/core/id.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { openStoreReadOnly } from '../../src/effects/store-sqlite.ts';
import { type Domain, domains, knownIds, lookAt, makeFolder, type Shown, straysIn } from '../crash/world.ts';
import { tempDirectory } from '../effects/temp-directory.ts';

/** A reload that takes its time makes a run long enough to be hit. */
const RELOAD = 'grep -o "id=[0-9a-f]*" "$STSYNC_FILE" >> "ids-$STSYNC_ZONE"; sleep 0.03';

export class KillRig {
  readonly folder = tempDirectory();
  /** No two configs have the same, so every body is wanted only once and has at most one id. */
  maxAgeSeconds = 86_400;

  constructor() {
    makeFolder(this.folder, 'mx: [mx1.example.net]');
    this.change();
  }

  /** The YAML from now on wants a policy that no one has wanted before. */
  change(): void {
    this.maxAgeSeconds++;
    writeFileSync(
      join(this.folder, 'domains.yaml'),
      `version: 1
providers:
  local: { type: zonefile, directory: ./zones, reload: '${RELOAD}' }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
world: { concurrency: 1 }
daemon: { listen: off }
defaults: { provider: local, observe: provider, maxAge: ${this.maxAgeSeconds}, tlsReports: ["mailto:tls@example.net"] }
domains:
${domains.map((domain) => `  ${domain}: { mx: [mx1.example.net] }\n`).join('')}`,
    );
  }

  start(): Daemon {
    return new Daemon(this.folder);
  }

  async look(): Promise<ReadonlyMap<Domain, Shown>> {
    return new Map(await Promise.all(domains.map(async (one) => [one, await lookAt(this.folder, one)] as const)));
  }

  /** All ids that were loaded so far, in order; one that comes back is there twice. */
  loadedIds(domain: Domain): readonly string[] {
    const file = join(this.folder, `ids-${domain}`);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => line.slice('id='.length)).filter((id, at, all) => id !== all[at - 1]);
  }

  /** Steps of the journal that nobody knows the end of. */
  unfinished(): readonly string[] {
    const store = openStoreReadOnly(join(this.folder, 'stsync.db'));
    try {
      const entries = store?.journal({ isUnfinished: true }) ?? [];
      return entries.map(({ outcome, kind, name }) => `${outcome} ${kind} ${name}`);
    } finally {
      store?.close();
    }
  }
}

/** Right after a kill: nothing is half, and no id stands before its policy. */
export async function expectSafe(rig: KillRig, before: ReadonlyMap<Domain, Shown>): Promise<void> {
  for (const [domain, { body, id }] of await rig.look()) {
    if (body !== null) expect(parsePolicy(body).ok).toBe(true);
    if (id !== null && id !== before.get(domain)?.id) expect(id.slice(14)).toBe(bodyHash(body ?? ''));
  }
}

/** After a run that was let end: all is done, nothing is left over, and no body ever had two ids. */
export async function expectMended(rig: KillRig): Promise<void> {
  for (const [domain, { body, id, records }] of await rig.look()) {
    expect(body).toContain(`max_age: ${rig.maxAgeSeconds}\r\n`);
    expect(id?.slice(14)).toBe(bodyHash(body ?? ''));
    expect(records).toHaveLength(3);
    const loaded = rig.loadedIds(domain);
    expect(loaded.at(-1)).toBe(id);
    // In the order of their first publication; one that came back, or a second one for its body, is left over.
    const ofBodies = new Map(loaded.toReversed().map((one) => [one.slice(14), one]));
    expect(loaded).toEqual([...ofBodies.values()].toReversed());
    const published = new Set([...loaded, ...knownIds(rig.folder, domain).journal]);
    expect([...published].toSorted()).toEqual(loaded.toSorted());
  }
  expect(rig.unfinished()).toEqual([]);
  expect(straysIn(rig.folder)).toEqual([]);
}
