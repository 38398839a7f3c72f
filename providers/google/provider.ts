/** The provider `google`: Google Cloud DNS v1. A change names what it replaces byte for byte: compare-and-swap by the service itself. */
import { setTimeout as sleep } from 'node:timers/promises';

import { isWithin } from '../../src/core/names.ts';
import { recordKey } from '../../src/core/record-set.ts';
import type { OpenProvider, Provider, ProviderContext } from '../../src/provider.ts';
import { NotAsDescribed } from '../json-answer.ts';
import { readOrForget } from '../read-or-forget.ts';
import type { ListedSet, ManagedZone, Page } from './answer.ts';
import { API_ENDPOINT, openClient, type Client } from './client.ts';
import { readIdentity, type Identity } from './credentials.ts';
import { planChange, type Standing } from './plan-change.ts';
import { setOf } from './rdata.ts';
import { openZones, type Zones } from './zones.ts';

/** For each call. */
const TIMEOUT_MS = 15_000;
/** A change is waited for so long; then name servers are left to show it. */
const PATIENCE_MS = 30_000;
const FIRST_LOOK_MS = 100;
const MAX_LOOK_MS = 2_000;

/** Options: see descriptor.ts. Reads credentials and asks nothing yet. Throws `PROVIDER_CREDENTIALS`. */
export const open: OpenProvider = async (options, context) => {
  const identity = await readIdentity(options, context.files);
  const { project, apiEndpoint } = options;
  const endpoint = typeof apiEndpoint === 'string' ? apiEndpoint : API_ENDPOINT;
  return openProject(endpoint, typeof project === 'string' ? project : '', identity, context);
};

/** The provider on one project. `timeoutMs`: for tests. */
export function openProject(
  endpoint: string,
  project: string,
  identity: Identity,
  { now, requestBudget }: Pick<ProviderContext, 'now' | 'requestBudget'>,
  timeoutMs = TIMEOUT_MS,
): Provider {
  const client = openClient(endpoint, project, identity, requestBudget(identity.credential), timeoutMs);
  const zones = openZones(client, project, () => now().getTime());

  /** All sets at these names, of any type, zone by zone. */
  async function standingAt(names: readonly string[], signal: AbortSignal): Promise<readonly ZoneStanding[]> {
    const found = await Promise.all([...new Set(names)].map((name) => setsAt(client, zones, name, signal)));
    return [...Map.groupBy(found, ({ zone }) => zone.resource).values()].flatMap((group) =>
      group.slice(0, 1).map(({ zone }) => ({
        zone,
        names: new Set(group.map(({ name }) => name)),
        standing: new Map(
          group.flatMap(({ name, sets }) => sets.map((one) => [`${name} ${one.set.type}`, one] as const)),
        ),
      })),
    );
  }

  return {
    capabilities: { isAtomic: true, hasCompareAndSwap: true, isReadLocal: false, canReadMx: true },

    async read(keys, signal) {
      signal.throwIfAborted();
      const found = await standingAt(
        keys.map(({ name }) => name),
        signal,
      );
      return readable(client, () =>
        keys.flatMap((key) =>
          found.flatMap(({ standing }) => standing.get(recordKey(key)) ?? []).map(({ set }) => setOf(key, set)),
        ),
      );
    },

    async exists(name, signal) {
      signal.throwIfAborted();
      const zone = await zones.find(name, signal);
      const sets = await readOrForget(zones, () =>
        allPages(client, (token) => client.sets(zone, { suffix: name }, token, signal)),
      );
      // The filter compares letters: `bar.example.` finds `foobar.example.` as well.
      return sets.some(({ set }) => isWithin(nameOf(set), name));
    },

    async apply(changes, signal) {
      signal.throwIfAborted();
      const found = await standingAt(
        changes.map(({ name }) => name),
        signal,
      );
      // All zones are judged before the first is written.
      const requests = readable(client, () =>
        found.map(({ zone, names, standing }) => ({
          zone,
          body: planChange(
            changes.filter(({ name }) => names.has(name)),
            standing,
          ),
        })),
      );
      for (const { zone, body } of requests) {
        if (body === null) continue;
        const change = await client.change(zone, body, signal);
        if (!change.isDone) await untilDone(client, zone, change.id, signal);
      }
    },

    adjust: (set) => set,
    close: () => Promise.resolve(),
  };
}

interface ZoneStanding {
  readonly zone: ManagedZone;
  readonly names: ReadonlySet<string>;
  readonly standing: Standing;
}

interface SetsAtName {
  readonly name: string;
  readonly zone: ManagedZone;
  readonly sets: readonly ListedSet[];
}

/** All sets at one name, of any type: one call tells everything that can be asked about it. */
async function setsAt(client: Client, zones: Zones, name: string, signal: AbortSignal): Promise<SetsAtName> {
  const zone = await zones.find(name, signal);
  const sets = await readOrForget(zones, () => allPages(client, (token) => client.sets(zone, { name }, token, signal)));
  return { name, zone, sets: sets.filter(({ set }) => nameOf(set) === name) };
}

async function allPages(
  client: Client,
  ask: (pageToken: string | null) => Promise<Page<ListedSet>>,
): Promise<readonly ListedSet[]> {
  const all: ListedSet[] = [];
  let token: string | null = null;
  do {
    const { items, nextPageToken }: Page<ListedSet> = await ask(token);
    if (nextPageToken !== null && nextPageToken === token)
      throw client.unreadable(new NotAsDescribed('the same page of record sets twice'));
    all.push(...items);
    token = nextPageToken;
  } while (token !== null);
  return all;
}

/** What is still pending after our patience is left to the name servers: the proof looks there anyway. */
async function untilDone(client: Client, zone: ManagedZone, id: string, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (let waitMs = FIRST_LOOK_MS; performance.now() + waitMs < endMs; waitMs = Math.min(MAX_LOOK_MS, waitMs * 2)) {
    await sleep(waitMs, undefined, { signal });
    const { isDone } = await client.changeStatus(zone, id, signal);
    if (isDone) return;
  }
}

function readable<T>(client: Client, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof NotAsDescribed ? client.unreadable(error) : error;
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name.replace(/\.$/, '').toLowerCase();
}
