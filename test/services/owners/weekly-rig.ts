/** Weekly summaries over a state in a temporary folder, with a clock that a test moves. */
import { join } from 'node:path';

import type { Config } from '../../../src/core/config/model.ts';
import type { WeeklyConfig } from '../../../src/core/config/shape-reports-weekly.ts';
import { defaultReports } from '../../../src/core/config/shape-reports.ts';
import type { StsyncError } from '../../../src/core/error.ts';
import { lookAtState } from '../../../src/effects/look-at-state.ts';
import type { Mail } from '../../../src/effects/send-mail.ts';
import { openOwnerStore } from '../../../src/effects/store-sqlite-owners.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { type FleetState, noFleet } from '../../../src/services/daemon/fleet-state.ts';
import { openWeeklySummaries } from '../../../src/services/owners/weekly-summaries.ts';
import { failureOf, keptReport, policyOf } from '../../core/reports/kept-report.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { wantedDomain } from '../../support/world.ts';
import { configOf, planOf, stateWith } from '../daemon/states.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** A Monday, a minute before the usual time. */
export const MONDAY = '2026-11-30T07:59:00Z';

export const weekly: WeeklyConfig = {
  from: 'stsync@example.net',
  server: 'localhost:25',
  on: 'monday',
  at: '08:00',
  link: null,
};

/** `owners`: contacts by domain. */
export function fleetOf(
  owners: Readonly<Record<string, readonly string[]>>,
  rest: Partial<WeeklyConfig> = {},
  timezone = 'UTC',
): FleetState {
  const at = new Date('2026-11-30T07:00:00Z');
  const base = configOf([], { reports: { ...defaultReports, weekly: { ...weekly, ...rest } } });
  const config: Config = {
    ...base,
    daemon: { ...base.daemon, timezone },
    domains: Object.entries(owners).map(([domain, contacts]) => wantedDomain(domain, { contacts })),
  };
  return {
    ...noFleet,
    role: 'leader',
    inForce: { config, commit: null, loadedAt: at },
    domains: new Map(
      Object.keys(owners).map((domain) => {
        const mx = { wanted: [], live: [`mx1.${domain}`], uncovered: [], unused: [] };
        return [domain, stateWith({ plan: planOf(domain, { mx }) }, domain)];
      }),
    ),
    lastRun: { startedAt: at, endedAt: at, reason: 'start', error: null },
  };
}

export interface Rig {
  readonly clock: FakeClock;
  readonly path: string;
  readonly mails: Mail[];
  readonly lines: { readonly fields: object; readonly message: string }[];
  /** What mails to an address fail with, one attempt each. */
  readonly failures: Map<string, StsyncError[]>;
  /** As `clock.pass`, in steps: what goes on beside timers has its turns. */
  pass(ms: number, stepMs?: number): Promise<void>;
  /** Mails that are on their way at once, at most. */
  readonly most: () => number;
  setState(state: FleetState): void;
  /** Ends the daemon, and starts it again over the same state. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export function openRig(first: FleetState, at = MONDAY): Rig {
  const path = join(tempDirectory(), 'stsync.db');
  const clock = new FakeClock(at);
  const [mails, lines, failures]: [Mail[], Rig['lines'], Rig['failures']] = [[], [], new Map()];
  let [state, going, most] = [first, 0, 0];
  const note = (fields: object, message: string): void => void lines.push({ fields, message });
  const start = (): ReturnType<typeof openWeeklySummaries> =>
    openWeeklySummaries({
      clock,
      log: { debug: note, info: note, warn: note, error: note, hide: () => undefined },
      state: () => state,
      look: (ask) => lookAtState(path, ask),
      openOwners: () => openOwnerStore(path),
      pause: async () => undefined,
      sendMail: async (_server, mail) => {
        most = Math.max(most, ++going);
        await new Promise((resolve) => setImmediate(resolve));
        going--;
        const failure = failures.get(mail.to[0] ?? '')?.shift();
        if (failure !== undefined) throw failure;
        mails.push(mail);
      },
    });
  let running = start();
  return {
    clock,
    path,
    mails,
    lines,
    failures,
    most: () => most,
    pass: async (ms, stepMs = 5000) => {
      for (let passed = 0; passed < ms; passed += stepMs) await clock.pass(stepMs);
    },
    setState: (next) => void (state = next),
    restart: async () => {
      await running.close();
      running = start();
    },
    close: () => running.close(),
  };
}

/** Reports of one day about a domain: 5 sessions went well, 2 failed. */
export function storeReports(path: string, domain: string, day: string): void {
  const store = openReportStore(path);
  const report = keptReport({
    domain,
    verdict: 'dkim',
    proof: { domain: 'sender.example', selector: 's', algorithm: 'rsa-sha256' },
    reportId: `${domain} ${day}`,
    dateRange: { start: new Date(`${day}T00:00:00Z`), end: new Date(`${day}T23:59:59Z`) },
    policies: [
      policyOf({ policyDomain: domain, failureDetails: [failureOf({ receivingMxHostname: `mx1.${domain}` })] }),
    ],
  });
  store.store([{ kind: 'keep', report, clears: `${domain} ${day}` }]);
  store.close();
}
