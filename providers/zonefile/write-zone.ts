/**
 * Writes changes into zone files: lock, look again, edit, check, rename, reload. Calls that come in for one zone while it is being written
 * wait together and become one write, with one serial and one reload; each keeps its own answer.
 */
import { StsyncError } from '../../src/core/error.ts';
import type { RecordChange } from '../../src/core/record-set.ts';
import type { ProviderContext } from '../../src/provider.ts';
import { requireWritable } from './authority.ts';
import type { ZoneCommands } from './commands.ts';
import { editZone } from './edit-zone.ts';
import { withZoneFaults } from './faults.ts';
import { addChanges, type PendingSets } from './pending-sets.ts';
import type { LoadedZone, ZoneCache } from './zone-cache.ts';
import type { ZonePlace } from './zone-directory.ts';

/** One call of `apply`, as far as it concerns one zone. */
interface Job {
  readonly changes: readonly RecordChange[];
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export type WriteZone = (place: ZonePlace, changes: readonly RecordChange[], signal: AbortSignal) => Promise<void>;

/** The one way in which this provider writes. All or none of `changes` happen; errors as `src/provider.ts` has them, and `ZONE_*`. */
export function openWriter(context: ProviderContext, cache: ZoneCache, commands: ZoneCommands): WriteZone {
  const { files } = context;
  /** By path; an entry is there while somebody writes the zone. */
  const waiting = new Map<string, Job[]>();

  async function writeAll(place: ZonePlace, queue: Job[]): Promise<void> {
    while (queue.length > 0) {
      const jobs: Job[] = [];
      try {
        await withZoneFaults('ZONE_UNWRITABLE', place.path, () =>
          files.withLock(place.path, () => {
            jobs.push(...queue.splice(0));
            return writeJobs(place, jobs);
          }),
        );
      } catch (error) {
        for (const job of jobs.length === 0 ? queue.splice(0) : jobs) job.reject(error);
      }
    }
    waiting.delete(place.path);
  }

  async function writeJobs(place: ZonePlace, jobs: readonly Job[]): Promise<void> {
    const loaded = await cache.load(place);
    const accepted: Job[] = [];
    let pending: PendingSets = new Map();
    for (const job of jobs) {
      try {
        job.signal.throwIfAborted();
        pending = addChanges(loaded.zone, pending, job.changes);
        accepted.push(job);
      } catch (error) {
        job.reject(error);
      }
    }
    if (accepted.length === 0) return;
    const { signal, release } = whenAllAborted(accepted);
    try {
      if (pending.size > 0) await replaceFile(place, loaded, pending, signal);
    } catch (error) {
      release();
      // Whose change it was shows when each is made alone.
      if (accepted.length === 1) throw error;
      for (const job of accepted) await writeJobs(place, [job]).catch((own: unknown) => job.reject(own));
      return;
    }
    // Also when all is there already: who asks for it again has seen that the name server does not serve it yet.
    await commands.reload(place, signal).finally(release);
    for (const job of accepted) job.resolve();
  }

  async function replaceFile(
    place: ZonePlace,
    loaded: LoadedZone,
    pending: PendingSets,
    signal: AbortSignal,
  ): Promise<void> {
    const { zone, include, versions } = loaded;
    await requireWritable(files, place, zone);
    const next = editZone(zone, [...pending.values()], context.now(), include);
    await files.writeAtomic(place.path, Buffer.from(next.source.text, 'latin1'), async (temporary) => {
      await commands.check(place, temporary, signal);
      signal.throwIfAborted();
      // Whoever edits by hand takes no lock, so the last look is just before the rename. A version may differ for a file that was changed
      // a moment ago; only other bytes stop the write.
      if ((await files.version(place.path)) === versions.get(place.path)) return;
      const found = await files.read(place.path);
      if (found !== null && Buffer.from(zone.source.text, 'latin1').equals(found.bytes)) return;
      throw new StsyncError('CHANGED_SINCE_READ', `${place.path} was changed by somebody else while it was edited`, {
        hint: 'run stsync again; nothing was changed',
        where: place.path,
        retryable: true,
      });
    });
    cache.expect(place, { ...loaded, zone: next, source: next.source });
  }

  return (place, changes, signal) =>
    new Promise<void>((resolve, reject) => {
      const job = { changes, signal, resolve, reject };
      const queue = waiting.get(place.path);
      if (queue !== undefined) {
        queue.push(job);
        return;
      }
      const first = [job];
      waiting.set(place.path, first);
      void writeAll(place, first);
    });
}

/** Aborts when nobody is left who wants the work done. `release` when it is done: the signals of a daemon live as long as it does. */
function whenAllAborted(jobs: readonly Job[]): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const look = (): void => {
    if (jobs.every(({ signal }) => signal.aborted)) controller.abort(jobs[0]?.signal.reason);
  };
  for (const { signal } of jobs) signal.addEventListener('abort', look, { once: true });
  const release = (): void => jobs.forEach(({ signal }) => signal.removeEventListener('abort', look));
  return { signal: controller.signal, release };
}
