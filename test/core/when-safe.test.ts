import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { matchMx } from '../../src/core/mx.ts';
import type { PolicyMode, StsPolicy } from '../../src/core/policy.ts';
import { type Question, type Served, whenSafe } from '../../src/core/when-safe.ts';
import { runs } from '../property-runs.ts';
import { lastUse, servedOf, type Truth } from './sender-simulation.ts';

const day = 86_400;
/** Noon of a day of November 2026, plus seconds. */
const nov = (date: number, seconds = 0): Date => new Date(Date.UTC(2026, 10, date, 12) + seconds * 1000);
const policy = (mode: PolicyMode, maxAgeSeconds: number, ...mx: readonly string[]): StsPolicy => ({
  mode,
  maxAgeSeconds,
  mx,
});
const oldMx = 'mx1.example.com';
const newMx = 'mx2.example.com';

/** Served from noon of one day until a minute after noon of another; the id is everywhere a minute after it began. */
function served(id: string, one: StsPolicy, from: number, to: number | null, rest: Partial<Served> = {}): Served {
  return {
    policy: one,
    id,
    from: nov(from),
    to: to === null ? null : nov(to, 60),
    rotatedAt: nov(from, 120),
    txtTtlSeconds: 300,
    ...rest,
  };
}

const always = new Date(0);
const addMx: Question = { kind: 'add-mx', host: newMx };
const removeMx: Question = { kind: 'remove-mx', host: oldMx };
const removal: Question = { kind: 'remove-policy' };
const modeBinds: Question = { kind: 'mode-binds' };

