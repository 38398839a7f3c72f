/** Floor 3. What becomes of a step that was tried and did not succeed, and of those that rest on it. */
import { StsyncError } from '../core/error.ts';
import type { Finding, Step } from '../core/plan/model.ts';
import { finding } from '../core/plan/steps.ts';
import { messageOf, UnknownOutcome } from './apply-records.ts';

/** A step after it was tried. */
export interface Tried {
  readonly step: Step;
  readonly finding: Finding | null;
  /** It is done and not to be seen everywhere yet. */
  readonly isSpreading?: boolean;
}

/** What rests on a step that did not succeed: the id is held by its guard, the rest is skipped. */
export function stopped(step: Step, broken: Step): Step {
  // Nothing went wrong: somebody else has to install the body, and until then it is drift.
  if (broken.outcome === 'pending')
    return { ...step, outcome: 'skipped', reason: `follows when ${broken.name} serves the policy at every address` };
  const reason = `rests on ${broken.kind} ${broken.name}, which is ${broken.outcome}`;
  const isId = step.kind === 'upsert' && step.type === 'TXT';
  return isId
    ? { ...step, outcome: 'held', guard: 'served-before-id', reason }
    : { ...step, outcome: 'skipped', reason };
}

/** The step with its outcome, and the finding that says why. */
export function failedStep(step: Step, error: unknown): Tried {
  const what = step.type === null ? step.name : `${step.name} ${step.type}`;
  if (error instanceof UnknownOutcome) {
    const message = `${what}: it is not known whether the change was made: ${error.message}`;
    return {
      step: { ...step, outcome: 'unknown' },
      finding: finding('STEP_UNKNOWN', 'error', message, 'the next run looks first and goes on from there'),
    };
  }
  if (!(error instanceof StsyncError)) {
    return {
      step: { ...step, outcome: 'failed' },
      finding: finding('STEP_FAILED', 'error', `${what}: ${messageOf(error)}`),
    };
  }
  if (error.code === 'CHANGED_SINCE_READ') {
    return {
      step: {
        ...step,
        outcome: 'held',
        guard: 'plan-is-current',
        reason: [error.message, error.hint ?? []].flat().join('; '),
      },
      finding: finding('CHANGED_SINCE_PLAN', 'warning', error.message, error.hint ?? null),
    };
  }
  const where = error.where === undefined || error.message.includes(error.where) ? '' : `${error.where}: `;
  return {
    step: { ...step, outcome: 'failed' },
    finding: finding(error.code, 'error', `${what}: ${where}${error.message}`, error.hint ?? null),
  };
}
