/** What the way back from enforce rests on, beside reports: each alone keeps enforce. */
import { expect, test } from 'vitest';

import type { DomainConfig } from '../../../src/core/config/model.ts';
import { noMemory } from '../../../src/core/memory.ts';
import type { Observation } from '../../../src/core/plan/observation.ts';
import { type Situation, situationOf } from '../../../src/core/plan/situation.ts';
import { holdBack, stepBackFindings } from '../../../src/core/plan/step-back.ts';
import type { StsPolicy } from '../../../src/core/policy.ts';
import { wantedDomain } from '../../support/world.ts';
import { factsOf, failed, went } from '../reports/facts.ts';

const D = 'example.com';
const enforce: StsPolicy = { mode: 'enforce', maxAgeSeconds: 86_400, mx: [`mx1.${D}`] };
const reports = factsOf([went(20, 'google.com', 100), failed(20, 'google.com', 20), failed(20, 'microsoft.com', 20)]);

function situation(wanted: Partial<DomainConfig>, rest: Partial<Situation> = {}): Situation {
  const hidden = { kind: 'unreadable', code: 'DNS_TIMEOUT', message: 'no answer', hint: null } as const;
  const observation: Observation = {
    mx: {
      kind: 'hosts',
      hosts: [`mx1.${D}`],
      ttlSeconds: 60,
      isAuthoritative: true,
    },
    policy: hidden,
    published: hidden,
    views: [],
    offers: null,
    spreading: [],
    delegation: null,
  };
  const from = new Date('2026-09-15T12:00:00Z');
  const entry = {
    policy: enforce,
    id: 'a',
    from,
    to: null,
    rotatedAt: from,
    txtTtlSeconds: 60,
    cause: 'change',
    isHeldTesting: false,
  } as const;
  const context = {
    now: new Date('2026-09-21T12:00:00Z'),
    publisherHostnames: [],
    isRotationAsked: false,
    isSmtpReachable: true,
    certificate: null,
    reports,
  };
  const domain = wantedDomain(D, { mode: 'enforce', stepBack: true, ...wanted });
  return {
    ...situationOf(domain, observation, { ...noMemory, history: [entry] }, context),
    announced: enforce,
    ...rest,
  };
}

test.each<readonly [string, Situation, boolean]>([
  ['a burst at a live MX under enforce', situation({}), true],
  ['no `stepBack`', situation({ stepBack: false }), false],
  ['mode testing', situation({ mode: 'testing' }), false],
  ['a domain that goes', situation({ absent: true }), false],
  ['a domain that moves out', situation({ released: true }), false],
  ['`allow: [reports-agree]`', situation({ allow: new Set(['reports-agree']) }), false],
  ['testing announced', situation({}, { announced: { ...enforce, mode: 'testing' } }), false],
  ['no reports', situation({}, { reports: null }), false],
  ['no history', situation({}, { memory: noMemory }), false],
])('%s', (_, at, isBack) => {
  expect(holdBack(at)?.guard).toBe(isBack ? 'reports-agree' : undefined);
  expect(stepBackFindings(at).map(({ severity }) => severity)).toEqual(isBack ? ['error'] : []);
});
