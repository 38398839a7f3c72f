/** Floor 0. Guard plan-is-current (rule 14) over a run by a plan file: functions from plans to plans. */
import type { GuardName } from '../guard-names.ts';
import { comparePlans, isPlanned } from './compare-plans.ts';
import type { DomainPlan, Step } from './model.ts';
import type { Observation } from './observation.ts';
import type { PlanFile, PlannedDomain, PlannedStep } from './plan-file.ts';
import { recordName } from './record-names.ts';
import { isDue } from './report.ts';
import { statusOf } from './status.ts';
import { minute } from './step-words.ts';
import { finding, heldStep } from './steps.ts';

/** A plan of now and the look that it is made from. */
export interface Looked {
  readonly plan: DomainPlan;
  readonly observation: Observation;
}

interface PlanHold {
  readonly guard: GuardName;
  readonly reason: string;
  readonly hint: string;
}

/** So many differences say that it is another plan. */
const SHOWN_DIFFERENCES = 3;

/**
 * The plans in the same order: one that is as the file has it, or less because part of it is done, stays as it is; one that moved is held,
 * and says what differs. Every domain has to be in the file.
 */
export function holdMovedDomains(looked: readonly Looked[], file: PlanFile): readonly DomainPlan[] {
  const reviewed = new Map(file.domains.map((one) => [one.domain, one]));
  return looked.map(({ plan, observation }) => {
    const one = reviewed.get(plan.domain);
    return one === undefined ? plan : holdIfMoved(plan, one, observation, file);
  });
}

/** Domains that the file would change and the YAML no longer names: held, so that the run says of each what became of it (rule 9). */
export function lostDomains(file: PlanFile, domains: ReadonlySet<string>): readonly DomainPlan[] {
  return file.domains
    .filter((one) => !domains.has(one.domain) && one.steps.some(isPlanned))
    .map((one) => {
      const hold = {
        ...holdOf([`${one.domain} is not in the YAML any more`], one, file),
        hint: 'write it back to the YAML',
      };
      return held(emptyPlan(one), one.steps.filter(isPlanned), hold);
    });
}

/**
 * The domains for which the file asks for a new id although the policy is the same (`--rotate`), with the id that the plan saw: once another
 * one stands there, the rotation is done.
 */
export function plannedRotations(file: PlanFile | null): ReadonlyMap<string, string | null> {
  const rotating = file?.domains.filter((one) => one.rotation === 'request') ?? [];
  return new Map(rotating.map((one) => [one.domain, one.id.live]));
}

function holdIfMoved(plan: DomainPlan, one: PlannedDomain, observation: Observation, file: PlanFile): DomainPlan {
  const { differences, outstanding } = comparePlans(one, plan, observation);
  const isAnything = outstanding.length > 0 || plan.steps.some(isDue);
  return differences.length === 0 || !isAnything ? plan : held(plan, outstanding, holdOf(differences, one, file));
}

function holdOf(differences: readonly string[], { domain }: PlannedDomain, { generatedAt }: PlanFile): PlanHold {
  const more = differences.length - SHOWN_DIFFERENCES;
  const shown = [...differences.slice(0, SHOWN_DIFFERENCES), ...(more > 0 ? [`${more} more`] : [])];
  return {
    guard: 'plan-is-current',
    reason: `not as in the plan of ${minute(generatedAt)}: ${shown.join('; ')}`,
    hint: `make a new plan: stsync sync ${domain} --dry-run --out FILE`,
  };
}

/** The first step says why, the others rest on it. Where nothing is to be done now, the steps of the file stand for what was not done. */
function held(plan: DomainPlan, outstanding: readonly PlannedStep[], hold: PlanHold): DomainPlan {
  const now = plan.steps.filter(isDue);
  const kept: readonly Step[] = now.length > 0 ? [] : outstanding.map(stepOf);
  const steps = [...kept, ...plan.steps];
  const first = steps.find((step) => isDue(step) && step.kind !== 'verify') ?? steps.find(isDue);
  const after = steps.map((step): Step => {
    if (step === first) return heldStep(step, hold);
    return isDue(step) ? { ...step, outcome: 'skipped', reason: 'the domain is held' } : step;
  });
  const findings = [...plan.findings, finding('CHANGED_SINCE_PLAN', 'warning', hold.reason, hold.hint)];
  return { ...plan, steps: after, findings, status: statusOf({ ...plan, steps: after }, 'before') };
}

function stepOf(step: PlannedStep): Step {
  const changes = (step.changes ?? []).map((one) => ({ ...one, changes: [] }));
  return { ...step, outcome: 'pending', guard: null, notBefore: null, changes, chain: 'policy' };
}

/** A domain of which nothing is known but what the file says. */
function emptyPlan({ domain, wantedHash, mode, mx, id }: PlannedDomain): DomainPlan {
  return {
    domain,
    status: 'held',
    wantedHash,
    mode: { wanted: mode.wanted, live: null },
    mx: { wanted: mx.wanted, live: null, uncovered: [], unused: [] },
    id: { live: id.live, next: null },
    steps: [],
    findings: [],
    serve: null,
    isHeldTesting: false,
    idRecord: recordName('_mta-sts', domain),
    announce: null,
    cause: null,
    txtTtlSeconds: 0,
    foundEqual: [],
    isFailed: false,
    countsAsChange: false,
    delegation: null,
  };
}
