/** Floor 0. What the daemon knows of a domain across its own restarts: enough to tell each change of status once, and to go on backing off. */
import type { Status } from './plan/model.ts';

export interface KnownStatus {
  readonly status: Status;
  /** Since when the domain has had it: the run that first found it so. */
  readonly since: Date;
  /** Runs in a row that it failed in; 0 otherwise. */
  readonly failures: number;
}
