/** Floor 0. Guard no-delete-without-absent (rule 8), over a finished plan: whatever made a delete step, only these keys let it through. */
import type { DomainConfig } from '../config/model.ts';
import type { Step } from './model.ts';
import { recordName } from './record-names.ts';
import { heldStep } from './steps.ts';

export function guardDeletes(steps: readonly Step[], wanted: DomainConfig): readonly Step[] {
  const isReports = (step: Step): boolean =>
    step.name === recordName('_smtp._tls', wanted.domain) && wanted.tlsReports?.length === 0;
  return steps.map((step) =>
    step.kind !== 'delete' || step.outcome !== 'pending' || wanted.absent || isReports(step)
      ? step
      : heldStep(step, {
          guard: 'no-delete-without-absent',
          reason: `${step.name} would be deleted`,
          hint: 'set `absent: true` to remove the domain',
        }),
  );
}
