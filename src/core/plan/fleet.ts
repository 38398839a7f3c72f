/** Floor 0. Rules about many domains: functions from plans to plans. */
import { formatPolicy, samePolicy } from '../policy.ts';
import type { Hold } from './hold.ts';
import type { Looked } from './hold-moved.ts';
import type { DomainPlan, Step } from './model.ts';
import { livePolicy } from './observation.ts';
import { statusOf } from './status.ts';
import { finding, heldStep } from './steps.ts';

export interface Limits {
  readonly changedDomains: number;
  readonly changedPercent: number;
}

/**
 * Guard max-changed-domains (rule 8): more domains than both limits allow whose live policy, mode or host record would change or go. Those
 * are held, the others go on; first publications and repairs do not count. `total`: domains in the YAML.
 */
export function limitChangedDomains(
  plans: readonly DomainPlan[],
  limits: Limits,
  total: number,
  isAllowed: boolean,
): readonly DomainPlan[] {
  const count = plans.filter((plan) => plan.countsAsChange).length;
  const isTooMany = count > limits.changedDomains && count * 100 > limits.changedPercent * total;
  if (!isTooMany || isAllowed) return plans;
  const reason = `${count} of ${total} domains would change; limits: ${limits.changedDomains} domains and ${limits.changedPercent} %`;
  const hold = {
    guard: 'max-changed-domains',
    reason,
    hint: 'run with `--allow max-changed-domains`, or raise `limits:`',
  } as const;
  return plans.map((plan) => (plan.countsAsChange ? holdPolicyChain(plan, hold) : plan));
}

/**
 * Guard shared-id-record (rule 7): one TXT name has one writer. Domains that end at one name and want different bodies are held. Those that
 * want the same one wait for each other: an id tells the senders of all of them to fetch, so each has to serve its policy before.
 */
export function holdSharedIds(looked: readonly Looked[]): readonly DomainPlan[] {
  const byName = Map.groupBy(looked, ({ plan }) => plan.idRecord);
  return looked.map(({ plan }) => {
    const sharers = byName.get(plan.idRecord) ?? [];
    const others = sharers.filter((one) => bodyOf(one.plan) !== bodyOf(plan));
    const late = sharers.filter((one) => one.plan.domain !== plan.domain && !isServed(one));
    if (others.length === 0) return late.length === 0 ? plan : waitForOthers(plan, late);
    const reason = `${plan.idRecord} is also the id record of ${namesOf(others)}, which wants another policy`;
    return holdPolicyChain(plan, {
      guard: 'shared-id-record',
      reason,
      hint: 'give each domain an id record of its own',
    });
  });
}

/** Could every sender fetch the policy of the plan when it was looked at? */
function isServed({ plan, observation }: Looked): boolean {
  const live = livePolicy(observation);
  return plan.serve === null || (live !== null && samePolicy(live, plan.serve));
}

/** The id alone waits; what it rests on goes on. */
function waitForOthers(plan: DomainPlan, late: readonly Looked[]): DomainPlan {
  const reason = `${plan.idRecord} is also the id record of ${namesOf(late)}, which has to serve the policy first`;
  const steps = plan.steps.map((step): Step => {
    const isId = isPolicyStep(step) && step.kind === 'upsert' && step.name === plan.idRecord;
    return isId ? { ...step, kind: 'wait', guard: 'served-before-id', reason, changes: [] } : step;
  });
  return { ...plan, steps, status: statusOf({ ...plan, steps }, 'before') };
}

function namesOf(looked: readonly Looked[]): string {
  return looked.map(({ plan }) => plan.domain).join(', ');
}

function bodyOf({ serve }: DomainPlan): string {
  return serve === null ? '' : formatPolicy(serve);
}

function isPolicyStep(step: Step): boolean {
  return step.chain === 'policy' && step.outcome === 'pending' && step.kind !== 'wait';
}

function holdPolicyChain(plan: DomainPlan, hold: Pick<Hold, 'guard' | 'reason' | 'hint'>): DomainPlan {
  const steps = plan.steps.map((step) => (isPolicyStep(step) ? heldStep(step, hold) : step));
  const findings = [...plan.findings, finding('GUARD_HOLDS', 'warning', `${hold.guard}: ${hold.reason}`, hold.hint)];
  return { ...plan, steps, findings, status: statusOf({ ...plan, steps }, 'before') };
}
