/** Floor 0. The journal: every step taken, when, why, and from which commit of the YAML. */
import type { Step } from './plan/model.ts';

/** `started`: written before the step; it stays so only if the process died inside it. */
export type JournalOutcome = 'started' | 'done' | 'failed' | 'unknown';

export interface JournalEntry extends Pick<Step, 'kind' | 'name' | 'type' | 'before' | 'after' | 'reason'> {
  readonly at: Date;
  readonly domain: string;
  readonly outcome: JournalOutcome;
  /** What went wrong, or how the proof was made (`proof: file`, through connectTo); null: nothing to say. */
  readonly note: string | null;
  /** Commit of the YAML, when it lies in a Git work tree. */
  readonly commit: string | null;
}
