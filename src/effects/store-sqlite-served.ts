/**
 * Floor 2. The state as our own policy host reads it, at each request. Measured with 100,000 policies: the read is 5 us, and asking SQLite
 * whether a copy in memory is still true is 3.5 us, so there is no copy that could be old.
 */
import { StsyncError } from '../core/error.ts';
import { stateError } from './sqlite.ts';
import { followState } from './store-sqlite-follow.ts';
import { preparePolicyQuery } from './store-sqlite-policies.ts';
import { openStoreReadOnly } from './store-sqlite.ts';

/** What is served for each policy host. */
export interface ServedPolicies {
  /** Null: nothing. Never throws: where the state cannot be read, it is what was read last. */
  body(host: string): string | null;
  close(): void;
}

/** Characters of bodies that are kept for the day on which the state cannot be read: about 50,000 usual ones. */
const KEPT_CHARACTERS = 8_000_000;

/**
 * The view of the policy host: it opens the state read-only, sees what any process publishes at once, and goes on with what it read last when
 * the state cannot be read. A state that was moved away stays in use until there is another one. `onTrouble`: once for each kind of it.
 */
export function openServedPolicies(path: string, onTrouble: (error: StsyncError) => void): ServedPolicies {
  const kept = new KeptBodies();
  let told: string | null = null;
  const state = followState(path, preparePolicyQuery);
  const read = (host: string): string | null => {
    const found = state.query();
    if (found.kind === 'gone') return kept.body(host);
    // Where SQLite cannot make its side files (disk full, read-only): slower, and as right.
    return found.kind === 'none' ? readOnce(path, host) : found.query(host);
  };
  return {
    body: (host) => {
      try {
        const body = read(host);
        kept.keep(host, body);
        told = null;
        return body;
      } catch (thrown) {
        state.close();
        const error = stateError(thrown, path, 'read');
        const trouble =
          error instanceof StsyncError
            ? error
            : new StsyncError('STATE_UNREADABLE', `the state ${path} cannot be read`, { where: path, cause: error });
        if (told !== trouble.message) onTrouble(trouble);
        told = trouble.message;
        return kept.body(host);
      }
    },
    close: () => state.close(),
  };
}

function readOnce(path: string, host: string): string | null {
  const store = openStoreReadOnly(path);
  try {
    return store?.policyBody(host) ?? null;
  } finally {
    store?.close();
  }
}

/** The bodies asked for last; a new one pushes out those that nobody asked for longest. */
class KeptBodies {
  readonly #bodies = new Map<string, string>();
  #characters = 0;

  body(host: string): string | null {
    return this.#bodies.get(host) ?? null;
  }

  keep(host: string, body: string | null): void {
    this.#forget(host);
    if (body === null) return;
    this.#bodies.set(host, body);
    this.#characters += body.length;
    // The look for the oldest goes over the places of all that were taken out before.
    if (this.#characters <= KEPT_CHARACTERS) return;
    for (const oldest of this.#bodies.keys()) {
      if (this.#characters <= KEPT_CHARACTERS) break;
      this.#forget(oldest);
    }
  }

  #forget(host: string): void {
    this.#characters -= this.#bodies.get(host)?.length ?? 0;
    this.#bodies.delete(host);
  }
}
