/** Floor 2. One look at the whole state over one connection, for a page that asks many questions. Nothing on disk changes. */
import { statSync } from 'node:fs';

import { StsyncError } from '../core/error.ts';
import type { ReportReader } from './report-store.ts';
import { type DashboardQueries, prepareDashboardQueries } from './store-sqlite-dashboard.ts';
import { prepareReader, reading } from './store-sqlite-queries.ts';
import { prepareReportReader } from './store-sqlite-report-queries.ts';
import { lookOnce } from './store-sqlite.ts';
import type { StoreReader } from './store.ts';

/** What can be asked while a look lasts. */
export interface StateView {
  readonly store: Omit<StoreReader, 'close'>;
  readonly reports: Omit<ReportReader, 'close'>;
  readonly dashboard: DashboardQueries;
}

const LOOKS = 20;

/**
 * The connection is closed before this returns: held open, it would keep a run of this process from writing (`store-sqlite-follow.ts`). `look` is
 * called again where the state changed meanwhile. Null: there is no state yet. Throws `STATE_UNREADABLE` and `LOCKED`.
 */
export function lookAtState<T>(path: string, look: (view: StateView) => T): T | null {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined || size === 0) return null;
  for (let tries = 1; ; tries++) {
    try {
      return lookOnce(path, (db) =>
        reading(path, 'what the page shows', () =>
          look({
            store: prepareReader(db, path),
            reports: prepareReportReader(db),
            dashboard: prepareDashboardQueries(db),
          }),
        ),
      );
    } catch (error) {
      const isBusy = error instanceof StsyncError && error.code === 'LOCKED';
      if (!isBusy || tries === LOOKS) throw error;
    }
  }
}
