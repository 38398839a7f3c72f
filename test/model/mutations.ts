/**
 * Every guard and order rule that can hurt a sender, switched off one at a time, and what the model then has to notice. How: `allow`, a plan
 * tampered with, a memory that forgets, or an eye blinded.
 */
import type { GuardName } from '../../src/core/guard-names.ts';
import type { HistoryEntry } from '../../src/core/memory.ts';
import { guardDeletes } from '../../src/core/plan/guard-deletes.ts';
import type { DomainPlan, Step } from '../../src/core/plan/model.ts';
import { samePolicy } from '../../src/core/policy.ts';
import type { Mutation } from './plot.ts';
import type { Violation } from './referee.ts';

export interface Case {
  /** Any of these. */
  readonly finds: readonly Violation['kind'][];
  readonly mutation: Mutation;
  /** The seed to begin with, where the fault is rare: a hint that saves time and no more. */
  readonly from: number;
}

/** Guards of rule 8. `harmless` says why one cannot hurt a sender by its nature. */
export const guardCases: Readonly<Record<GuardName, readonly Case[] | { readonly harmless: string }>> = {
  'enforce-covers-live-mx': [refused({ allow: ['enforce-covers-live-mx'] })],
  'mx-offers-starttls': [refused({ allow: ['mx-offers-starttls'] })],
  'testing-before-enforce': [refused({ plot: 'trial', allow: ['testing-before-enforce'] })],
  'reports-agree': [refused({ plot: 'trial', isCalm: true, allow: ['reports-agree'] })],
  'narrow-waits-for-mx': [
    refused({ isCalm: true, allow: ['narrow-waits-for-mx'] }),
    refused({ allow: ['narrow-waits-for-mx', 'enforce-covers-live-mx'] }),
  ],
  'removal-waits-for-caches': [refused({ allow: ['removal-waits-for-caches'] }, 24)],
  'live-mx-under-enforce': [refused({ plot: 'live-mx', allow: ['live-mx-under-enforce', 'testing-before-enforce'] })],
  'shared-id-record': [{ finds: ['idle-rotation'], from: 1, mutation: { plot: 'twins', runsApart: true } }],
  'no-foreign-overwrite': [refused({ plot: 'hosted', yaml: { adopt: true } })],
  'no-delete-without-absent': [{ finds: ['no-record'], from: 1, mutation: { tamper: withDelete } }],
  'served-before-id': [oldBody({ tamper: withoutProof })],
  'source-readable': [
    refused({ blindness: 'failure-as-empty' }, 8),
    refused({ blindness: 'resolver-as-authority' }, 37),
  ],
  'max-changed-domains': {
    harmless: 'it counts domains; each of their plans is as safe for its senders as it is alone',
  },
  'plan-is-current': {
    harmless:
      'what is carried out is always the plan of now, judged by every other guard; the file only says what a person has read',
  },
};

/**
 * Order rules and rules of memory, by the rule of DESIGN section 2. Without a case, since no sender can tell:
 * - rule 5, on: policy before the first id. Who finds an id and no policy keeps none, and asks again (RFC 8461 §3.3).
 * - rule 5, off: id, policy, host record. They go when no sender holds a policy any more (guard removal-waits-for-caches).
 * - rules 9, 11, 12, 14: they are about other domains, dry runs, calls and what a person has read.
 */
