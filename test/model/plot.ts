/** What a story is about, and what can be broken in it. */
import type { DomainConfig } from '../../src/core/config/model.ts';
import type { GuardName } from '../../src/core/guard-names.ts';
import type { DomainMemory } from '../../src/core/memory.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import type { Blindness } from './eyes.ts';
import type { Random } from './random.ts';

/**
 * - `plain`: one domain, its owner changes the YAML and moves MX as `stsync when` allows.
 * - `moving`: the policy host moves between two publishers, too.
 * - `nodes`: each address of the policy host hides several nodes, and the publisher has a `spread`.
 * - `trial`: an MX host has a fault that no probe sees; its owner mends it some hours after the first TLS report.
 * - `live-mx`: `mx: live`, and MX moves without a question. `live-mx-freed`: the same with the guard freed, so a refusal counts only when it
 *   comes later than the promise of rule 2.
 * - `hosted`: a mail host keeps policy and MX by itself; the YAML names the domain and does not adopt it.
 * - `twins`: two domains with the same MX and one id record (`idRecord`).
 */
export type Plot = 'plain' | 'moving' | 'nodes' | 'trial' | 'live-mx' | 'live-mx-freed' | 'hosted' | 'twins';

const deck: readonly Plot[] = [
  ...(['plain', 'plain', 'plain', 'plain', 'moving', 'moving', 'nodes', 'nodes', 'trial', 'twins'] as const),
  ...(['twins', 'live-mx', 'live-mx-freed', 'hosted'] as const),
];

export function drawPlot(random: Random): Plot {
  return random.pick(deck);
}

/** A rule switched off, to see that the model notices. */
export interface Mutation {
  /** The only story in which it can hurt, or the one in which it does so soonest. */
  readonly plot?: Plot;
  /** Guards freed in the YAML. */
  readonly allow?: readonly GuardName[];
  /** Other keys of the YAML. */
  readonly yaml?: Partial<DomainConfig>;
  /** The owner moves MX without asking, or by the answer for senders that watch the id. */
  readonly asks?: 'never' | 'id-watching';
  /** Tampers with each plan before it is carried out. */
  readonly tamper?: (plan: DomainPlan, wanted: DomainConfig) => DomainPlan;
  /** Tampers with what is remembered between runs. */
  readonly remembers?: (memory: DomainMemory) => DomainMemory;
  readonly blindness?: Blindness;
  /** No flaps, no faults: more changes get through, so that what is rare is seen sooner. */
  readonly isCalm?: boolean;
  /** Only minutes between two runs: what hangs on a lag is seen sooner. */
  readonly isQuick?: boolean;
  /** `publisher.spread`, whatever hides behind an address. */
  readonly spreadSeconds?: number;
  /** The provider's client sends a create again when its answer was lost. */
  readonly repeatsCreate?: boolean;
  /** Each domain in a run of its own, which does not know of the other. */
  readonly runsApart?: boolean;
  /** `mx: live` as it would be without its limit: a list that follows the MX, with the max_age of the YAML. */
  readonly uncapped?: boolean;
}
