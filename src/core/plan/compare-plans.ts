/**
 * Floor 0. Rule 14: one domain of a plan file beside its plan of now. What is to be done now has to stand in the file, to the letter but for
 * times; a domain where it does not has moved. Proofs and waits change nothing and are not compared.
 */
import type { DomainPlan, Step } from './model.ts';
import { isLive } from './is-live.ts';
import type { Observation } from './observation.ts';
import type { PlannedDomain, PlannedStep } from './plan-file.ts';
import { isDue, withoutTimes } from './report.ts';
import { sideText, stepTarget } from './step-words.ts';

export interface Comparison {
  /** In words, one each; empty: the plan of the file is the plan of now. */
  readonly differences: readonly string[];
  /** Steps of the file that are neither live nor to be done now. */
  readonly outstanding: readonly PlannedStep[];
}

export function comparePlans(reviewed: PlannedDomain, fresh: DomainPlan, observation: Observation): Comparison {
  const due = fresh.steps.filter((step) => isDue(step) && step.kind !== 'verify');
  const outstanding = isAnswered(fresh)
    ? []
    : reviewed.steps.filter(
        (step) =>
          isPlanned(step) && !due.some((one) => isSamePlace(one, step)) && !isLive(step, reviewed.domain, observation),
      );
  // The first kind of difference explains those behind it.
  const kinds = [
    wantedDifferences(reviewed, fresh),
    due.flatMap((step) => stepDifferences(step, reviewed.steps)),
    outstanding.map((step) => `the plan changes ${changeOf(step)}, and nothing asks for that now`),
  ];
  return { differences: kinds.find((differences) => differences.length > 0) ?? [], outstanding };
}

/** Was this step to be carried out? One that max-changed-domains alone held is what a plan file frees. */
export function isPlanned({ kind, outcome, guard }: PlannedStep): boolean {
  if (kind === 'wait' || kind === 'verify') return false;
  return outcome === 'pending' || (outcome === 'held' && guard === 'max-changed-domains');
}

/** A step that is not there now is explained already where a guard holds the domain, or where it could not be read in full. */
function isAnswered({ steps, isFailed }: DomainPlan): boolean {
  return isFailed || steps.some((step) => step.outcome === 'held');
}

function wantedDifferences(reviewed: PlannedDomain, fresh: DomainPlan): readonly string[] {
  if (reviewed.wantedHash === fresh.wantedHash && reviewed.mode.wanted === fresh.mode.wanted) return [];
  const differences: string[] = [];
  if (reviewed.mode.wanted !== fresh.mode.wanted)
    differences.push(`mode ${fresh.mode.wanted} is wanted now, and ${reviewed.mode.wanted} by the plan`);
  const [before, now] = [reviewed.mx.wanted, fresh.mx.wanted].map((mx) => clip(mx.join(' ')));
  if (before !== now) differences.push(`mx ${now || 'of no host'} is wanted now, and ${before || 'none'} by the plan`);
  if (differences.length > 0) return differences;
  const isBoth = reviewed.wantedHash !== null && fresh.wantedHash !== null;
  return [isBoth ? 'another max_age is wanted now' : 'another policy is wanted now'];
}

function stepDifferences(step: Step, reviewed: readonly PlannedStep[]): readonly string[] {
  const here = reviewed.filter((one) => one.kind !== 'wait' && one.kind !== 'verify' && isSamePlace(one, step));
  const same = here.filter((one) => isSameChange(one, step));
  if (same.some(isPlanned)) return [];
  const target = stepTarget(step);
  const [shown] = same;
  if (shown !== undefined) {
    const why = shown.guard === null ? shown.outcome : `held by ${shown.guard}`;
    return [`${target} was ${why} in the plan, and nothing holds it now`];
  }
  const planned = here.find(isPlanned);
  if (planned === undefined) return [`the plan does not change ${changeOf(step)}, and it would change now`];
  const differences: string[] = [];
  if (!isSameTexts(planned.before, step.before))
    differences.push(
      `${target} was ${side(planned, planned.before)} in the plan and is ${side(step, step.before)} now`,
    );
  if (!isSameTexts(planned.after, step.after))
    differences.push(
      `${target} would become ${side(step, step.after)} now, and ${side(planned, planned.after)} by the plan`,
    );
  return differences.length > 0 ? differences : [`${target} would change in another way now`];
}

/** A step that finds its `after` there already (another run was cut off behind the write) is the one of the file, begun. */
function isSameChange(planned: PlannedStep, { kind, type, before, after }: Step): boolean {
  const isBegun = JSON.stringify(before) === JSON.stringify(after);
  return (
    planned.kind === kind &&
    planned.type === type &&
    isSameTexts(planned.after, after) &&
    (isBegun || isSameTexts(planned.before, before))
  );
}

/** The policy of a domain, or one record name; a CNAME that becomes addresses is in one place. */
function isSamePlace(a: Pick<Step, 'name' | 'type'>, b: Pick<Step, 'name' | 'type'>): boolean {
  return a.name === b.name && (a.type === null) === (b.type === null);
}

function isSameTexts(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return JSON.stringify(withoutTimes(a)) === JSON.stringify(withoutTimes(b));
}

function changeOf(step: PlannedStep | Step): string {
  return `${stepTarget(step)} from ${side(step, step.before)} to ${side(step, step.after)}`;
}

function side(step: Pick<Step, 'type'>, texts: readonly string[] | null): string {
  const text = sideText(step, texts);
  return text === null ? 'nothing' : `"${clip(text)}"`;
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
