/** Plans, reports and states as tests of the daemon need them. */
import type { Config } from '../../../src/core/config/model.ts';
import { defaultDaemon } from '../../../src/core/config/shape-daemon.ts';
import { defaultReports } from '../../../src/core/config/shape-reports.ts';
import { defaultLimits, defaultSchedule, defaultWorld } from '../../../src/core/config/shape-world.ts';
import type { DomainPlan, Status } from '../../../src/core/plan/model.ts';
import type { RunReport } from '../../../src/core/plan/report.ts';
import type { DomainState } from '../../../src/services/daemon/fleet-state.ts';
import { wantedDomain } from '../../support/world.ts';

export function planOf(domain: string, rest: Partial<DomainPlan> = {}): DomainPlan {
  return {
    domain,
    status: 'in sync',
    wantedHash: null,
    mode: { wanted: 'testing', live: 'testing' },
    mx: { wanted: [], live: [], uncovered: [], unused: [] },
    id: { live: null, next: null },
    steps: [],
    findings: [],
    serve: null,
    isHeldTesting: false,
    idRecord: `_mta-sts.${domain}`,
    announce: null,
    cause: null,
    txtTtlSeconds: 300,
    foundEqual: [],
    isFailed: false,
    countsAsChange: false,
    delegation: null,
    ...rest,
  };
}

export function stateWith(rest: Partial<DomainState>, domain = 'example.com'): DomainState {
  const at = new Date('2026-11-24T11:00:00Z');
  return { status: 'in sync', since: at, plan: planOf(domain), lookedAt: at, failures: 0, nextAt: null, ...rest };
}

export function reportOf(statuses: Readonly<Record<string, Status>>, rest: Partial<RunReport> = {}): RunReport {
  return {
    version: 1,
    digest: '',
    generatedAt: new Date('2026-11-24T12:00:00Z'),
    isDryRun: false,
    domains: Object.entries(statuses).map(([domain, status]) => planOf(domain, { status })),
    orphans: [],
    findings: [],
    ...rest,
  };
}

export function configOf(domains: readonly string[], rest: Partial<Config> = {}): Config {
  return {
    providers: new Map(),
    state: { kind: 'file', path: '/state.db' },
    world: defaultWorld,
    schedule: defaultSchedule,
    limits: defaultLimits,
    domains: domains.map((domain) => wantedDomain(domain)),
    source: null,
    sourceCommit: null,
    daemon: defaultDaemon,
    notifications: [],
    reports: defaultReports,
    publisherHostnames: [],
    policyServers: [],
    ...rest,
  };
}
