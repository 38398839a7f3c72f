/** Floor 0. The journal: every step taken, when, why, and from which commit of the YAML. */
import type { StepKind } from './plan/model.ts';

/** `started`: written before the step; it stays so only if the process died inside it. */
export type JournalOutcome = 'started' | 'done' | 'failed' | 'unknown';

export interface JournalEntry {
  readonly at: Date;
  readonly domain: string;
  readonly kind: StepKind;
  readonly name: string;
  readonly type: string | null;
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
  readonly reason: string;
  readonly outcome: JournalOutcome;
  /** What went wrong, or how the proof was made (`proof: file`, through connectTo); null: nothing to say. */
  readonly note: string | null;
  /** Commit of the YAML, when it lies in a Git work tree. */
  readonly commit: string | null;
}
