/** Floor 0. Rules about many domains: functions from plans to plans. */
import { formatPolicy } from '../policy.ts';
import type { Hold } from './hold.ts';
import type { DomainPlan, Step } from './model.ts';
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

/** Guard shared-id-record (rule 7): one TXT name has one writer. Domains that end at one name and want different bodies are held. */
export function holdSharedIds(plans: readonly DomainPlan[]): readonly DomainPlan[] {
  const byName = Map.groupBy(plans, (plan) => plan.idRecord);
  return plans.map((plan) => {
    const others = (byName.get(plan.idRecord) ?? []).filter((one) => bodyOf(one) !== bodyOf(plan));
    if (others.length === 0) return plan;
    const reason = `${plan.idRecord} is also the id record of ${others.map((one) => one.domain).join(', ')}, which wants another policy`;
    return holdPolicyChain(plan, {
      guard: 'shared-id-record',
      reason,
      hint: 'give each domain an id record of its own',
    });
  });
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
