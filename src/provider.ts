/**
 * Floor 1. The contract between stsync and a place where DNS records are written.
 *
 * A provider is a folder in `providers/` with the same files in each: `descriptor.ts` (what it is, as data) and `provider.ts` (how it
 * works). stsync calls it, and it promises:
 *
 * **Unit.** Everything is a record set ({@link RecordSet}): all records of one name and type with one TTL. Names are absolute, lower case,
 * in A-labels, without the final dot. Rdata is in presentation form; whatever a service does to quotes, cuts of long TXT strings, final
 * dots or case is undone on the way in and done on the way out, in the provider and nowhere else.
 *
 * **read(keys)** gives, for each key that has a set at the provider, that set as the provider will serve it: whole, with the records of
 * other owners in it. A key without a set is left out; that is an answer, not an error. Several keys cost as few calls as the service
 * allows. The answer comes from the service itself, never from a cache of an earlier run, and a read never changes anything.
 * Throws `ZONE_NOT_FOUND` when no zone of this provider holds a name, and other codes when the truth could not be learned. It never
 * answers "nothing there" for "could not look". A wildcard is not expanded: only a set that literally stands at the name is given, and a
 * CNAME there is given for the key `CNAME` alone.
 *
 * **exists(name)**, where `capabilities.canReadMx`, tells "no such name" from "no data": true when any record of any type stands at the name
 * or below it (empty non-terminals exist, RFC 8020 §2). Same errors as `read`, same reading of wildcards.
 *
 * **apply(changes)** makes each change's `before` into its `after`, or throws.
 *   - Before: `change.before` is what an earlier `read` gave (null: nothing was there). If the provider now finds something else, it
 *     changes nothing of that zone and throws `CHANGED_SINCE_READ`. Where the service has a compare-and-swap the provider uses it;
 *     otherwise it reads just before it writes. "Something else" means other rdata; another TTL alone is no reason to stop.
 *   - After: `read` gives `change.after` (null: no set), with `adjust(after).ttlSeconds`, and every other set of the zone is as it was.
 *   - Deleting what is not there is quiet. Writing what is there already is quiet.
 *   - The changes of one call belong together: `capabilities.isAtomic` says whether all or none happen within one zone. They are made in the
 *     order given. A CNAME that takes the place of A records (or the reverse) is two changes, the delete first. What would put other data
 *     beside a CNAME (RFC 2181 §10.1) changes nothing and throws `PROVIDER_REFUSED`.
 *   - An error whose outcome is unknown (time-out, broken connection) is thrown as it is with `retryable: true`; the provider does not retry
 *     and does not guess, and switches the retries of an SDK off. `src/effects/retry.ts` repeats for all of them: a read at once, a write
 *     only when a read has shown that it did not land. The executor reads again before it does anything else (rule 10).
 *
 * **adjust(set)** is pure: the set as this provider would store it (TTL clamped, automatic TTLs). stsync compares a live TTL with this.
 *
 * **close()** frees what `open` took. After an error a provider can still be used.
 *
 * Dry runs hold a {@link RecordReader}: an object without `apply`, so they cannot write, by construction (rule 11).
 * Secrets come as {@link Secret} and never go into a message. Errors are {@link StsyncError} with the zone or record in `where`.
 */
import type { OptionValue } from './core/config/model.ts';
import type { RecordChange, RecordKey, RecordSet } from './core/record-set.ts';
import type { Secret } from './core/secret.ts';

/** What a provider can do, as data. Each flag says what stsync does when it is false. */
export interface Capabilities {
  /** One call's changes in one zone happen all or none. False: a half-made change set is possible, so stsync re-reads every set of it. */
  readonly isAtomic: boolean;
  /** `before` is checked by the service in the same act. False: a short window stays in which somebody else's change is lost. */
  readonly hasCompareAndSwap: boolean;
  /** `read` costs no network call. False: in the steady state stsync looks through DNS instead (rule 12). */
  readonly isReadLocal: boolean;
  /** MX, A and AAAA sets of the domain can be read and `exists` is there, so `observe: provider` works. */
  readonly canReadMx: boolean;
}

