/** Floor 0. The status of a domain from its plan (DESIGN section 3), worst first. */
import type { DomainPlan, Status } from './model.ts';
import { isDue } from './report.ts';

type Judged = Pick<DomainPlan, 'steps' | 'isFailed' | 'mx' | 'mode'>;

/** `before`: of a plan not carried out, so that each pending step is drift. `after`: of a run, where a pending step only waits. */
export function statusOf(plan: Judged, when: 'before' | 'after'): Status {
  const has = (outcome: string): boolean => plan.steps.some((step) => step.outcome === outcome);
  if (plan.isFailed || has('failed') || has('unknown')) return 'failed';
  if (has('held')) return 'held';
  // A live MX host that no wanted pattern covers is drift that no step of ours can mend: MX is never written.
  if (plan.steps.some(isDue) || isUncovered(plan)) return 'drift';
  if (has('pending')) return 'waiting';
  return when === 'after' && has('done') ? 'changed' : 'in sync';
}

function isUncovered(plan: Judged): boolean {
  return plan.mode.wanted !== 'none' && plan.mx.uncovered.length > 0;
}
