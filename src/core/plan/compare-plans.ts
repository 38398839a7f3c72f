/**
 * Floor 0. Rule 14: one domain of a plan file beside its plan of now. What is to be done now has to stand in the file, to the letter but for
 * times; a domain where it does not has moved. Proofs, waits and certificates change nothing and are not compared.
 */
import type { DomainPlan, Step } from './model.ts';
import { isLive } from './is-live.ts';
import type { Observation } from './observation.ts';
import type { PlannedDomain, PlannedStep } from './plan-file.ts';
import type { ProviderSides } from './provider-change.ts';
import { isDue, withoutTimes } from './report.ts';
import { sideText, stepTarget } from './step-words.ts';

/** What is compared: a step as a whole, or its part at one provider. */
type Sides = Pick<Step, 'before' | 'after'> & Partial<ProviderSides>;

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
  if (isUncompared({ kind })) return false;
  return outcome === 'pending' || (outcome === 'held' && guard === 'max-changed-domains');
}

/** What changes nothing. */
function isUncompared({ kind }: Pick<PlannedStep, 'kind'>): boolean {
  return kind === 'wait' || kind === 'verify' || kind === 'certificate';
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
  const here = reviewed.filter((one) => !isUncompared(one) && isSamePlace(one, step));
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
  const differences = placesOf(planned, step).flatMap(([before, now]) => sideDifferences(step, before, now));
  return differences.length > 0 ? differences : [`${target} would change in another way now`];
}

/** One side by side with the other, at each provider that would change now; the whole step where none is named. */
function placesOf(planned: PlannedStep, step: Step): readonly (readonly [Sides | undefined, Sides])[] {
  if (planned.changes === null || step.changes.length === 0) return [[planned, step]];
  const { changes } = planned;
  return step.changes.map((now) => [changes.find((one) => one.provider === now.provider), now]);
}

function sideDifferences(step: Step, planned: Sides | undefined, now: Sides): readonly string[] {
  const isOne = step.changes.length < 2 && planned !== undefined;
  const target = isOne || now.provider === undefined ? stepTarget(step) : `${stepTarget(step)} at ${now.provider}`;
  if (planned === undefined) return [`the plan does not change ${target}, and it would change now`];
  const differences: string[] = [];
  if (!isSameTexts(planned.before, now.before) && !isBegun(now))
    differences.push(`${target} was ${side(step, planned.before)} in the plan and is ${side(step, now.before)} now`);
  if (!isSameTexts(planned.after, now.after))
    differences.push(
      `${target} would become ${side(step, now.after)} now, and ${side(step, planned.after)} by the plan`,
    );
  const [wanted, written] = [planned.ttl?.after, now.ttl?.after];
  if (differences.length === 0 && wanted !== written)
    differences.push(`${target} would get TTL ${written} now, and ${wanted} by the plan`);
  return differences;
}

/** The same, at every provider that would change now; one that does not is done. */
function isSameChange(planned: PlannedStep, step: Step): boolean {
  const isSameKind = planned.kind === step.kind && planned.type === step.type;
  return isSameKind && placesOf(planned, step).every(([one, now]) => sideDifferences(step, one, now).length === 0);
}

/** A step that finds its `after` there already (another run was cut off behind the write) is the one of the file, begun. */
function isBegun({ before, after }: Sides): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

/** The policy of a domain, or one record name; a CNAME that becomes addresses is in one place. */
function isSamePlace(a: Pick<Step, 'name' | 'type'>, b: Pick<Step, 'name' | 'type'>): boolean {
  return a.name === b.name && (a.type === null) === (b.type === null);
}

function isSameTexts(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return JSON.stringify(withoutTimes(a)) === JSON.stringify(withoutTimes(b));
}

function changeOf(step: PlannedStep | Step): string {
  const [first] = step.changes ?? [];
  if (first !== undefined && isBegun(first) && first.ttl.before !== first.ttl.after)
    return `${stepTarget(step)} from TTL ${first.ttl.before} to TTL ${first.ttl.after}`;
  return `${stepTarget(step)} from ${side(step, step.before)} to ${side(step, step.after)}`;
}

function side(step: Pick<Step, 'type'>, texts: readonly string[] | null): string {
  const text = sideText(step, texts);
  return text === null ? 'nothing' : `"${clip(text)}"`;
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
