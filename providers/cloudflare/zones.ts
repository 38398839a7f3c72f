/**
 * The zone that holds a name. Cloudflare cannot be asked for it: only for a zone by its exact name, or for all. So a few names are looked up
 * by walking their labels, and when that has cost as many calls as the list of all zones has pages, the list is read: one domain among
 * thousands costs three calls, two hundred domains cost seven, and never is it more than about twice the best.
 */
import { StsyncError } from '../../src/core/error.ts';
import { parentOf } from '../../src/core/names.ts';
import { NotAsDescribed } from '../json-answer.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { readZones, type ApiZone, type Envelope } from './answer.ts';
import type { Client } from './client.ts';

/** The most that the API gives. */
const PER_PAGE = 50;
/** A daemon sees a zone that was added or taken away after this long. */
const KEPT_MS = 600_000;

export interface Zones {
  /**
   * The zone with the longest name. Throws `ZONE_NOT_FOUND`, which says what the token sees, and `PROVIDER_REFUSED` for a zone that Cloudflare
   * does not serve or does not let be changed.
   */
  find(name: string, signal: AbortSignal): Promise<ApiZone>;
  /** Looks again from now on: a zone that was known is not there any more. */
  forget(): void;
}

/** What is known of the zones. */
interface Known {
  readonly atMs: number;
  readonly listed: Map<string, ApiZone>;
  /** How many pages the list has; 0: not asked yet. */
  pages: number;
  pagesRead: number;
  /** Asked by name; null: no such zone. */
  readonly asked: Map<string, ApiZone | null>;
  /** Questions by name so far. */
  walked: number;
  /** What is on its way, so that it is asked once however many wait for it. */
  readonly running: Map<string, Promise<void>>;
}

export function openZones(client: Client, nowMs: () => number): Zones {
  let known = nothing(nowMs());

  return {
    async find(name, signal) {
      signal.throwIfAborted();
      if (nowMs() - known.atMs > KEPT_MS) known = nothing(nowMs());
      const at = known;
      for (let candidate: string | null = name; candidate !== null; candidate = parentOf(candidate)) {
        if (!canBeZone(candidate)) continue;
        await look(client, at, candidate, signal);
        const zone = at.listed.get(candidate) ?? at.asked.get(candidate) ?? null;
        if (zone !== null) return usable(zone);
      }
      throw notFound(name, at);
    },
    forget: () => void (known = nothing(nowMs())),
  };
}

/** Afterwards it is known whether there is a zone of this name. */
async function look(client: Client, known: Known, name: string, signal: AbortSignal): Promise<void> {
  if (known.pages === 0) await once(known, 'first page', signal, () => readPage(client, known, 1));
  if (known.listed.has(name) || known.asked.has(name) || known.pagesRead >= known.pages) return;
  if (known.walked < known.pages - 1) {
    known.walked += 1;
    await once(known, name, signal, () => ask(client, known, name));
  } else {
    await once(known, 'other pages', signal, async () => {
      for (let page = known.pagesRead + 1; page <= known.pages; page++) await readPage(client, known, page);
    });
  }
}

async function readPage(client: Client, known: Known, page: number): Promise<void> {
  // Others may wait for the same answer: it does not end with the one who asked first.
  const envelope = await client.zones(page, PER_PAGE, null, new AbortController().signal);
  const zones = zonesIn(client, envelope);
  if (zones.length > 0 && zones.every(({ name }) => known.listed.has(name)))
    throw client.unreadable(new NotAsDescribed('the same page of zones twice'));
  for (const zone of zones) known.listed.set(zone.name, zone);
  known.pages = Math.max(1, Math.ceil((envelope.total ?? zones.length) / PER_PAGE));
  known.pagesRead = page;
}

async function ask(client: Client, known: Known, name: string): Promise<void> {
  const zones = zonesIn(client, await client.zones(1, PER_PAGE, name, new AbortController().signal));
  known.asked.set(name, zones.find((zone) => zone.name === name) ?? null);
}

function zonesIn(client: Client, { result }: Envelope): readonly ApiZone[] {
  try {
    return readZones(result);
  } catch (error) {
    throw error instanceof NotAsDescribed ? client.unreadable(error) : error;
  }
}

/** Failures are not kept. Who aborts stops waiting at once. */
async function once(known: Known, key: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const promise = known.running.get(key) ?? work().finally(() => known.running.delete(key));
  known.running.set(key, promise);
  await unlessAborted(promise, signal);
}

/** Zones are host names of two labels or more; an underscore or a wildcard is in none, so those labels need no call. */
function canBeZone(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)+$/.test(name);
}

function usable(zone: ApiZone): ApiZone {
  if (zone.type === 'full') return zone;
  const why =
    zone.type === 'secondary'
      ? 'a secondary zone at Cloudflare: its records come from another server and cannot be changed there'
      : `a zone of type ${zone.type} at Cloudflare: another provider answers for it`;
  throw new StsyncError('PROVIDER_REFUSED', `${zone.name} is ${why}`, {
    hint: 'choose the provider that holds the zone, in `provider:` of the domain',
    where: zone.name,
  });
}

function notFound(name: string, { listed, pages, pagesRead }: Known): StsyncError {
  const names = [...listed.keys()];
  const sees =
    names.length === 0
      ? 'the API token sees no zone at all'
      : pagesRead < pages || names.length > 5
        ? `no zone that the API token sees holds ${name}`
        : `the API token sees only ${names.join(', ')}`;
  const message = sees.startsWith('no zone') ? sees : `no zone for ${name}: ${sees}`;
  return new StsyncError('ZONE_NOT_FOUND', message, {
    hint: 'give the token Zone:Zone:Read and Zone:DNS:Edit for the zone, add the zone at Cloudflare, or choose another provider for the domain',
    where: name,
  });
}

function nothing(atMs: number): Known {
  return {
    atMs,
    listed: new Map(),
    pages: 0,
    pagesRead: 0,
    asked: new Map(),
    walked: 0,
    running: new Map(),
  };
}
