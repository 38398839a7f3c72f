/**
 * Floor 0. Rule 13: what an earlier run began at a record and was not seen to end. The record may stand as wanted already, and then no other
 * step touches it; but what comes after the write (the name server that loads the zone) may still be missing.
 */
import type { DomainConfig } from '../config/model.ts';
import type { JournalEntry } from '../journal.ts';
import { rdataTexts } from '../record-set.ts';
import type { DomainPlan, Step } from './model.ts';
import type { Observation } from './observation.ts';
import { providerChange } from './provider-change.ts';
import { type Label, providersOf, writtenName } from './record-names.ts';
import { statusOf } from './status.ts';
import { recordStep } from './steps.ts';

/** The plan with a step in front for each unfinished one that it does not repeat anyway. `entries`: of this domain, from the journal. */
export function addUnfinished(
  plan: DomainPlan,
  wanted: DomainConfig,
  observation: Observation,
  entries: readonly JournalEntry[],
): DomainPlan {
  const again = entries
    .filter((entry) => !plan.steps.some((step) => step.name === entry.name && step.type !== null))
    .flatMap((entry) => againStep(wanted, observation, entry));
  if (again.length === 0) return plan;
  const steps = [...again, ...plan.steps];
  return { ...plan, steps, status: statusOf({ ...plan, steps }, 'before') };
}

/** Writes what stands there as it stands; none where a provider could not be read or is not the domain's any more. */
function againStep(wanted: DomainConfig, observation: Observation, entry: JournalEntry): readonly Step[] {
  const { name, kind } = entry;
  const label = (['_mta-sts', 'mta-sts', '_smtp._tls'] as const).find((one) => writtenName(one, wanted) === name);
  const type = (['TXT', 'CNAME', 'A', 'AAAA'] as const).find((one) => one === entry.type);
  if (label === undefined || type === undefined || (kind !== 'upsert' && kind !== 'delete')) return [];
  // A report record that the YAML says nothing of is no longer ours to touch.
  if (label === '_smtp._tls' && wanted.tlsReports === null) return [];
  const views = providersOf(wanted, label).map((provider) =>
    observation.views.find((view) => view.kind === 'read' && view.provider === provider),
  );
  const sets = views.flatMap((view) =>
    view?.kind === 'read'
      ? [{ provider: view.provider, set: view.sets.find((one) => one.name === name && one.type === type) ?? null }]
      : [],
  );
  // Done at the others it would count as done, and what the hidden one lacks would be forgotten.
  if (sets.length < views.length) return [];
  const texts = rdataTexts(sets[0]?.set ?? null);
  const changes = sets.map(({ provider, set }) => {
    const shown = set === null ? [] : [set];
    return providerChange(provider, shown, shown, [{ name, type, before: set, after: set }]);
  });
  const reason = `an earlier run (${entry.at.toISOString().slice(0, 16).replace('T', ' ')} UTC) did not end this step`;
  const step = {
    kind: texts === null ? 'delete' : 'upsert',
    name,
    type,
    before: texts,
    after: texts,
    reason,
    changes,
  } as const;
  return sets.length === 0 ? [] : [recordStep(step, chainOf(label))];
}

function chainOf(label: Label): Step['chain'] {
  return label === '_smtp._tls' ? 'reports' : 'policy';
}