/** Title; question; history; for senders that watch the id; for all; a word of the reason. Dates are worked out by hand. */
const cases: readonly [string, Question, readonly Served[], Date | null, Date | null, RegExp][] = [
  ['no policy was ever served', addMx, [], always, always, /ever served/],
  [
    'a single testing policy refuses nobody',
    addMx,
    [served('a', policy('testing', day, oldMx), 1, null)],
    always,
    always,
    /no policy/,
  ],
  [
    'an enforced policy that covers the host',
    addMx,
    [served('a', policy('enforce', day, '*.example.com'), 1, null)],
    always,
    always,
    /no policy/,
  ],
  [
    'the policy served now refuses the host',
    addMx,
    [served('a', policy('enforce', day, oldMx), 1, null)],
    null,
    null,
    /served now refuses mx2\.example\.com/,
  ],
  [
    'enforce without the host, then with it: rotation 2 November 12:02, TTL 5 min, max_age 1 day',
    addMx,
    [served('a', policy('enforce', day, oldMx), 1, 2), served('b', policy('enforce', day, oldMx, newMx), 2, null)],
    nov(2, 120 + 300),
    nov(2, 120 + 300 + day),
    /under id a refuses/,
  ],
  [
    'the max_age of the new policy does not count',
    addMx,
    [served('a', policy('enforce', day, oldMx), 1, 2), served('b', policy('enforce', 30 * day, newMx), 2, null)],
    nov(2, 420),
    nov(2, 420 + day),
    /86400 s/,
  ],
  [
    'the TTL of the record that was replaced counts, not the new one',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 2, { txtTtlSeconds: 7200 }),
      served('b', policy('enforce', day, newMx), 2, null, { txtTtlSeconds: 60 }),
    ],
    nov(2, 120 + 7200),
    nov(2, 120 + 7200 + day),
    /under id a/,
  ],
  [
    'two that refuse, the older with the longer max_age: the older decides (RFC 8461 §8.3)',
    addMx,
    [
      served('a', policy('enforce', 30 * day, oldMx), 1, 2),
      served('b', policy('enforce', day, oldMx), 2, 3),
      served('c', policy('enforce', day, newMx), 3, null),
    ],
    nov(3, 420),
    nov(2, 420 + 30 * day),
    /under id a/,
  ],
  [
    'the id has not been replaced at every name server yet',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 2),
      served('b', policy('enforce', day, newMx), 2, null, { rotatedAt: null }),
    ],
    null,
    null,
    /id a\) has not been replaced/,
  ],
  [
    'an id that never got everywhere: the next one that did counts',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 2),
      served('b', policy('enforce', day, newMx), 2, 3, { rotatedAt: null }),
      served('c', policy('enforce', 2 * day, newMx), 3, null),
    ],
    nov(3, 420),
    nov(3, 420 + day),
    /under id a/,
  ],
  [
    'an address still serves the old body',
    addMx,
    [served('a', policy('enforce', day, oldMx), 1, null), served('b', policy('enforce', day, newMx), 2, null)],
    null,
    null,
    /still being served/,
  ],
  [
    'the old body was served past the rotation: senders hold it under the new id',
    addMx,
    [served('a', policy('enforce', day, oldMx), 1, 3), served('b', policy('enforce', day, newMx), 2, null)],
    null,
    null,
    /one more rotation/,
  ],
  [
    'and after one more rotation: its time, and the TTL of the id before it',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 3, { txtTtlSeconds: 60 }),
      served('b', policy('enforce', day, newMx), 2, 4, { txtTtlSeconds: 900 }),
      served('c', policy('enforce', day, newMx), 4, null),
    ],
    nov(4, 120 + 900),
    nov(4, 120 + 900 + day),
    /under id a/,
  ],
  [
    'a body fetched while a much older record was still in a cache: TTL of a week on the record before it',
    addMx,
    [
      served('a', policy('testing', day, oldMx), 1, 2, { txtTtlSeconds: 7 * day }),
      served('b', policy('enforce', day, oldMx), 2, 3),
      served('c', policy('enforce', day, newMx), 3, null),
    ],
    nov(2, 120 + 7 * day),
    nov(2, 120 + 8 * day),
    /under id b/,
  ],
  [
    'two bodies under one id: nobody learns of the second until the id changes',
    addMx,
    [served('a', policy('enforce', day, oldMx), 1, 2), served('a', policy('enforce', day, newMx), 2, null)],
    null,
    null,
    /has not been replaced/,
  ],
  [
    'two bodies under one id, whose record had two TTLs: the longer one counts',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 2, { txtTtlSeconds: 60 }),
      served('a', policy('enforce', day, newMx), 2, 3, { txtTtlSeconds: 900 }),
      served('b', policy('enforce', day, newMx), 3, null),
    ],
    nov(3, 120 + 900),
    nov(3, 120 + 900 + day),
    /under id a/,
  ],
  [
    'an id that only some name servers showed while the old body was still served: its TTL counts too',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 3, { txtTtlSeconds: 60 }),
      served('b', policy('enforce', day, newMx), 2, 4, { rotatedAt: null, txtTtlSeconds: 900 }),
      served('c', policy('enforce', day, newMx), 4, null),
    ],
    nov(4, 120 + 900),
    nov(4, 120 + 900 + day),
    /under id a/,
  ],
  [
    'two that refuse, and an address kept the older one longer: the latest of both counts',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 5),
      served('b', policy('enforce', day, oldMx), 2, 3),
      served('c', policy('enforce', day, newMx), 3, 6),
      served('d', policy('enforce', day, newMx), 6, null),
    ],
    nov(6, 420),
    nov(6, 420 + day),
    /under id a/,
  ],
  [
    'an id that came back: who slept in between never saw another',
    addMx,
    [
      served('a', policy('enforce', day, oldMx), 1, 2),
      served('b', policy('enforce', day, newMx), 2, 3),
      served('a', policy('enforce', day, newMx), 3, null),
    ],
    null,
    null,
    /one more rotation/,
  ],
  [
    'the order of the history does not count',
    addMx,
    [served('b', policy('enforce', day, oldMx, newMx), 2, null), served('a', policy('enforce', day, oldMx), 1, 2)],
    nov(2, 420),
    nov(2, 420 + day),
    /under id a/,
  ],
  [
    'remove-mx: a policy that names only this host leaves nothing to deliver to',
    removeMx,
    [served('a', policy('enforce', day, oldMx), 1, 2), served('b', policy('enforce', day, oldMx, newMx), 2, null)],
    nov(2, 420),
    nov(2, 420 + day),
    /allows only mx1/,
  ],
  [
    'remove-mx: it is the only one now',
    removeMx,
    [served('a', policy('enforce', day, oldMx), 1, null)],
    null,
    null,
    /served now allows only/,
  ],
  [
    'remove-mx: others were always allowed',
    removeMx,
    [served('a', policy('enforce', day, oldMx, newMx), 1, null)],
    always,
    always,
    /no policy/,
  ],
  [
    'remove-mx: a wildcard allows others too',
    removeMx,
    [served('a', policy('enforce', day, '*.example.com'), 1, null)],
    always,
    always,
    /no policy/,
  ],
  [
    'remove-mx: testing refuses nobody',
    removeMx,
    [served('a', policy('testing', day, oldMx), 1, null)],
    always,
    always,
    /no policy/,
  ],
  [
    'remove-policy: a policy of mode none has to come first (RFC 8461 §8.3)',
    removal,
    [served('a', policy('testing', day, oldMx), 1, null)],
    null,
    null,
    /mode none has to be served first/,
  ],
  [
    'remove-policy: all that was ever served has run out, testing too; the older has the longer max_age',
    removal,
    [
      served('a', policy('testing', 30 * day, oldMx), 1, 2),
      served('b', policy('enforce', 7 * day, oldMx), 2, 3),
      served('c', policy('none', day, oldMx), 3, null),
    ],
    nov(3, 420),
    nov(2, 420 + 30 * day),
    /under id a was not of mode none/,
  ],
  [
    'remove-policy: none is served but not announced',
    removal,
    [
      served('a', policy('enforce', day, oldMx), 1, 2),
      served('b', policy('none', day, oldMx), 2, null, { rotatedAt: null }),
    ],
    null,
    null,
    /has not been replaced/,
  ],
  [
    'remove-policy: only none was ever served',
    removal,
    [served('a', policy('none', day, oldMx), 1, null)],
    always,
    always,
    /no policy/,
  ],
  ['remove-policy: nothing was ever served', removal, [], always, always, /no policy/],
  ['mode-binds: nothing was ever served', modeBinds, [], null, null, /no policy/],
  [
    'mode-binds: the only mode so far binds from its announcement',
    modeBinds,
    [served('a', policy('enforce', day, oldMx), 1, null)],
    nov(1, 120),
    nov(1, 120),
    /only mode/,
  ],
  [
    'mode-binds: testing, then enforce',
    modeBinds,
    [served('a', policy('testing', 7 * day, oldMx), 1, 2), served('b', policy('enforce', day, oldMx), 2, null)],
    nov(2, 420),
    nov(2, 420 + 7 * day),
    /under id a is not enforce/,
  ],
  [
    'mode-binds: not announced yet',
    modeBinds,
    [
      served('a', policy('testing', day, oldMx), 1, 2),
      served('b', policy('enforce', day, oldMx), 2, null, { rotatedAt: null }),
    ],
    null,
    null,
    /enforce policy is not at every name server/,
  ],
  [
    'mode-binds: a later change within the mode does not put it off',
    modeBinds,
    [
      served('a', policy('testing', day, oldMx), 1, 2),
      served('b', policy('enforce', day, oldMx), 2, 5),
      served('c', policy('enforce', day, newMx), 5, null, { rotatedAt: null }),
    ],
    nov(2, 420),
    nov(2, 420 + day),
    /is not enforce/,
  ],
];

