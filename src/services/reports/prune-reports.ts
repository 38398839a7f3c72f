/** Floor 3. TLS reports leave the state when their time is over: slice by slice, with room for others between. */
import type { ReportsKeepConfig } from '../../core/config/model.ts';
import type { Keeping, ReportStore } from '../../effects/report-store.ts';

const MS_PER_SECOND = 1000;
const BYTES_PER_MEGABYTE = 1_000_000;

/** Until nothing is left to do, or the signal aborts. `pause`: between two slices. Throws as {@link ReportStore}. */
export async function pruneReports(
  store: Pick<ReportStore, 'prune'>,
  keep: ReportsKeepConfig,
  { now, pause, signal }: { readonly now: Date; readonly pause: () => Promise<void>; readonly signal: AbortSignal },
): Promise<void> {
  const keeping = keepingAt(keep, now);
  while (!signal.aborted && store.prune(keeping)) await pause();
}

function keepingAt({ wholeSeconds, countsSeconds, mostMegabytes }: ReportsKeepConfig, now: Date): Keeping {
  const dayBefore = (seconds: number): string =>
    new Date(now.getTime() - seconds * MS_PER_SECOND).toISOString().slice(0, 10);
  const mostBytes = mostMegabytes * BYTES_PER_MEGABYTE;
  return { wholeSince: dayBefore(wholeSeconds), countsSince: dayBefore(countsSeconds), mostBytes };
}
