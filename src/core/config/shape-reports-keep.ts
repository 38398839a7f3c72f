/** Floor 0. `reports.keep:`, how long TLS reports stay in the state. */
import type { ReportsKeepConfig } from './model.ts';
import { duration, number, type Reader, transform } from './readers.ts';
import { object } from './readers-composed.ts';

const DAY = 86_400;
const LONGEST = 3_653 * DAY;

/** Where there is no `keep:`. */
export const defaultKeep: ReportsKeepConfig = {
  wholeSeconds: 90 * DAY,
  countsSeconds: 800 * DAY,
  mostMegabytes: 4_000,
};

/** `reports.keep:`. */
export const reportsKeepReader: Reader<ReportsKeepConfig> = transform(
  object(
    {
      reports: {
        reader: duration(DAY, LONGEST),
        about: 'How long each report can be shown in full (default 90d). Its counts stay.',
      },
      counts: {
        reader: duration(DAY, LONGEST),
        about: 'How long counts by day stay, and that a report is known already (default 800d; at least `reports`).',
      },
      megabytes: {
        reader: number(10, 1_000_000),
        about: 'Where the state has more, the oldest reports go before their time (default 4000). Their counts stay.',
      },
    },
    { what: '`keep`', canBeEmpty: true },
  ),
  ({ reports, counts, megabytes }): ReportsKeepConfig => {
    const wholeSeconds = reports?.value ?? defaultKeep.wholeSeconds;
    const countsSeconds = Math.max(counts?.value ?? defaultKeep.countsSeconds, wholeSeconds);
    return { wholeSeconds, countsSeconds, mostMegabytes: megabytes?.value ?? defaultKeep.mostMegabytes };
  },
);
