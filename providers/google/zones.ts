/**
 * The zone that holds a name. The API finds zones by their exact DNS name, or lists all. So the first page of the list is read; where that is
 * not all, some names are looked up by walking their labels, and when many are wanted the rest of the list is read.
 */
import { parentOf } from '../../src/core/names.ts';
import { StsyncError } from '../../src/core/error.ts';
import type { ManagedZone } from './answer.ts';
import { NotAsDescribed } from '../json-answer.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { Client } from './client.ts';

/** So many questions for single names; then the list is cheaper. */
const MAX_WALKED = 10;
/** A daemon sees a zone that was added or taken away after this long. */
const KEPT_MS = 600_000;

export interface Zones {
  /** The public zone with the longest name. Throws `ZONE_NOT_FOUND`, and `PROVIDER_REFUSED` where two public zones have that name. */
  find(name: string, signal: AbortSignal): Promise<ManagedZone>;
  /** Looks again from now on: a zone that was known is not there any more. */
  forget(): void;
}

/** What is known of the zones. */
interface Known {
  readonly atMs: number;
  /** What the list showed so far. */
  readonly listed: ManagedZone[];
  /** What single questions showed, by DNS name. */
  readonly walked: Map<string, readonly ManagedZone[]>;
  /** Single questions that were begun. */
  questions: number;
  /** Of the page that comes next; null: there is none; undefined: none was read yet. */
  next: string | null | undefined;
  /** What is on its way, so that it is asked once however many wait for it. */
  readonly running: Map<string, Promise<void>>;
}

export function openZones(client: Client, project: string, nowMs: () => number): Zones {
  let known = nothing(nowMs());

  async function readPage(into: Known, signal: AbortSignal): Promise<void> {
    const { items, nextPageToken } = await client.zones(into.next == null ? {} : { pageToken: into.next }, signal);
    if (nextPageToken !== null && nextPageToken === into.next)
      throw client.unreadable(new NotAsDescribed('the same page of zones twice'));
    into.listed.push(...items);
    into.next = nextPageToken;
  }

  async function readRest(into: Known, signal: AbortSignal): Promise<void> {
    while (into.next !== null) await readPage(into, signal);
  }

  async function look(dnsName: string, signal: AbortSignal): Promise<readonly ManagedZone[]> {
    const at = known;
    if (at.next === undefined) await once(at, 'list', signal, (calm) => readPage(at, calm));
    if (at.next !== null && !at.walked.has(dnsName)) {
      if (at.questions >= MAX_WALKED) await once(at, 'list', signal, (calm) => readRest(at, calm));
      else {
        at.questions += 1;
        await once(at, `zone ${dnsName}`, signal, async (calm) => {
          at.walked.set(dnsName, (await client.zones({ dnsName: `${dnsName}.` }, calm)).items);
        });
      }
    }
    return at.next === null
      ? at.listed.filter((zone) => zone.dnsName === dnsName)
      : (at.walked.get(dnsName) ?? []).filter((zone) => zone.dnsName === dnsName);
  }

  return {
    async find(name, signal) {
      signal.throwIfAborted();
      if (nowMs() - known.atMs > KEPT_MS) known = nothing(nowMs());
      const passedOver: ManagedZone[] = [];
      for (let at: string | null = name; at !== null; at = parentOf(at)) {
        const zones = await look(at, signal);
        const [zone, second] = zones.filter(({ isPublic }) => isPublic);
        if (zone !== undefined && second !== undefined) throw ambiguous(at, [zone, second], project);
        if (zone !== undefined) return zone;
        passedOver.push(...zones);
      }
      throw notFound(name, passedOver, project);
    },
    forget: () => void (known = nothing(nowMs())),
  };
}

function once(
  { running }: Known,
  key: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // Others may wait for the same answer: it does not end with the one who asked first. Each call has a time limit of its own.
  const promise = running.get(key) ?? work(new AbortController().signal).finally(() => running.delete(key));
  running.set(key, promise);
  return unlessAborted(promise, signal);
}

function nothing(atMs: number): Known {
  return { atMs, listed: [], walked: new Map(), questions: 0, next: undefined, running: new Map() };
}

function ambiguous(name: string, zones: readonly ManagedZone[], project: string): StsyncError {
  const names = zones.map(({ resource }) => resource).join(' and ');
  return new StsyncError('PROVIDER_REFUSED', `project ${project} has two public zones for ${name}: ${names}`, {
    hint: 'only one of both is delegated; delete the other, or move it to a project of its own',
    where: name,
  });
}

function notFound(name: string, passedOver: readonly ManagedZone[], project: string): StsyncError {
  const [other] = passedOver;
  const what =
    other === undefined
      ? `project ${project} has no zone that holds ${name}`
      : `project ${project} has no public zone that holds ${name}: ${other.resource} is private or forwards elsewhere`;
  return new StsyncError('ZONE_NOT_FOUND', what, {
    hint: 'correct `project`, create the zone there, or choose another provider for the domain',
    where: name,
  });
}
