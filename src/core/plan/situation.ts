/** Floor 0. All that a plan of one domain is made from, in one object, and the questions that several rules ask of it. */
import type { DomainConfig } from '../config/model.ts';
import { bodyHash, parseOwnId } from '../id.ts';
import type { DomainMemory } from '../memory.ts';
import { formatPolicy, type StsPolicy } from '../policy.ts';
import type { ReportFacts } from '../reports/finding-model.ts';
import type { CertificateFact } from './certificate-step.ts';
import { liveId, type PublishedId, publishedIds } from './ids.ts';
import { livePolicy, type Observation, type ReadView } from './observation.ts';
import { type Label, providersOf } from './record-names.ts';

export interface PlanContext {
  readonly now: Date;
  /** Every target that the publishers of this YAML have: a host record with one of them is ours. */
  readonly publisherHostnames: readonly string[];
  /** `sync --rotate`. */
  readonly isRotationAsked: boolean;
  /** Some MX answered at port 25 in this run, so that one which does not is to blame itself (rule 8). */
  readonly isSmtpReachable: boolean;
}

/** What is known of one domain beside the look and the memory. */
export interface DomainContext extends PlanContext {
  /** Null: it does not come by ACME. */
  readonly certificate: CertificateFact | null;
  /** TLS reports of its testing time; null: none, or nothing rests on them. */
  readonly reports: ReportFacts | null;
}

export interface Situation extends DomainContext {
  readonly wanted: DomainConfig;
  readonly observation: Observation;
  readonly memory: DomainMemory;
  /** What stands at `_mta-sts`, at each provider that could be read. */
  readonly ids: readonly PublishedId[];
  /** The providers of each record that could be read. */
  readonly views: Readonly<Record<Label, readonly ReadView[]>>;
  /** The policy that the published id stands for: what senders are told. Null: none is announced. */
  readonly announced: StsPolicy | null;
}

export function situationOf(
  wanted: DomainConfig,
  observation: Observation,
  memory: DomainMemory,
  context: DomainContext,
): Situation {
  const ids = publishedIds(wanted, observation);
  const read = (label: Label): readonly ReadView[] => readViews(wanted, observation, label);
  const views = { '_mta-sts': read('_mta-sts'), 'mta-sts': read('mta-sts'), '_smtp._tls': read('_smtp._tls') };
  return { ...context, wanted, observation, memory, ids, views, announced: announcedPolicy(observation, memory, ids) };
}

/** Could policy, host record and id all be read, and where a delegated domain leads? They are one chain: where one of them is hidden, none of it is touched. */
export function isChainReadable({ wanted, observation, views }: Situation): boolean {
  const isWhole = (label: Label): boolean => views[label].length === providersOf(wanted, label).length;
  const { policy, published } = observation;
  const isLed = (label: Label): boolean => observation.delegation?.facts[label].kind !== 'unreadable';
  const isRead = policy.kind !== 'unreadable' && published.kind !== 'unreadable';
  return isRead && (['_mta-sts', 'mta-sts'] as const).every((label) => isWhole(label) && isLed(label));
}

function readViews(wanted: DomainConfig, observation: Observation, label: Label): readonly ReadView[] {
  const names = providersOf(wanted, label);
  return observation.views.filter((view) => view.kind === 'read').filter((view) => names.includes(view.provider));
}

function announcedPolicy(
  observation: Observation,
  memory: DomainMemory,
  ids: readonly PublishedId[],
): StsPolicy | null {
  const id = liveId(ids);
  const { history } = memory;
  const announced =
    history.findLast((entry) => entry.rotatedAt !== null && (id === null || entry.id === id)) ??
    // Not everywhere yet; of several policies served under it, the first is the one that it was made for.
    history.find((entry) => entry.id === id);
  return announced?.policy ?? (id === null ? null : (livePolicy(observation) ?? provedByHash(observation, id)));
}

/** With no history and no fetch: the policy that the publisher holds, where the id itself proves it. */
function provedByHash({ published }: Observation, id: string): StsPolicy | null {
  const policy = published.kind === 'body' ? published.policy : null;
  return policy !== null && parseOwnId(id)?.bodyHash === bodyHash(formatPolicy(policy)) ? policy : null;
}
