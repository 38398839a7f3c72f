/** Which hosts are ordered and renewed for, and whose certificate goes (rule 5). */
import { describe, expect, test } from 'vitest';

import { type CertificateFacts, glanceOf, newRecord } from '../../../src/core/certificates/model.ts';
import { certificateNeeds, type CertificateSituation } from '../../../src/core/certificates/wanted.ts';
import type { DomainConfig } from '../../../src/core/config/model.ts';
import type { DomainPlan, Step } from '../../../src/core/plan/model.ts';
import { planOf } from '../../services/daemon/states.ts';
import { wantedDomain } from '../../support/world.ts';

const D = 'example.com';
const HOST = `mta-sts.${D}`;
const when = new Date('2026-11-24T12:00:00Z');
const held = { notBefore: when, notAfter: when, issuedAt: when, directoryUrl: 'x', stamp: 'x' };
const nothing: CertificateFacts = newRecord(HOST, 'x', when);

function step(kind: Step['kind'], outcome: Step['outcome'], chain: Step['chain'] = 'policy'): Step {
  const rest = {
    name: HOST,
    type: null,
    before: null,
    after: null,
    reason: '',
    guard: null,
    notBefore: null,
    changes: [],
  };
  return { ...rest, kind, outcome, chain };
}

interface Given {
  readonly domain?: Partial<DomainConfig> | null;
  readonly known?: readonly CertificateFacts[];
  readonly steps?: readonly Step[];
  readonly isServed?: boolean;
}

function needs({ domain = {}, known = [], steps = [], isServed = false }: Given): readonly (readonly string[])[] {
  const plan: DomainPlan = planOf(D, { steps });
  const situation: CertificateSituation = {
    domains: domain === null ? [] : [wantedDomain(D, domain)],
    known: known.map(glanceOf),
    planOf: () => plan,
    isServed: () => isServed,
  };
  const { wanted, needless } = certificateNeeds(situation);
  return [wanted.map(({ host }) => host), needless];
}

describe('a host is ordered for', () => {
  test.each<[string, Given, readonly string[], readonly string[]]>([
    [
      'when a run came to its certificate',
      { steps: [step('upsert', 'done'), step('certificate', 'pending')] },
      [HOST],
      [],
    ],
    [
      'whatever became of the record of reports',
      { steps: [step('upsert', 'failed', 'reports'), step('certificate', 'pending')] },
      [HOST],
      [],
    ],
    [
      'not while its host record could not be written',
      { steps: [step('upsert', 'failed'), step('certificate', 'pending')] },
      [],
      [],
    ],
    ['not while its host record is held', { steps: [step('upsert', 'held'), step('certificate', 'skipped')] }, [], []],
    ['not before any run', { known: [nothing] }, [], []],
    [
      'when an order is under way from before a restart',
      { known: [{ ...nothing, order: { url: 'x', startedAt: when } }] },
      [HOST],
      [],
    ],
    ['when it has one, which is renewed', { known: [{ ...nothing, certificate: held }] }, [HOST], []],
    [
      'while its removal waits for caches',
      { domain: { absent: true }, known: [{ ...nothing, certificate: held }], isServed: true },
      [HOST],
      [],
    ],
    [
      'when its domain left the YAML and is served',
      { domain: null, known: [{ ...nothing, certificate: held }], isServed: true },
      [HOST],
      [],
    ],
    [
      'not when nothing is served: its certificate goes',
      { domain: null, known: [{ ...nothing, certificate: held }] },
      [],
      [HOST],
    ],
    [
      'not when it was removed: its certificate goes',
      { domain: { absent: true }, known: [{ ...nothing, certificate: held }] },
      [],
      [HOST],
    ],
    [
      'not when it has moved out: its certificate goes',
      { domain: { released: true }, known: [{ ...nothing, certificate: held }] },
      [],
      [HOST],
    ],
    ['not when it left the YAML with no certificate', { domain: null, known: [nothing], isServed: true }, [], []],
  ])('%s', (_when, given, wanted, needless) => {
    expect(needs(given)).toEqual([wanted, needless]);
  });
});
