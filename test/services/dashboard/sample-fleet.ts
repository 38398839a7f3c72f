/**
 * A fleet as its owner would know it: twelve domains in several states, thirty days of reports of four senders, and an MX host whose certificate ran
 * out for three days. For the tests in a browser and the pictures in the docs.
 */
import { join } from 'node:path';

import { newRecord } from '../../../src/core/certificates/model.ts';
import { noMemory } from '../../../src/core/memory.ts';
import { formatPolicy, type StsPolicy } from '../../../src/core/policy.ts';
import { policyId } from '../../../src/core/id.ts';
import type { DomainPlan } from '../../../src/core/plan/model.ts';
import { lookAtState } from '../../../src/effects/look-at-state.ts';
import { openCertificateStore } from '../../../src/effects/store-sqlite-certificates.ts';
import { openReportStore } from '../../../src/effects/store-sqlite-reports.ts';
import { openStore } from '../../../src/effects/store-sqlite.ts';
import type { DashboardWorld } from '../../../src/services/dashboard/answers.ts';
import { type FleetState, noFleet } from '../../../src/services/daemon/fleet-state.ts';
import { wantedDomain } from '../../support/world.ts';
import { configOf, planOf, stateWith } from '../daemon/states.ts';
import { daysAgo, now, policy, type Sample, SAMPLES } from './sample-domains.ts';
import { ASIDE, reportsOf } from './sample-reports.ts';

const COMMIT = '9f2c61be0d7a4e55a1c83b60f2d9e4417ab05c3d';

function planOfSample({ domain, status, wanted, live, finding: found }: Sample): DomainPlan {
  const isOpen = !['in sync', 'changed'].includes(status);
  const body = formatPolicy(policy(domain, wanted));
  const step: DomainPlan['steps'][number] = {
    kind: 'publish-policy',
    name: `mta-sts.${domain}`,
    type: null,
    before: null,
    after: [body],
    reason: 'the mode changes',
    outcome: status === 'held' ? 'held' : status === 'failed' ? 'failed' : 'pending',
    guard: null,
    notBefore: null,
    changes: [],
    chain: 'policy',
  };
  const hosts = [`mx1.${domain}`, `mx2.${domain}`, ...(domain === 'example.org' ? [`mx3.${domain}`] : [])];
  return planOf(domain, {
    status,
    mode: { wanted, live },
    mx: {
      wanted: policy(domain, wanted).mx,
      live: hosts,
      uncovered: hosts.slice(2),
      unused: [],
    },
    id: { live: live === null ? null : policyId(formatPolicy(policy(domain, live)), daysAgo(20)), next: null },
    steps: isOpen ? [step] : [],
    findings: found === undefined ? [] : [found],
  });
}

function fleetOf(): FleetState {
  const wanted = SAMPLES.map(({ domain, wanted: mode }) =>
    wantedDomain(domain, { mode, maxAgeSeconds: 604_800, mx: policy(domain, mode).mx }),
  );
  const states = SAMPLES.map((sample, n) => {
    const since = daysAgo(sample.status === 'in sync' ? 20 - n : 0.4);
    const lookedAt = new Date(now.getTime() - 240_000);
    return [
      sample.domain,
      stateWith({ status: sample.status, since, lookedAt, plan: planOfSample(sample) }, sample.domain),
    ] as const;
  });
  const ended = new Date(now.getTime() - 240_000);
  return {
    ...noFleet,
    role: 'leader',
    inForce: { config: configOf([], { domains: wanted }), commit: COMMIT, loadedAt: daysAgo(1) },
    domains: new Map(states),
    lastRun: { startedAt: ended, endedAt: ended, reason: 'schedule', error: null },
    lastGoodRunAt: ended,
    nextRunAt: new Date(now.getTime() + 660_000),
    intervalMs: 900_000,
  };
}

/** Writes the state of the fleet into `directory`, and gives the world that the dashboard looks into. */
export function sampleWorld(directory: string): DashboardWorld {
  const path = join(directory, 'stsync.db');
  const reports = openReportStore(path);
  reports.store([...SAMPLES.flatMap(reportsOf), ...ASIDE]);
  reports.close();
  writeHistory(path);
  const certificates = openCertificateStore(path, (error) => {
    throw error;
  });
  const directoryUrl = 'https://acme.example/directory';
  certificates.save(
    SAMPLES.map(({ domain, certificateDays }) => ({
      ...newRecord(`mta-sts.${domain}`, directoryUrl, daysAgo(90)),
      certificate: {
        notBefore: daysAgo(90 - certificateDays),
        notAfter: daysAgo(-certificateDays - 0.3),
        issuedAt: daysAgo(90 - certificateDays),
        directoryUrl,
        stamp: domain,
        chainPem: 'chain',
        keyPem: 'key',
      },
    })),
  );
  certificates.close();
  const state = fleetOf();
  return {
    state: () => state,
    now: () => now,
    look: (ask) => lookAtState(path, ask),
    ownerOf: () => null,
    pause: async () => undefined,
    onTrouble: (error) => {
      throw error;
    },
  };
}

function writeHistory(path: string): void {
  const store = openStore(path);
  const steps: { readonly at: Date; readonly write: () => void }[] = [];
  for (const [n, { domain, live }] of SAMPLES.entries()) {
    if (live === null) continue;
    const [old, next] = [policy(domain, 'testing', 86_400), policy(domain, live)];
    const served = { txtTtlSeconds: 300, cause: 'change', isHeldTesting: false } as const;
    const [first, second] = [daysAgo(52 - n), daysAgo(20 - n)];
    store.saveMemory(domain, {
      ...noMemory,
      history: [
        { ...served, policy: old, id: policyId(formatPolicy(old), first), from: first, to: second, rotatedAt: first },
        {
          ...served,
          policy: next,
          id: policyId(formatPolicy(next), second),
          from: second,
          to: null,
          rotatedAt: second,
        },
      ],
    });
    store.savePolicyBody(`mta-sts.${domain}`, formatPolicy(next));
    const step = (
      at: Date,
      kind: 'publish-policy' | 'upsert',
      body: StsPolicy,
      reason: string,
      before: StsPolicy | null,
    ): void => {
      const isPolicy = kind === 'publish-policy';
      const text = (one: StsPolicy): string =>
        isPolicy ? formatPolicy(one) : `v=STSv1; id=${policyId(formatPolicy(one), at)};`;
      const write = (): void => {
        const number = store.beginStep({
          at,
          domain,
          kind,
          name: isPolicy ? `mta-sts.${domain}` : `_mta-sts.${domain}`,
          type: isPolicy ? null : 'TXT',
          before: before === null ? null : [text(before)],
          after: [text(body)],
          reason,
          commit: COMMIT,
        });
        store.endStep(number, 'done', null);
      };
      steps.push({ at, write });
    };
    step(first, 'publish-policy', old, 'the domain is new: its policy is served before anything points at it', null);
    step(first, 'upsert', old, 'every address serves the policy: senders may know of it', null);
    step(
      second,
      'publish-policy',
      next,
      live === 'testing' ? 'max_age 1d -> 1w' : `mode testing -> ${live}, max_age 1d -> 1w`,
      old,
    );
    step(new Date(second.getTime() + 95_000), 'upsert', next, 'the policy changed and is proved: the id follows', old);
  }
  for (const { write } of steps.toSorted((a, b) => a.at.getTime() - b.at.getTime())) write();
  store.close();
}
