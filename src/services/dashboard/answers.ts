/** Floor 3. What the addresses of the dashboard stand on: the world they look into, and the shapes of their answers. */
import type { Context } from 'hono';

import type { StateView } from '../../effects/look-at-state.ts';
import type { FleetState } from '../daemon/fleet-state.ts';
import type { OwnerOf } from '../reports/summarize.ts';
import type { FileFormat, FileTable } from './file-table.ts';
import type { Page } from './page.ts';

export interface DashboardWorld {
  readonly state: () => FleetState;
  readonly now: () => Date;
  /** Null: there is no state yet. Throws `STATE_UNREADABLE` and `LOCKED`. */
  readonly look: <T>(ask: (view: StateView) => T) => T | null;
  /** Who owns the network of a sender. */
  readonly ownerOf: OwnerOf;
  /** Lets the rest of the daemon work for a moment. */
  readonly pause: () => Promise<void>;
  /** What went wrong beside any page. */
  readonly onTrouble: (error: unknown) => void;
}

/** What the routes answer with. */
export interface Answers {
  readonly page: (c: Context, page: Page, status?: 200 | 400 | 404) => Response;
  readonly file: (c: Context, table: FileTable, format: FileFormat) => Response;
  /** A value in the address that is none. */
  readonly bad: (c: Context, message: string) => Response;
  readonly missing: (c: Context, message: string) => Response;
}
