/** Floor 2. What node-cron, which runs `schedule:`, has against it. */
import { validateDetailed } from 'node-cron';
import { makeFault } from '../core/config/fault.ts';
import type { ConfigFault } from '../core/config/model.ts';
import type { WrittenSchedule } from '../core/config/parse-config.ts';
import { scheduleHint } from '../core/config/shape-world.ts';

/** `BAD_SCHEDULE` for each field that is none, and for a day that no month of the line has. */
export function scheduleFaults({ line, place }: WrittenSchedule): readonly ConfigFault[] {
  return validateDetailed(line).errors.map(({ message }) =>
    makeFault(place, 'BAD_SCHEDULE', message.slice(0, 200).replace(' a invalid ', ' an invalid '), scheduleHint),
  );
}
