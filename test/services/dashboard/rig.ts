/** A dashboard over a state in a temporary folder, asked without a socket. */
import { join } from 'node:path';

import { lookAtState } from '../../../src/effects/look-at-state.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { openStore } from '../../../src/effects/store-sqlite.ts';
import type { Change } from '../../../src/effects/report-store.ts';
import type { DomainPlan } from '../../../src/core/plan/model.ts';
import { dashboardApp } from '../../../src/services/dashboard/dashboard-app.ts';
import type { DashboardWorld } from '../../../src/services/dashboard/answers.ts';
import { type FleetState, noFleet } from '../../../src/services/daemon/fleet-state.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { configOf, planOf, stateWith } from '../daemon/states.ts';
import { now } from './sample-domains.ts';

export interface Asked {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export async function ask(world: DashboardWorld, path: string, headers: Record<string, string> = {}): Promise<Asked> {
  const response = await dashboardApp(world).request(path, { headers });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** No state at all yet. */
export function emptyWorld(rest: Partial<DashboardWorld> = {}): DashboardWorld {
  return {
    state: () => noFleet,
    now: () => now,
    look: () => null,
    ownerOf: () => null,
    pause: async () => undefined,
    onTrouble: (error) => {
      throw error;
    },
    ...rest,
  };
}

/** Domains with their plans, and what is stored of them. */
export function worldWith(
  plans: Readonly<Record<string, Partial<DomainPlan>>>,
  changes: readonly Change[] = [],
  rest: Partial<FleetState> = {},
): DashboardWorld & { readonly path: string } {
  const path = join(tempDirectory(), 'stsync.db');
  openStore(path).close();
  const reports = openReportStore(path);
  reports.store(changes);
  reports.close();
  const domains = new Map(
    Object.entries(plans).map(([domain, plan]) => [
      domain,
      stateWith({ status: plan.status ?? 'in sync', plan: planOf(domain, plan) }, domain),
    ]),
  );
  const config = configOf(Object.keys(plans));
  const state: FleetState = {
    ...noFleet,
    role: 'leader',
    inForce: { config, commit: null, loadedAt: now },
    domains,
    ...rest,
  };
  return { ...emptyWorld({ state: () => state, look: (look) => lookAtState(path, look) }), path };
}
