/** Floor 4. What lives as long as the daemon beside its loop, and is told of each run: a file each, and a line here. */
import type { Config } from '../core/config/model.ts';
import type { Log } from '../effects/log.ts';
import type { UploadSlot } from '../effects/reports/upload-door.ts';
import type { FleetState, RunReason } from '../services/daemon/fleet-state.ts';
import { notifyPart } from './notify-part.ts';
import { operatorPart } from './operator-part.ts';
import { policyHostPart } from './policy-host-part.ts';
import { reportsCarePart } from './reports-care-part.ts';
import { reportsPart } from './reports-part.ts';
import { weeklyPart } from './weekly-part.ts';

export interface DaemonView {
  /** At the start; `state().inForce` is the one of now. */
  readonly config: Config;
  readonly state: () => FleetState;
  /** Asks for a run; a stand-by takes no notice. `domains`: those that one for a `certificate` is about. */
  readonly trigger: (reason: RunReason, domains?: readonly string[]) => void;
  readonly log: Log;
  /** Of stsync. */
  readonly version: string;
  /** Where the policy host hands over what is posted to it. */
  readonly uploads: UploadSlot;
}

export interface DaemonPart {
  /**
   * After each run, and when a config is refused or in force again: two states, one after the other. What a run found is kept already;
   * `before.known` against `after.known` is what changed.
   */
  readonly onNews?: (before: FleetState, after: FleetState) => void;
  /** Nothing throws here, and it ends soon. */
  readonly close: () => Promise<void>;
}

/** Started in this order before the daemon leads, so that a stand-by is seen too. The policy host takes reports from its first request on. */
export const daemonParts: readonly ((daemon: DaemonView) => Promise<DaemonPart>)[] = [
  reportsPart,
  policyHostPart,
  operatorPart,
  notifyPart,
  reportsCarePart,
  weeklyPart,
];