describe('whenSafe', () => {
  test.each(cases)('%s', (_, question, history, idWatchingSenders, allSenders, reason) => {
    const answer = whenSafe(question, history);
    expect(answer).toEqual({ idWatchingSenders, allSenders, reason: expect.stringMatching(reason) });
  });

  test('no question throws or changes the history, whatever the history', () => {
    const date = fc.date({ min: new Date(0), max: new Date('2999-12-31'), noInvalidDate: true });
    const moment = fc.option(date);
    const entry = fc.record({
      policy: fc.record({
        mode: fc.constantFrom<PolicyMode>('enforce', 'testing', 'none'),
        maxAgeSeconds: fc.nat(),
        mx: fc.array(fc.string(), { maxLength: 2 }),
      }),
      id: fc.constantFrom('a', 'b', 'c'),
      from: date,
      to: moment,
      rotatedAt: moment,
      txtTtlSeconds: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), fc.string(), (history, host) => {
        const before = structuredClone(history);
        for (const question of [{ kind: 'add-mx', host }, { kind: 'remove-mx', host }, removal, modeBinds] as const) {
          const { idWatchingSenders, allSenders, reason } = whenSafe(question, history);
          expect(reason).not.toBe('');
          expect(idWatchingSenders === null).toBe(allSenders === null);
          expect(secondsOf(idWatchingSenders) ?? -1).toBeLessThanOrEqual(secondsOf(allSenders) ?? -1);
        }
        expect(history).toEqual(before);
      }),
      runs(200),
    );
  });
});

