/** The provider `cloudflare`: reads and writes records through the API v4 with the official SDK. */
import { StsyncError } from '../../src/core/error.ts';
import { rdataText, recordKey, type RecordKey } from '../../src/core/record-set.ts';
import { Secret } from '../../src/core/secret.ts';
import type { OpenProvider, Provider, ProviderContext } from '../../src/provider.ts';
import { NotAsDescribed } from '../json-answer.ts';
import { readOrForget } from '../read-or-forget.ts';
import { readBatch, type ApiRecord, type ApiZone, type Envelope } from './answer.ts';
import { API_URL, openClient, type Client } from './client.ts';
import { nameExists, recordsAt, setsOf } from './look-up.ts';
import { planBatch, type Wanted, type ZoneBatch } from './plan-batch.ts';
import { AUTOMATIC_SECONDS, rdataOf } from './rdata.ts';
import { openZones, type Zones } from './zones.ts';

/** For each call, to the end of its answer. */
const TIMEOUT_MS = 15_000;
/** What every plan takes (2026). */
const MIN_TTL = 60;
const MAX_TTL = 86_400;

/** Options: `apiToken`, `baseUrl`, `proxied` (see descriptor.ts). Asks nothing yet. */
export const open: OpenProvider = (options, context) => Promise.resolve(openCloudflare(options, context));

/** `timeoutMs`: for tests. */
export function openCloudflare(
  { apiToken, baseUrl, proxied }: Parameters<OpenProvider>[0],
  { now, requestBudget }: Pick<ProviderContext, 'now' | 'requestBudget'>,
  timeoutMs = TIMEOUT_MS,
): Provider {
  if (!(apiToken instanceof Secret)) throw new StsyncError('PROVIDER_CREDENTIALS', 'cloudflare needs an `apiToken`');
  const isProxied = proxied === true;
  const api = { baseUrl: typeof baseUrl === 'string' ? baseUrl.replace(/\/+$/, '') : API_URL, token: apiToken };
  const client = openClient(api, requestBudget(apiToken), timeoutMs);
  const zones = openZones(client, () => now().getTime());

  return {
    capabilities: { isAtomic: true, hasCompareAndSwap: false, isReadLocal: false, canReadMx: true },

    async read(keys, signal) {
      signal.throwIfAborted();
      const found = await Promise.all(
        (await byZone(zones, keys, signal)).map(async ({ zone, own }) =>
          readOrForget(zones, async () => setsOf(client, own, await recordsOf(client, zone, own, signal))),
        ),
      );
      return keys.flatMap((key) => found.flatMap((sets) => sets.get(recordKey(key)) ?? []).slice(0, 1));
    },

    async exists(name, signal) {
      signal.throwIfAborted();
      const zone = await zones.find(name, signal);
      return readOrForget(zones, () => nameExists(client, zone, name, signal));
    },

    async apply(changes, signal) {
      signal.throwIfAborted();
      // All zones are judged before the first is written.
      const batches: { readonly zone: ApiZone; readonly batch: ZoneBatch }[] = [];
      for (const { zone, own } of await byZone(zones, changes, signal)) {
        const records = await readOrForget(zones, () => recordsOf(client, zone, own, signal));
        const batch = planBatch(zone, own, { records, sets: setsOf(client, own, records) }, isProxied);
        if (batch !== null) batches.push({ zone, batch });
      }
      for (const { zone, batch } of batches) await write(client, zone, batch, signal);
    },

    adjust(set) {
      const isAutomatic = isProxied && set.type !== 'TXT' && set.type !== 'MX';
      const ttlSeconds = isAutomatic ? AUTOMATIC_SECONDS : Math.min(MAX_TTL, Math.max(MIN_TTL, set.ttlSeconds));
      return { ...set, ttlSeconds };
    },

    close: () => Promise.resolve(),
  };
}

function recordsOf(
  client: Client,
  zone: ApiZone,
  keys: readonly RecordKey[],
  signal: AbortSignal,
): Promise<readonly ApiRecord[]> {
  const names = keys.map(({ name }) => name);
  return recordsAt(client, zone, names, signal);
}

/** Keys of one zone together, whichever answer showed the zone. */
async function byZone<T extends RecordKey>(
  zones: Zones,
  keys: readonly T[],
  signal: AbortSignal,
): Promise<readonly { readonly zone: ApiZone; readonly own: readonly T[] }[]> {
  const grouped = new Map<string, { readonly zone: ApiZone; readonly own: T[] }>();
  for (const key of keys) {
    const zone = await zones.find(key.name, signal);
    const group = grouped.get(zone.id) ?? { zone, own: [] };
    group.own.push(key);
    grouped.set(zone.id, group);
  }
  return [...grouped.values()];
}

async function write(client: Client, zone: ApiZone, batch: ZoneBatch, signal: AbortSignal): Promise<void> {
  const { deletes, patches, posts } = batch;
  const envelope = await client.batch(
    zone,
    {
      ...(deletes.length === 0 ? {} : { deletes: [...deletes] }),
      ...(patches.length === 0 ? {} : { patches: [...patches] }),
      ...(posts.length === 0 ? {} : { posts: [...posts] }),
    },
    signal,
  );
  requireWritten(client, zone, batch, envelope);
}

/** The answer shows each record as it stands now: it has to be what was sent. */
function requireWritten(client: Client, zone: ApiZone, { patches, posts }: ZoneBatch, { result }: Envelope): void {
  try {
    const shown = readBatch(result);
    const isAll = agrees(patches, shown.patches) && agrees(posts, shown.posts);
    if (!isAll) throw new NotAsDescribed(`other records of ${zone.name} than it was sent`);
  } catch (error) {
    throw error instanceof NotAsDescribed ? client.unreadable(error) : error;
  }
}

function agrees(sent: readonly Wanted[], shown: readonly ApiRecord[]): boolean {
  return sent.length === shown.length && sent.every((one, at) => isShown(one, shown[at]));
}

function isShown({ name, type, content }: Wanted, shown: ApiRecord | undefined): boolean {
  if (shown === undefined || shown.name !== name || shown.type !== type) return false;
  const text = (record: Pick<ApiRecord, 'content' | 'priority'>): string => rdataText(type, rdataOf(type, record));
  return text(shown) === text({ content, priority: null });
}
