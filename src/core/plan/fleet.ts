/** Floor 0. Rules about many domains: functions from plans to plans. */
import type { DomainPlan } from './model.ts';
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
  return plans.map((plan) => {
    if (!plan.countsAsChange) return plan;
    const steps = plan.steps.map((step) =>
      step.chain === 'policy' && step.outcome === 'pending' && step.kind !== 'wait' ? heldStep(step, hold) : step,
    );
    const findings = [...plan.findings, finding('GUARD_HOLDS', 'warning', `${hold.guard}: ${reason}`, hold.hint)];
    return { ...plan, steps, findings, status: statusOf({ ...plan, steps }, 'before') };
  });
}
