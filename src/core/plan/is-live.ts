/** Floor 0. Rule 14: a step of a plan file whose `after` is live already counts as done, whoever did it. */
import { parsePolicy, samePolicy } from '../policy.ts';
import { rdataTexts, type RecordSet } from '../record-set.ts';
import { hostTexts, liveHost } from './host-step.ts';
import type { Observation } from './observation.ts';
import type { PlannedStep } from './plan-file.ts';
import { recordName } from './record-names.ts';
import { withoutTimes } from './report.ts';

/** False also where it could not be read. An id counts by the body it proves, unless nothing but its time was to change. */
export function isLive(step: PlannedStep, domain: string, observation: Observation): boolean {
  const { type } = step;
  if (type === null) return isPolicyLive(step.after, observation);
  const read = observation.views.filter((view) => view.kind === 'read');
  const isHost = step.name === recordName('mta-sts', domain);
  const shown = read.map((view) => (isHost ? hostTexts(liveHost(view, domain)) : textsAt(step.name, type, view.sets)));
  // A provider that does not hold the name shows nothing there.
  const live = shown.filter((texts) => texts !== null);
  if (step.after === null) return read.length > 0 && live.length === 0;
  return (
    live.length > 0 &&
    live.every((texts) => isSame(withoutTimes(texts), withoutTimes(step.after)) && !isStill(step, texts))
  );
}

function isPolicyLive(after: readonly string[] | null, { published }: Observation): boolean {
  if (after === null) return published.kind === 'absent';
  const planned = parsePolicy(after[0] ?? '');
  return (
    planned.ok && published.kind === 'body' && published.policy !== null && samePolicy(published.policy, planned.value)
  );
}

/** Exactly what the plan saw stands there, and the plan was to change it. */
function isStill({ before, after }: PlannedStep, texts: readonly string[]): boolean {
  return isSame(texts, before) && !isSame(before, after);
}

function textsAt(name: string, type: string, sets: readonly RecordSet[]): readonly string[] | null {
  return rdataTexts(sets.find((set) => set.name === name && set.type === type) ?? null);
}

function isSame(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
