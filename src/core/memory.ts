/**
 * Floor 0. What stsync remembers of a domain between runs, as plain data: the history (rules 4 to 6), the MX hosts seen, the bodies seen
 * under each id, and which records are ours (rule 8). The functions that add to it are pure; the store only keeps it.
 */
import type { Served } from './when-safe.ts';

/** Why an entry of the history began. `found`: it was live before stsync wrote anything. */
export type Cause = 'change' | 'found' | 'wrong-body' | 'request';

export interface HistoryEntry extends Served {
  readonly cause: Cause;
  /** Testing served in place of enforce by the guard testing-before-enforce: it promotes by itself. */
  readonly isHeldTesting: boolean;
}

/**
 * An MX host, and until when it may have been in the answer: the last look that showed it, or the first one that did not. Null TTL: unknown,
 * which counts as "seen now" (rule 6).
 */
export interface SeenMx {
  readonly host: string;
  /** In the answer at the last look. */
  readonly isLive: boolean;
  readonly lastSeen: Date;
  readonly ttlSeconds: number | null;
}

/** A body seen served while this id was published. `bodyHash`: of the canonical body, or of the raw one where it is no policy. */
export interface SeenBody {
  readonly id: string;
  readonly bodyHash: string;
}

export interface DomainMemory {
  /** The history began when nothing at all was live, so there is nothing older to assume (rule 15). */
  readonly isComplete: boolean;
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  readonly seenMx: readonly SeenMx[];
  readonly seenBodies: readonly SeenBody[];
  /** Keys (`recordKey`) of the record sets that stsync wrote, found equal, or adopted. */
  readonly owned: readonly string[];
  /**
   * After a move of the policy host: from when no resolver holds the old record, as far as is known; null once that is over. Until then body and
   * id stay (rule 5).
   */
  readonly hostSettledAt: Date | null;
  /** TTL of the host record that was replaced, until a look has found the new one at every name server; 0: none, or it has. */
  readonly hostTtlSeconds: number;
  /** The first proof of the body that is served, where an address hides several nodes and the proof is made twice (`publisher.spread`). */
  readonly proved: { readonly bodyHash: string; readonly at: Date } | null;
}

/** Of a domain never seen. */
export const noMemory: DomainMemory = {
  isComplete: false,
  history: [],
  seenMx: [],
  seenBodies: [],
  owned: [],
  hostSettledAt: null,
  hostTtlSeconds: 0,
  proved: null,
};