export const ruleCases: Readonly<Record<string, Case>> = {
  'rule 2: mx: live under enforce has a max_age of a day at most': refused({ plot: 'live-mx-freed', uncapped: true }),
  'rule 4: the id rotates when the policy changes': {
    finds: ['stuck'],
    from: 1,
    mutation: { tamper: withoutRotation },
  },
  'rule 5: the id goes out after the policy': oldBody({ tamper: idFirst }),
  'rule 5: the proof is made at every address': oldBody({ blindness: 'first-address' }),
  'rule 5: the proof is made twice where an address hides several nodes': oldBody({ plot: 'nodes', spreadSeconds: 0 }),
  'rule 5: a new policy host is proved before the record moves': oldBody({ plot: 'moving', tamper: hostFirst }),
  'rule 5: body and id stay until no resolver holds the old host record': oldBody({
    plot: 'moving',
    isCalm: true,
    isQuick: true,
    yaml: { ttlSeconds: 3600 },
    remembers: (memory) => ({ ...memory, hostSettledAt: null }),
  }),
  'rule 6: the owner asks before MX moves': refused({ asks: 'never' }, 15),
  'rule 6: the answer for senders that watch the id is not for all': refused({ isCalm: true, asks: 'id-watching' }, 30),
  'rule 6: a host that left MX counts for its TTL': refused(
    {
      remembers: (memory) => ({ ...memory, seenMx: memory.seenMx.filter((one) => one.isLive) }),
    },
    31,
  ),
  'rule 6: the id counts from the last authoritative server': refused({
    plot: 'plain',
    isCalm: true,
    blindness: 'first-server',
  }),
  'rule 6: the TTL of the replaced record counts': refused(
    {
      plot: 'plain',
      isCalm: true,
      remembers: (memory) => ({ ...memory, history: memory.history.map((one) => ({ ...one, txtTtlSeconds: 0 })) }),
    },
    95,
  ),
  'rule 6: copies count from the rotation, not from the serving': refused({
    isCalm: true,
    remembers: (memory) => ({
      ...memory,
      history: memory.history.map((one, at, all) => ({
        ...one,
        to: all[at + 1]?.from ?? one.to,
        rotatedAt: one.rotatedAt === null ? null : servedSince(all, at),
      })),
    }),
  }),
  'rule 7: a record is replaced in one step, never with a gap': {
    finds: ['no-record'],
    from: 1,
    mutation: { tamper: withGap },
  },
  'rule 10: after a lost answer it looks before it writes again': {
    finds: ['no-record'],
    from: 11,
    mutation: { repeatsCreate: true },
  },
  'rule 13: what is about to be served is remembered first': refused(
    {
      remembers: (memory) => ({
        ...memory,
        history: memory.history.filter((one, index, all) => index < all.length - 1 || one.rotatedAt !== null),
      }),
    },
    160,
  ),
};

/** The same tampering with the guard in place: it has to hurt nobody. */
export const guardedDelete: Mutation = {
  tamper: (plan, wanted) => {
    const wild = withDelete(plan);
    return { ...wild, steps: guardDeletes(wild.steps, wanted) };
  },
};

/** When the policy of an entry came out, under whatever id. */
function servedSince(history: readonly HistoryEntry[], at: number): Date {
  const [one, before] = [history[at], history[at - 1]];
  if (one === undefined) return new Date(0);
  return before !== undefined && samePolicy(before.policy, one.policy) ? servedSince(history, at - 1) : one.from;
}

function refused(mutation: Mutation, from = 1): Case {
  return { finds: ['refused'], mutation, from };
}

/** What comes before a refusal: the next host that joins MX is one that the old body refuses. */
function oldBody(mutation: Mutation): Case {
  return { finds: ['refused', 'old-body'], mutation, from: 1 };
}

function isId(step: Step): boolean {
  return step.chain === 'policy' && step.kind === 'upsert' && step.type === 'TXT';
}

function idFirst(plan: DomainPlan): DomainPlan {
  const rest = plan.steps.filter((step) => !isId(step) && step.kind !== 'verify');
  return { ...plan, steps: [...plan.steps.filter(isId), ...rest] };
}

function withoutProof(plan: DomainPlan): DomainPlan {
  return { ...plan, steps: plan.steps.filter((step) => step.kind !== 'verify') };
}

function withoutRotation(plan: DomainPlan): DomainPlan {
  return { ...plan, steps: plan.steps.filter((step) => !isId(step) || step.before === null) };
}

function isHost(step: Step): boolean {
  return step.kind === 'upsert' && step.type === 'CNAME';
}

function hostFirst(plan: DomainPlan): DomainPlan {
  if (!plan.steps.some(isHost)) return plan;
  const rest = plan.steps.filter((step) => !isHost(step) && step.kind !== 'verify');
  return { ...plan, steps: [...plan.steps.filter(isHost), ...rest] };
}

function withGap(plan: DomainPlan): DomainPlan {
  const steps = plan.steps.flatMap((step): readonly Step[] => {
    if (!isId(step) || step.before === null) return [step];
    const gone = step.changes.map((one) => ({
      ...one,
      changes: one.changes.map((change) => ({ ...change, after: null })),
    }));
    const made = step.changes.map((one) => ({
      ...one,
      changes: one.changes.map((change) => ({ ...change, before: null })),
    }));
    return [
      { ...step, kind: 'delete', after: null, changes: gone },
      { ...step, before: null, changes: made },
    ];
  });
  return { ...plan, steps };
}

/** A planner gone mad: it takes the id record away before it writes it anew. */
function withDelete(plan: DomainPlan): DomainPlan {
  const steps = plan.steps.flatMap((step): readonly Step[] => {
    if (!isId(step) || step.before === null) return [step];
    const changes = step.changes.map((one) => ({
      ...one,
      changes: one.changes.map((change) => ({ ...change, after: null })),
    }));
    return [{ ...step, kind: 'delete', after: null, changes }];
  });
  return { ...plan, steps };
}
