/** The plan of a delegated domain, over every mixture of what its CNAMEs may show (RFC 8461 §8.2). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noMemory, type DomainMemory } from '../../../src/core/memory.ts';
import { publishedIds } from '../../../src/core/plan/ids.ts';
import type { DomainPlan } from '../../../src/core/plan/model.ts';
import type { DelegationFact, Observation } from '../../../src/core/plan/observation.ts';
import { planDomain } from '../../../src/core/plan/plan.ts';
import { rememberDelegation } from '../../../src/core/plan/remember-delegation.ts';
import { formatPolicy } from '../../../src/core/policy.ts';
import { type RecordSet, txtSet } from '../../../src/core/record-set.ts';
import { runs } from '../../property-runs.ts';
import { D, delegated, ZONE } from '../../services/delegation-rig.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const policy = { mode: 'testing', maxAgeSeconds: 86_400, mx: [`mx1.${D}`] } as const;
const BODY = formatPolicy(policy);
const served = { kind: 'body', body: BODY, policy, message: null, leftOut: [] } as const;

const here = { kind: 'here', ttlSeconds: 300, isWhole: true } as const;
const unreadable = { kind: 'unreadable', code: 'DNS_TIMEOUT', message: 'no answer', hint: null } as const;
const theirs = txtSet('_mta-sts.hosted.example', 60, ['v=STSv1; id=theirs;']);
const facts: readonly DelegationFact[] = [
  here,
  { ...here, isWhole: false },
  { kind: 'missing', isWhole: true },
  { kind: 'missing', isWhole: false },
  { kind: 'elsewhere', target: 'hosted.example', sets: [theirs], ttlSeconds: 300, isWhole: true },
  { kind: 'elsewhere', target: `_mta-sts.other.example.${ZONE}`, sets: [theirs], ttlSeconds: 300, isWhole: true },
  { kind: 'elsewhere', target: null, sets: [], ttlSeconds: 300, isWhole: false },
  { kind: 'differs', others: ['hosted.example'], ttlSeconds: 300 },
  unreadable,
];
const anyFact = fc.constantFrom(...facts);
const anyFacts = fc.tuple(anyFact, anyFact, anyFact);
type Facts = readonly [DelegationFact, DelegationFact, DelegationFact];

function observed([id, host, reports]: Facts, sets: readonly RecordSet[]): Observation {
  return {
    mx: { kind: 'hosts', hosts: [`mx1.${D}`], ttlSeconds: 60, isAuthoritative: true },
    views: [{ kind: 'read', provider: 'main', sets, ttlSeconds: 300 }],
    policy: served,
    published: served,
    offers: null,
    spreading: [],
    delegation: { facts: { '_mta-sts': id, 'mta-sts': host, '_smtp._tls': reports }, atTarget: null },
  };
}

function planOf(
  seen: Facts,
  rest: Parameters<typeof delegated>[1] = {},
  sets: readonly RecordSet[] = [],
  memory: DomainMemory = noMemory,
): DomainPlan {
  const context = {
    now: NOW,
    publisherHostnames: ['policies.example.net'],
    isRotationAsked: false,
    isSmtpReachable: true,
    certificate: null,
    reports: null,
  };
  return planDomain(delegated(D, rest), observed(seen, sets), memory, context);
}

const ownRecords: readonly RecordSet[] = [
  txtSet(`_mta-sts.${D}.${ZONE}`, 300, ['v=STSv1; id=2026112400000011223344556677ff;']),
  { name: `mta-sts.${D}.${ZONE}`, type: 'CNAME', ttlSeconds: 300, rdata: ['policies.example.net.'] },
  txtSet(`_smtp._tls.${D}.${ZONE}`, 300, ['v=TLSRPTv1; rua=mailto:tls@example.net;']),
];
const owned = ownRecords.map(({ name, type }) => `${name} ${type}`);
const isTouched = (plan: DomainPlan): readonly string[] =>
  plan.steps
    .filter((one) => one.kind !== 'wait' && one.outcome === 'pending' && one.type !== null)
    .map((one) => one.name);

describe('a delegated domain', () => {
  it('is written in our zone only', () => {
    fc.assert(
      fc.property(
        anyFacts,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom([], ownRecords),
        (seen, adopt, released, sets) => {
          const strays = isTouched(planOf(seen, { adopt, released }, sets)).filter(
            (name) => !name.endsWith(`.${ZONE}`),
          );
          expect(strays).toEqual([]);
        },
      ),
      runs(300),
    );
  });

  it('announces a new id only where all of its CNAMEs lead here', () => {
    fc.assert(
      fc.property(anyFacts, (seen) => {
        const isAnnounced = planOf(seen, {}, ownRecords.slice(1)).id.next !== null;
        expect(isAnnounced).toBe(seen.every((fact) => fact.kind === 'here'));
      }),
      runs(300),
    );
  });

  it('is failed and left alone where one that senders need cannot be read', () => {
    fc.assert(
      fc.property(anyFact, anyFact, fc.boolean(), (other, reports, isId) => {
        const seen = isId ? ([unreadable, other, reports] as const) : ([other, unreadable, reports] as const);
        const plan = planOf(seen, {}, [], { ...noMemory, owned });
        expect(plan.status).toBe('failed');
        expect(isTouched(plan).filter((name) => !name.startsWith('_smtp'))).toEqual([]);
      }),
      runs(100),
    );
  });

  it('is not said to have announced what stands in our zone, where nobody knows what senders read', () => {
    expect(publishedIds(delegated(D), observed([unreadable, here, here], ownRecords))).toEqual([]);
    expect(publishedIds(delegated(D), observed([here, here, here], ownRecords))).toHaveLength(1);
  });

  it('never copies the id of a neighbour', () => {
    const neighbour = { ...theirs, rdata: ['"v=STSv1; id=202611240000001122334455667788;"'] };
    const led = {
      kind: 'elsewhere',
      target: `_mta-sts.other.example.${ZONE}`,
      sets: [neighbour],
      ttlSeconds: 60,
      isWhole: true,
    } as const;
    const plan = planOf([led, here, here], { adopt: true });
    expect(plan.id).toEqual({ live: null, next: null });
    expect(isTouched(plan)).not.toContain(`_mta-sts.${D}.${ZONE}`);
  });
});

const isAway = (fact: DelegationFact): boolean =>
  (fact.kind === 'missing' || fact.kind === 'elsewhere') && fact.isWhole;

describe('released', () => {
  it('deletes only what is ours, and only when every server of every name says that it leads elsewhere, one TTL ago', () => {
    const hostSettledAt = fc.constantFrom(null, new Date(NOW.getTime() + 1), NOW, new Date(0));
    fc.assert(
      fc.property(anyFacts, hostSettledAt, (seen, settledAt) => {
        const memory = { ...noMemory, owned, hostSettledAt: settledAt };
        const plan = planOf(seen, { released: true }, ownRecords, memory);
        const deleted = plan.steps.filter((one) => one.kind === 'delete' && one.outcome === 'pending');
        const isDue = seen.every(isAway) && settledAt !== null && settledAt <= NOW;
        expect(deleted.map((one) => one.name)).toEqual(
          isDue
            ? [
                ...ownRecords.slice(0, 1).map((one) => one.name),
                `mta-sts.${D}`,
                ...ownRecords.slice(1).map((one) => one.name),
              ]
            : [],
        );
        // Until then it writes nothing at all.
        expect(plan.steps.filter((one) => one.kind !== 'wait' && one.kind !== 'delete')).toEqual([]);
      }),
      runs(500),
    );
  });

  it('is freed of the wait for caches by its guard, never of the CNAMEs', () => {
    const rest = { released: true, allow: new Set(['removal-waits-for-caches'] as const) };
    const away = { kind: 'missing', isWhole: true } as const;
    const memory = { ...noMemory, owned };
    expect(isTouched(planOf([away, away, away], rest, ownRecords, memory))).toHaveLength(3);
    expect(isTouched(planOf([away, here, away], rest, ownRecords, memory))).toEqual([]);
  });
});

const differs = (...others: readonly string[]): DelegationFact => ({ kind: 'differs', others, ttlSeconds: 300 });
const remembered = (fact: DelegationFact): DomainMemory => {
  const seen = observed([fact, here, here], []).delegation;
  if (seen === null) throw new Error('it is delegated');
  return rememberDelegation(noMemory, delegated(D), seen, false, NOW);
};

describe('what a look at the CNAMEs leaves in the memory', () => {
  it('is how long resolvers may lead elsewhere, and nothing where they led nowhere before', () => {
    expect(remembered(differs('hosted.example')).hostTtlSeconds).toBe(300);
    for (const fact of [differs(), here, { kind: 'missing', isWhole: true } as const, unreadable])
      expect(remembered(fact)).toEqual(noMemory);
  });

  it('is the same object where the look shows what the one before showed', () => {
    const seen = observed([differs('hosted.example'), here, here], []).delegation;
    if (seen === null) throw new Error('it is delegated');
    const first = rememberDelegation(noMemory, delegated(D), seen, false, NOW);
    expect(rememberDelegation(first, delegated(D), seen, false, new Date(NOW.getTime() + 9e6))).toBe(first);
  });
});
