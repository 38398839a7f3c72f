/** Floor 3. `stsync when`: the question of a person, answered from the history, the live policy and, where it is short, the worst case. */
import type { Config, DomainConfig } from '../core/config/model.ts';
import type { Finding } from '../core/plan/model.ts';
import { liveMxHosts, livePolicy } from '../core/plan/observation.ts';
import { assumedHistory, assumptionNote } from '../core/plan/remember.ts';
import { MAX_MAX_AGE_SECONDS, type PolicyMode } from '../core/policy.ts';
import { type Question, type SafeDates, type Served, whenSafe } from '../core/when-safe.ts';
import type { PlanningWorld } from './look.ts';
import { lookAndPlan, type RunOptions } from './sync.ts';

/** `mode`: from when do all senders act by this mode. */
export type WhenQuestion =
  | Exclude<Question, { kind: 'mode-binds' }>
  | { readonly kind: 'mode'; readonly mode: PolicyMode };

/** Answers for one domain of the config; `unread`: what could not be looked at, so that there is no answer. Writes nothing. */
export async function answerWhen(
  config: Config,
  wanted: DomainConfig,
  question: WhenQuestion,
  world: PlanningWorld,
  options: Pick<RunOptions, 'isRotationAsked' | 'servedSince'>,
): Promise<SafeDates | { readonly unread: Finding }> {
  const { observation, memory, plan } = await lookAndPlan(config, wanted, world, options);
  // An answer that rests on half the truth is worse than none.
  const [unread] = plan.findings.filter((finding) => plan.isFailed && finding.severity === 'error');
  if (unread !== undefined) return { unread };
  const live = livePolicy(observation);
  const assumed =
    question.kind === 'remove-policy' ? MAX_MAX_AGE_SECONDS : (live?.maxAgeSeconds ?? MAX_MAX_AGE_SECONDS);
  const history = assumedHistory(memory, assumed);
  const answer = question.kind === 'mode' ? whenMode(question.mode, history) : whenSafe(question, history);
  const reason = `${answer.reason}${assumptionNote(history)}`;
  if (question.kind !== 'remove-mx') return { ...answer, reason };
  // With the host gone, mail goes to the others: none of them may be refused either.
  const others = (liveMxHosts(wanted.domain, observation.mx) ?? []).filter((host) => host !== question.host);
  const forOthers = others.map((host) => {
    const one = whenSafe({ kind: 'add-mx', host }, history);
    return { ...one, reason: `mail would go to ${host}, and ${one.reason}${assumptionNote(history)}` };
  });
  return forOthers.reduce(later, { ...answer, reason });
}

function whenMode(mode: PolicyMode, history: readonly Served[]): SafeDates {
  const current = history.at(-1)?.policy.mode ?? null;
  if (current === mode) return whenSafe({ kind: 'mode-binds' }, history);
  return {
    idWatchingSenders: null,
    allSenders: null,
    reason: `the mode served now is ${current ?? 'no policy at all'}, not ${mode}`,
  };
}

/** The later of two answers; "not yet" is later than any date. */
function later(a: SafeDates, b: SafeDates): SafeDates {
  const isLater = b.allSenders === null || (a.allSenders !== null && b.allSenders > a.allSenders);
  return {
    idWatchingSenders: laterDate(a.idWatchingSenders, b.idWatchingSenders),
    allSenders: laterDate(a.allSenders, b.allSenders),
    reason: isLater && a.allSenders !== null ? b.reason : a.reason,
  };
}

function laterDate(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return null;
  return a > b ? a : b;
}