/** How one policy comes and goes, as gaps in seconds; {@link lifeOf} makes true times of it in the order of rule 5. */
const plan = fc.record({
  mode: fc.constantFrom<PolicyMode>('enforce', 'enforce', 'testing', 'none'),
  hasNewMx: fc.boolean(),
  /** From 2: a copy of one second cannot be stretched by who looks once a second. */
  maxAge: fc.integer({ min: 2, max: 6 }),
  ttl: fc.integer({ min: 0, max: 5 }),
  /** From the beginning of the one before. */
  after: fc.integer({ min: 1, max: 6 }),
  /** How long the one before is still served. */
  overlap: fc.integer({ min: 0, max: 2 }),
  /** From the end of the one before to the first name server, and from that to the second. */
  delay: fc.integer({ min: 1, max: 3 }),
  lag: fc.integer({ min: 0, max: 3 }),
  spread: fc.constantFrom('both', 'both', 'both', 'first', 'none'),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

/** `isPlain`: every id is everywhere before the next policy begins. Otherwise changes may overtake each other. */
function lifeOf(plans: readonly Plan[], isPlain: boolean): readonly Truth[] {
  const truths: Truth[] = [];
  let [from, busyUntil, lastServed] = [0, 0, 0];
  for (const [index, one] of plans.entries()) {
    from = Math.max(from + one.after, isPlain ? busyUntil + 1 : 0);
    const previous = truths.pop();
    const to = from + one.overlap;
    if (previous !== undefined) {
      truths.push({ ...previous, to });
      lastServed = Math.max(lastServed, to);
    }
    const spread = isPlain ? 'both' : one.spread;
    const first = Math.max((previous === undefined ? from : lastServed) + one.delay, busyUntil);
    const last = first + one.lag;
    if (spread !== 'none') busyUntil = spread === 'both' ? last : first;
    truths.push({
      policy: policy(one.mode, one.maxAge, ...(one.hasNewMx ? [oldMx, newMx] : [oldMx])),
      id: `id${index}`,
      from,
      to: null,
      shownAt: [spread === 'none' ? null : first, spread === 'both' ? last : null],
      ttl: one.ttl,
    });
  }
  return truths;
}

const END = 70;
const refuses = (one: StsPolicy): boolean =>
  one.mode === 'enforce' && !one.mx.some((pattern) => matchMx(pattern, newMx));
const questions: readonly [Question, (current: StsPolicy) => (one: StsPolicy) => boolean][] = [
  [addMx, () => refuses],
  [removal, () => (one) => one.mode !== 'none'],
  [modeBinds, (current) => (one) => one.mode !== current.mode],
];

function secondsOf(date: Date | null): number | null {
  return date === null ? null : date.getTime() / 1000;
}

describe.each(questions)('whenSafe against all that senders could do: %j', (question, holdsFor) => {
  /** The answer in seconds beside the truth. */
  function compare(truths: readonly Truth[]): {
    watching: number | null;
    all: number | null;
    last: { watching: number; any: number };
  } {
    const current = truths.at(-1)?.policy ?? policy('none', 0);
    const { idWatchingSenders, allSenders } = whenSafe(question, servedOf(truths));
    const last = lastUse(truths, holdsFor(current), END);
    return { watching: secondsOf(idWatchingSenders), all: secondsOf(allSenders), last };
  }

  test('no sender acts on such a policy at the date or after it; with no date some sender could for ever', () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 4 }), (plans) => {
        const { watching, all, last } = compare(lifeOf(plans, false));
        expect(last.watching).toBeLessThan(watching ?? Infinity);
        expect(last.any).toBeLessThan(all ?? Infinity);
      }),
      runs(400),
    );
  });

  test('an old body served past rotations does not deceive it', () => {
    fc.assert(
      fc.property(
        fc.array(plan, { minLength: 2, maxLength: 4 }),
        fc.nat(2),
        fc.integer({ min: 1, max: 25 }),
        (plans, which, extra) => {
          const truths = lifeOf(plans, false);
          const flapping = truths[which];
          fc.pre(flapping !== undefined && flapping.to !== null && which < truths.length - 1);
          const to = (flapping?.to ?? 0) + extra;
          // An id on its way while the old body shows again is the one thing that the history cannot tell.
          fc.pre(
            truths.every(({ shownAt: [first, last] }) => first === null || last === null || first > to || last < to),
          );
          const flapped = truths.map((truth, index) => (index === which ? { ...truth, to } : truth));
          const { watching, all, last } = compare(flapped);
          expect(last.watching).toBeLessThan(watching ?? Infinity);
          expect(last.any).toBeLessThan(all ?? Infinity);
        },
      ),
      runs(400),
    );
  });

  test('some sender could act on it shortly before the date, so the date is not too late', () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 2, maxLength: 4 }), (plans) => {
        const truths = lifeOf(plans, true);
        const { watching, all, last } = compare(truths);
        fc.pre(last.any !== -1);
        // A second each for the last answer of a name server, of a resolver, and of the copy. No date: for ever.
        expect(last.watching).toBeGreaterThanOrEqual(watching === null ? 0 : watching - 2);
        expect(last.any).toBeGreaterThanOrEqual(all === null ? END : all - 3);
      }),
      runs(400),
    );
  });
});
