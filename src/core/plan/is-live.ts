/** Floor 0. Rule 14: a step of a plan file whose `after` is live already counts as done, whoever did it. */
import { parsePolicy, samePolicy } from '../policy.ts';
import type { RecordSet } from '../record-set.ts';
import { liveHost } from './host-step.ts';
import type { Observation, ReadView } from './observation.ts';
import type { PlannedStep } from './plan-file.ts';
import { longestTtl, textsOfSets } from './provider-change.ts';
import { isRecordOf } from './record-names.ts';
import { withoutTimes } from './report.ts';

/**
 * False also where it could not be read. An id counts by the body it proves, unless nothing but its time was to change; a record counts with
 * the TTL that the plan shows.
 */
export function isLive(step: PlannedStep, domain: string, observation: Observation): boolean {
  const { type } = step;
  if (type === null) return isPolicyLive(step.after, observation);
  const read = observation.views.filter((view) => view.kind === 'read');
  const isHost = isRecordOf('mta-sts', step.name, domain);
  const shown = read.map((view) => ({
    provider: view.provider,
    sets: isHost ? liveHost(view, step.name) : setsAt(step.name, type, view),
  }));
  // A provider that does not hold the name shows nothing there.
  const live = shown.filter(({ sets }) => sets.length > 0);
  if (step.after === null) return read.length > 0 && live.length === 0;
  return (
    live.length > 0 &&
    live.every(({ provider, sets }) => {
      const texts = textsOfSets(sets);
      const isAfter = isSame(withoutTimes(texts), withoutTimes(step.after)) && !isStill(step, texts);
      return isAfter && isPlannedTtl(step, provider, sets);
    })
  );
}

/** A provider at which the plan changes nothing, and a file that does not show TTLs, say nothing of them. */
function isPlannedTtl({ changes }: PlannedStep, provider: string, sets: readonly RecordSet[]): boolean {
  const planned = changes?.find((one) => one.provider === provider);
  return planned === undefined || planned.ttl.after === longestTtl(sets);
}

function isPolicyLive(after: readonly string[] | null, { published }: Observation): boolean {
  if (after === null) return published.kind === 'absent';
  const planned = parsePolicy(after[0] ?? '');
  return (
    planned.ok && published.kind === 'body' && published.policy !== null && samePolicy(published.policy, planned.value)
  );
}

/** Exactly what the plan saw stands there, and the plan was to change it. */
function isStill({ before, after }: PlannedStep, texts: readonly string[] | null): boolean {
  return isSame(texts, before) && !isSame(before, after);
}

function setsAt(name: string, type: string, { sets }: ReadView): readonly RecordSet[] {
  return sets.filter((set) => set.name === name && set.type === type);
}

function isSame(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
