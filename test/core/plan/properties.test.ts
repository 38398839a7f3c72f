/** Properties of the planner over random YAML, random worlds and random memories. More runs with SLOW=1. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DomainConfig } from '../../../src/core/config/model.ts';
import type { GuardName } from '../../../src/core/guard-names.ts';
import { parseOwnId, policyId } from '../../../src/core/id.ts';
import { type DomainMemory, noMemory } from '../../../src/core/memory.ts';
import { publishedIds } from '../../../src/core/plan/ids.ts';
import type { DomainPlan } from '../../../src/core/plan/model.ts';
import type { Observation } from '../../../src/core/plan/observation.ts';
import { planDomain } from '../../../src/core/plan/plan.ts';
import { rememberObservation } from '../../../src/core/plan/remember.ts';
import { formatPolicy, parsePolicy, type PolicyMode } from '../../../src/core/policy.ts';
import { type RecordSet, rdataTexts, txtSet } from '../../../src/core/record-set.ts';
import { hostName, wantedDomain, World } from '../../support/world.ts';

const D = 'example.com';
const now = new Date('2026-11-24T12:00:00Z');
const numRuns = process.env['SLOW'] === '1' ? 3000 : 300;

const hosts = ['mx1.example.com', 'mx2.example.com', 'a.mx.example.net', 'b.mx.example.net'];
const patterns = [...hosts, '*.mx.example.net', '*.example.com'];
const modes: readonly PolicyMode[] = ['enforce', 'testing', 'none'];
const guards: readonly GuardName[] = [
  'testing-before-enforce',
  'enforce-covers-live-mx',
  'narrow-waits-for-mx',
  'removal-waits-for-caches',
  'reports-agree',
];

const policy = fc.record({
  mode: fc.constantFrom(...modes),
  maxAgeSeconds: fc.constantFrom(3600, 86_400, 604_800),
  mx: fc.uniqueArray(fc.constantFrom(...patterns), { minLength: 1 }),
});

const wanted: fc.Arbitrary<DomainConfig> = fc
  .record({
    policy,
    allow: fc.uniqueArray(fc.constantFrom(...guards)),
    adopt: fc.boolean(),
    absent: fc.boolean(),
    reports: fc.constantFrom(null, [], ['mailto:tls@example.net']),
    target: fc.constantFrom(
      { kind: 'hostname', hostname: hostName('policies.example.net') } as const,
      { kind: 'addresses', addresses: ['192.0.2.7'] } as const,
    ),
  })
  .map(({ policy: { mode, maxAgeSeconds, mx }, allow, adopt, absent, reports, target }) =>
    wantedDomain(D, {
      mode,
      maxAgeSeconds,
      mx,
      adopt,
      absent,
      allow: new Set(allow),
      tlsReports: reports,
      publisher: { type: 'directory', directory: '/www', target, proof: 'file', spreadSeconds: 0 },
    }),
  );

const idText = fc.oneof(
  fc.constantFrom(
    'v=STSv1; id=foreign1;',
    'v=STSv1; id=20190429T010101;',
    'v=STSv1; id=;',
    'v=STSv1;',
    'unrelated text',
  ),
  policy.map((one) => `v=STSv1; id=${policyId(formatPolicy(one), new Date('2026-10-01T00:00:00Z'))};`),
);

const observation: fc.Arbitrary<Observation> = fc
  .record({
    mx: fc.oneof(
      fc
        .uniqueArray(fc.constantFrom(...hosts), { minLength: 1 })
        .map((names) => ({ kind: 'hosts', hosts: names, ttlSeconds: 3600, isAuthoritative: true }) as const),
      fc.constantFrom(
        { kind: 'null-mx', isAuthoritative: true },
        { kind: 'no-domain', isAuthoritative: true },
        { kind: 'no-mx', hasAddress: true, isAuthoritative: true },
        {
          kind: 'unreadable',
          code: 'ZONE_UNREADABLE',
          message: 'no',
          hint: null,
        } as const,
      ),
    ),
    id: fc.array(idText, { maxLength: 3 }),
    reports: fc.uniqueArray(
      fc.constantFrom('v=TLSRPTv1; rua=mailto:x@example.org;', 'v=TLSRPTv1; rua=mailto:tls@example.net', 'hello'),
      { maxLength: 2 },
    ),
    host: fc.constantFrom<readonly RecordSet[]>(
      [],
      [{ name: `mta-sts.${D}`, type: 'CNAME', ttlSeconds: 300, rdata: ['policies.example.net.'] }],
      [{ name: `mta-sts.${D}`, type: 'CNAME', ttlSeconds: 60, rdata: ['foreign.example.'] }],
      [{ name: `mta-sts.${D}`, type: 'A', ttlSeconds: 300, rdata: ['192.0.2.1'] }],
    ),
    body: fc.oneof(fc.constant(null), fc.constant('<html>'), policy.map(formatPolicy)),
  })
  .map(({ mx, id, reports, host, body }) => ({
    mx,
    offers: null,
    spreading: [],
    delegation: null,
    published: body === null ? ({ kind: 'absent' } as const) : bodyFact(body),
    views: [
      {
        kind: 'read' as const,
        provider: 'main',
        ttlSeconds: 300,
        sets: [
          ...(id.length === 0 ? [] : [txtSet(`_mta-sts.${D}`, 300, [...new Set(id)])]),
          ...(reports.length === 0 ? [] : [txtSet(`_smtp._tls.${D}`, 300, reports)]),
          ...host,
        ],
      },
    ],
    policy: body === null ? ({ kind: 'absent' } as const) : bodyFact(body),
  }));

function bodyFact(body: string): Observation['policy'] {
  const parsed = parsePolicy(body);
  return {
    kind: 'body',
    body,
    policy: parsed.ok ? parsed.value : null,
    message: parsed.ok ? null : 'broken',
    leftOut: [],
  };
}

function planOf(one: DomainConfig, seen: Observation, memory: DomainMemory = noMemory): DomainPlan {
  const remembered = rememberObservation(memory, seen, publishedIds(one, seen), now, null);
  return planDomain(one, seen, remembered, {
    now,
    publisherHostnames: ['policies.example.net'],
    isRotationAsked: false,
    isSmtpReachable: false,
    certificate: null,
    reports: null,
  });
}

describe('every plan', () => {
  it('has no new id before the publication and the proof of its policy', () => {
    fc.assert(
      fc.property(wanted, observation, (one, seen) => {
        const plan = planOf(one, seen);
        const kinds = plan.steps
          .filter((step) => step.chain === 'policy' && step.outcome === 'pending' && step.kind !== 'wait')
          .map((step) => `${step.kind} ${step.type}`);
        if (plan.id.next === null || !kinds.includes('upsert TXT')) return;
        const [publish, verify, id] = ['publish-policy null', 'verify null', 'upsert TXT'].map((kind) =>
          kinds.indexOf(kind),
        );
        expect(verify).toBeGreaterThan(publish ?? 0);
        expect(id).toBeGreaterThan(verify ?? 0);
      }),
      { numRuns },
    );
  });

  it('gives an id that ends in the hash of the policy to serve', () => {
    fc.assert(
      fc.property(wanted, observation, (one, seen) => {
        const plan = planOf(one, seen);
        if (plan.id.next === null || plan.serve === null) return;
        expect(plan.id.next.slice(14)).toBe(policyId(formatPolicy(plan.serve), now).slice(14));
      }),
      { numRuns },
    );
  });

  it('does not depend on the order or case of mx, nor on doubling', () => {
    fc.assert(
      fc.property(wanted, observation, fc.boolean(), (one, seen, isUpper) => {
        if (one.mx === 'live') return;
        const mx = [...one.mx, ...one.mx].toReversed().map((pattern) => (isUpper ? pattern.toUpperCase() : pattern));
        expect(planOf({ ...one, mx }, seen)).toEqual(planOf(one, seen));
      }),
      { numRuns },
    );
  });

  it('deletes or overwrites nothing that is not ours without adopt', () => {
    fc.assert(
      fc.property(wanted, observation, (one, seen) => {
        if (one.adopt) return;
        const foreign = [/id=foreign1|id=20190429T010101/, /rua=mailto:x@/, /foreign\.example/, /192\.0\.2\.1$/];
        for (const step of planOf(one, seen).steps) {
          if (step.outcome !== 'pending' || step.type === null || step.kind === 'wait') continue;
          const lost = (step.before ?? []).filter((text) => !(step.after ?? []).includes(text));
          // Senders see nothing where several strings stand, so nothing is lost there.
          const isDoubled = (step.before ?? []).filter((text) => text.startsWith('v=')).length > 1;
          if (!isDoubled) expect(lost.filter((text) => foreign.some((pattern) => pattern.test(text)))).toEqual([]);
        }
      }),
      { numRuns },
    );
  });

  it('keeps the strings of others at a TXT name', () => {
    fc.assert(
      fc.property(wanted, observation, (one, seen) => {
        for (const step of planOf(one, seen).steps.filter((made) => made.type === 'TXT' && made.kind !== 'wait')) {
          for (const text of ['unrelated text', 'hello'])
            if (step.before?.includes(text)) expect(step.after).toContain(text);
        }
      }),
      { numRuns },
    );
  });

  it('deletes only under absent and `tlsReports: []`, rule 8', () => {
    fc.assert(
      fc.property(wanted, observation, (one, seen) => {
        const deletes = planOf(one, seen).steps.filter((step) => step.kind === 'delete' && step.outcome === 'pending');
        if (!one.absent)
          expect(deletes.filter((step) => !(one.tlsReports?.length === 0 && step.name.startsWith('_smtp')))).toEqual(
            [],
          );
      }),
      { numRuns },
    );
  });

  it('tightens nothing while MX cannot be read, rule 1', () => {
    fc.assert(
      fc.property(wanted, observation, (one, seen) => {
        const plan = planOf(one, {
          ...seen,
          mx: { kind: 'unreadable', code: 'ZONE_UNREADABLE', message: 'no', hint: null },
        });
        expect(plan.status).toBe('failed');
        const live = seen.policy.kind === 'body' ? seen.policy.policy : null;
        if (plan.serve?.mode === 'enforce') {
          // Only an enforce that senders hold already goes on, and with every pattern it had.
          expect(one.allow.has('testing-before-enforce') && live === null).toBe(false);
          for (const pattern of live?.mx ?? []) expect(plan.serve.mx).toContain(pattern);
        }
      }),
      { numRuns },
    );
  });
});

describe('a run', () => {
  it('is in sync or waiting afterwards, whatever it began with, unless a guard or a fault says why', async () => {
    await fc.assert(
      fc.asyncProperty(wanted, observation, async (one, seen) => {
        if (seen.mx.kind === 'unreadable') return;
        const [view] = seen.views;
        const world = new World(view?.kind === 'read' ? view.sets : []);
        if (seen.mx.kind === 'hosts')
          world.sets.set(`${D} MX`, {
            name: D,
            type: 'MX',
            ttlSeconds: 3600,
            rdata: seen.mx.hosts.map((host) => `10 ${host}.`),
          });
        if (seen.policy.kind === 'body') world.files.set(`mta-sts.${D}`, seen.policy.body);
        const first = await world.sync([one]);
        const before = JSON.stringify([...world.sets.values(), ...world.files.values()]);
        const second = await world.later(1).sync([one]);
        expect(JSON.stringify([...world.sets.values(), ...world.files.values()])).toBe(before);
        const [a, b] = [first.domains[0], second.domains[0]];
        expect(b?.steps.filter((step) => step.outcome === 'done')).toEqual([]);
        // What held the first run holds the second; nothing else is left.
        expect(b?.steps.filter((step) => step.outcome === 'held').map((step) => step.guard)).toEqual(
          a?.steps.filter((step) => step.outcome === 'held').map((step) => step.guard),
        );
        const id = world.id(D);
        const own = id === undefined ? null : parseOwnId(id);
        const set = world.sets.get(`_mta-sts.${D} TXT`) ?? null;
        if (own !== null && b?.serve != null && b.status !== 'held')
          expect(rdataTexts(set)?.filter((text) => text.startsWith('v=STSv1;'))).toHaveLength(1);
      }),
      { numRuns: numRuns / 3 },
    );
  });
});