/** The reading half. All that a dry run, `show` and `when` can get. */
export interface RecordReader {
  readonly capabilities: Capabilities;
  read(keys: readonly RecordKey[], signal: AbortSignal): Promise<readonly RecordSet[]>;
  /** Present if and only if `capabilities.canReadMx`. */
  readonly exists?: (name: string, signal: AbortSignal) => Promise<boolean>;
  adjust(set: RecordSet): RecordSet;
  close(): Promise<void>;
}

export interface Provider extends RecordReader {
  apply(changes: readonly RecordChange[], signal: AbortSignal): Promise<void>;
}

/** The same provider without its writing half: a new object, so nothing can reach `apply`. */
export function readOnly(provider: Provider): RecordReader {
  const { capabilities, exists } = provider;
  return {
    capabilities,
    read: (keys, signal) => provider.read(keys, signal),
    ...(exists === undefined ? {} : { exists: (name, signal) => exists(name, signal) }),
    adjust: (set) => provider.adjust(set),
    close: () => provider.close(),
  };
}

export type { OptionSpec, ProviderDescriptor } from './core/config/descriptor.ts';

/** What a provider may use of the outside world beside the network. Handed in, so that providers import no effect. */
export interface ProviderContext {
  readonly files: FileAccess;
  /** Runs a command of the user's through the shell, with `env` added; gives exit code and output, at most 64 KiB. */
  runCommand(
    command: string,
    env: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ exitCode: number; output: string }>;
  now(): Date;
  /** The budget of requests of one credential: the same for all who ask with the same credential, in the whole process. */
  requestBudget(credential: Secret): RequestBudget;
}

/** How many requests a service takes from one credential, as its answers say. Services count for the credential, not for the zone. */
export interface RequestBudget {
  /**
   * Runs `work`, one request, when its turn has come. Throws `PROVIDER_BUSY` when the budget is used up for longer than anybody should wait.
   */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** What an answer said: `left` requests more until `resetSeconds` from now. */
  learn(left: number, resetSeconds: number): void;
}

/**
 * Files as providers need them: read whole, write so that a reader sees the old or the new file and a crash leaves one of both. Symbolic
 * links are followed. What the system refuses is thrown as Node's own error (`code`: EACCES, ENOSPC, EROFS, ...; `path`); the provider
 * says what that means for the zone.
 */
export interface FileAccess {
  /** Bytes, and what identifies this version of the file; null when there is no such file. */
  read(path: string): Promise<{ readonly bytes: Uint8Array; readonly version: string } | null>;
  /**
   * What `read` would give as `version`, for the price of one stat; null when there is no such file. Of a directory: changes when a name
   * comes or goes. A file changed within the last moments gets a version that equals no other, so an equal version is proof.
   */
  version(path: string): Promise<string | null>;
  /**
   * Temp file in the same directory, fsync, mode and owner kept, rename, fsync of the directory. `inspect` gets the path of the finished
   * temp file before the rename; when it throws, nothing has changed and its error comes out.
   */
  writeAtomic(path: string, bytes: Uint8Array, inspect?: (temporary: string) => Promise<void>): Promise<void>;
  /** File names in a directory; null when there is no such directory. */
  list(directory: string): Promise<readonly string[] | null>;
  /** Where symbolic links end; null when there is no such file. */
  realPath(path: string): Promise<string | null>;
  /** Holds an exclusive lock beside `path` while `work` runs; a lock left by a dead process is taken over. Throws `LOCKED` after 10 s. */
  withLock<T>(path: string, work: () => Promise<T>): Promise<T>;
}

/** How `providers/<type>/provider.ts` exports itself: `export const open: OpenProvider`. */
export type OpenProvider = (
  options: { readonly [name: string]: OptionValue },
  context: ProviderContext,
) => Promise<Provider>;
