/** Floor 0. Guard no-delete-without-absent (rule 8), over a finished plan: whatever made a delete step, only these keys let it through. */
import type { DomainConfig } from '../config/model.ts';
import type { Step } from './model.ts';
import { ownName } from './record-names.ts';
import { heldStep } from './steps.ts';

/** `isReleasable`: no CNAME of the domain, which `released` hands over, leads here any more. */
export function guardDeletes(steps: readonly Step[], wanted: DomainConfig, isReleasable = false): readonly Step[] {
  const isReports = (step: Step): boolean =>
    step.name === ownName('_smtp._tls', wanted) && wanted.tlsReports?.length === 0;
  const isReleased = wanted.released && isReleasable;
  return steps.map((step) =>
    step.kind !== 'delete' || step.outcome !== 'pending' || wanted.absent || isReleased || isReports(step)
      ? step
      : heldStep(step, {
          guard: 'no-delete-without-absent',
          reason: `${step.name} would be deleted`,
          hint: wanted.released ? 'let no CNAME of the domain lead here' : 'set `absent: true` to remove the domain',
        }),
  );
}
