/** What is next for a certificate, and when it is renewed. */
import { describe, expect, test } from 'vitest';

import { atDirectory, backOffMs, withCertificate, withFailure } from '../../../src/core/certificates/change.ts';
import { compareTurns, decideNext, type OrderTurn } from '../../../src/core/certificates/decide.ts';
import { type CertificateFacts, type HeldCertificate, newRecord } from '../../../src/core/certificates/model.ts';
import { askedInVain, firstRenewal, nextRenewal } from '../../../src/core/certificates/renewal.ts';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const CA = 'https://ca.test/directory';
const now = new Date('2026-11-25T12:00:00Z');
const after = (ms: number): Date => new Date(now.getTime() + ms);
const fresh = newRecord('mta-sts.example.test', CA, now);
const life = { notBefore: now, notAfter: after(90 * DAY), issuedAt: now };
const certificate: HeldCertificate = { ...life, directoryUrl: CA, stamp: 'a', chainPem: 'chain', keyPem: 'key' };
const held = withCertificate(fresh, certificate, now, 0);
const order = { url: 'https://ca.test/order/1', keyPem: 'key', startedAt: now };
const failure = { code: 'ACME_REFUSED', message: 'no', hint: null, at: now } as const;
const renewal = { renewAt: after(60 * DAY), askAgainAt: after(61 * DAY), isSuggested: true };

describe('next is', () => {
  test.each<readonly [what: string, facts: CertificateFacts, at: Date, next: object]>([
    ['an order, for a host that has nothing', fresh, now, { kind: 'order', why: 'new', rank: 'new', isExempt: false }],
    ['the order that is under way, before any other', { ...fresh, order }, now, { kind: 'resume' }],
    [
      'nothing before the end of a pause',
      { ...fresh, nextAttemptAt: after(1) },
      now,
      { kind: 'rest', until: after(1) },
    ],
    [
      'nothing for a paused order either',
      { ...fresh, order, nextAttemptAt: after(1) },
      now,
      { kind: 'rest', until: after(1) },
    ],
    ['an order at the end of the pause', { ...fresh, nextAttemptAt: now }, now, { kind: 'order' }],
    [
      'an order where a pause is longer than any: the clock was set back',
      { ...fresh, nextAttemptAt: after(30 * DAY) },
      now,
      { kind: 'order' },
    ],
    [
      'an order where the certificate is of another CA',
      { ...held, certificate: { ...certificate, directoryUrl: 'https://staging.test' } },
      now,
      { kind: 'order', why: 'new', isExempt: false },
    ],
    ['to ask about the renewal of a new certificate', held, now, { kind: 'ask-renewal' }],
    ['to ask where nothing is known about it', { ...held, renewal: null }, now, { kind: 'ask-renewal' }],
    [
      'rest until it is asked about again',
      { ...held, renewal: { ...renewal, askAgainAt: after(HOUR) } },
      now,
      { kind: 'rest', until: after(HOUR) },
    ],
    ['rest until the renewal', { ...held, renewal }, now, { kind: 'rest', until: after(60 * DAY) }],
    [
      'the renewal at its moment, exempt where the CA chose it',
      { ...held, renewal },
      after(60 * DAY),
      { kind: 'order', why: 'renewal', rank: 'renewal', isExempt: true },
    ],
    [
      'the renewal, not exempt where the lifetime chose it',
      { ...held, renewal: { ...renewal, isSuggested: false } },
      after(60 * DAY),
      { kind: 'order', isExempt: false },
    ],
    [
      'still no urgent one when a third of the time is left',
      { ...held, renewal },
      after(80 * DAY),
      { kind: 'order', rank: 'renewal' },
    ],
    [
      'an urgent renewal when less than a third of the time is left',
      { ...held, renewal },
      after(80 * DAY + 1),
      { kind: 'order', rank: 'urgent' },
    ],
    ['an urgent renewal after the end', { ...held, renewal }, after(91 * DAY), { kind: 'order', rank: 'urgent' }],
    [
      'rest while a renewal is paused',
      { ...held, renewal: { ...renewal, askAgainAt: after(70 * DAY) }, nextAttemptAt: after(62 * DAY) },
      after(61 * DAY),
      { kind: 'rest', until: after(62 * DAY) },
    ],
    [
      'to ask while a renewal is paused',
      { ...held, renewal, nextAttemptAt: after(63 * DAY) },
      after(62 * DAY),
      { kind: 'ask-renewal' },
    ],
  ])('%s', (_what, facts, at, next) => {
    expect(decideNext(facts, CA, at)).toMatchObject(next);
  });
});

const turn = (host: string, rank: OrderTurn['rank'], ms: number): OrderTurn => ({
  kind: 'order',
  host,
  why: 'new',
  rank,
  since: after(ms),
  isExempt: false,
});

test('turns come to urgent renewals by their end, then to new hosts and then to renewals by their waiting', () => {
  const sorted = [
    turn('a', 'renewal', 1),
    turn('b', 'new', 9),
    turn('c', 'new', 2),
    turn('d', 'urgent', 50),
    turn('e', 'urgent', 40),
    turn('f', 'new', 2),
  ];
  expect(sorted.toSorted(compareTurns).map(({ host }) => host)).toEqual(['e', 'd', 'c', 'f', 'b', 'a']);
});

test('a host that failed stands behind those that wait for longer than its pause is over', () => {
  const failed = withFailure(fresh, { failure, retryAfterMs: null, order: 'over' }, 0);
  const later = newRecord('mta-sts.later.test', CA, after(MINUTE));
  const turns = [failed, later].map((facts) => decideNext(facts, CA, after(HOUR)));
  const orders = turns.filter((next) => next.kind === 'order').toSorted(compareTurns);
  expect(orders.map(({ host }) => host)).toEqual([later.host, fresh.host]);
});

const pausedFor = (retryAfterMs: number): Date | null =>
  withFailure(fresh, { failure, retryAfterMs, order: 'over' }, 0).nextAttemptAt;

describe('a failure', () => {
  test('is followed by 5 minutes, doubled up to a day and a little more; before the CA was asked up to 2 hours', () => {
    const waits = (isBeforeCa: boolean): readonly number[] =>
      [1, 2, 3, 4, 5, 6, 9, 10, 99].map((count) => backOffMs(count, isBeforeCa, 0) / MINUTE);
    expect(waits(false)).toEqual([5, 10, 20, 40, 80, 160, 1280, 1440, 1440]);
    expect(waits(true)).toEqual([5, 10, 20, 40, 80, 120, 120, 120, 120]);
    expect(backOffMs(1, false, 1) / MINUTE).toBe(6.25);
  });

  test('waits for as long as the CA says, a week at most', () => {
    expect([pausedFor(1), pausedFor(DAY), pausedFor(Number.MAX_SAFE_INTEGER)]).toEqual([
      after(5 * MINUTE),
      after(DAY),
      after(7 * DAY),
    ]);
  });

  test('ends an order that is over, and no other', () => {
    const going = { ...fresh, order };
    const over = withFailure(going, { failure, retryAfterMs: null, order: 'over' }, 0);
    const goes = withFailure(going, { failure, retryAfterMs: null, order: 'going' }, 0);
    expect([over.order, goes.order, over.failures, over.lastFailure]).toEqual([null, order, 1, failure]);
  });
});

test('at another CA orders, failures and renewals are those of no one, and the certificate stays in use', () => {
  const old = { ...held, order, failures: 3, nextAttemptAt: after(DAY), lastFailure: failure };
  const other = 'https://other.test/directory';
  expect(atDirectory(old, other)).toEqual({ ...newRecord(fresh.host, other, now), certificate });
  expect(atDirectory(old, CA)).toBe(old);
});

describe('the moment of a renewal', () => {
  test.each([
    ['two thirds of the life', 90, 0, 60],
    ['up to a fifteenth of the life before', 90, 0.9999, 54],
    ['two thirds of 10 days', 10, 0, 20 / 3],
    ['half of a shorter life', 6, 0, 3],
  ])('is %s', (_what, days, random, at) => {
    const { renewAt } = firstRenewal({ ...life, notAfter: after(days * DAY) }, now, random);
    expect((renewAt.getTime() - now.getTime()) / DAY).toBeCloseTo(at, 2);
  });

  const window = { startsAt: after(30 * DAY), endsAt: after(40 * DAY), retryAfterMs: null };

  test('is chosen at random in the window of the CA, once', () => {
    const first = nextRenewal(life, null, window, now, 0.25);
    expect(first).toEqual({ renewAt: after(32.5 * DAY), askAgainAt: after(6 * HOUR), isSuggested: true });
    expect(nextRenewal(life, first, window, now, 0.75).renewAt).toEqual(first.renewAt);
  });

  test('is chosen anew when the window moves', () => {
    const first = nextRenewal(life, null, window, now, 0.25);
    const earlier = { ...window, startsAt: after(2 * DAY), endsAt: after(3 * DAY) };
    expect(nextRenewal(life, first, earlier, after(10 * DAY), 0.5).renewAt).toEqual(after(2.5 * DAY));
  });

  test('is no earlier than a day after the issue, or a sixth of a short life, whatever the CA suggests', () => {
    const past = { ...window, startsAt: after(-2 * DAY), endsAt: after(-DAY) };
    expect(nextRenewal(life, null, past, now, 0).renewAt).toEqual(after(DAY));
    const short = { notBefore: now, notAfter: after(3 * DAY), issuedAt: now };
    expect(nextRenewal(short, null, past, now, 0).renewAt).toEqual(after(DAY / 2));
  });

  test('leaves a tenth of the life, whatever the CA suggests', () => {
    const late = { ...window, startsAt: after(95 * DAY), endsAt: after(99 * DAY) };
    expect(nextRenewal(life, null, late, now, 0).renewAt).toEqual(after(81 * DAY));
  });

  test.each([
    [1, MINUTE],
    [HOUR, HOUR],
    [30 * DAY, DAY],
  ])('is asked about again after %i ms as the CA says, from a minute to a day', (retryAfterMs, askMs) => {
    expect(nextRenewal(life, null, { ...window, retryAfterMs }, now, 0).askAgainAt).toEqual(after(askMs));
  });

  test('goes by the lifetime where the CA has no window, and is asked about a day later', () => {
    const first = firstRenewal(life, now, 0.5);
    expect(nextRenewal(life, first, null, now, 0)).toEqual({ ...first, askAgainAt: after(DAY), isSuggested: false });
    expect(nextRenewal(life, { ...renewal, renewAt: after(DAY) }, null, now, 0).renewAt).toEqual(after(60 * DAY));
  });

  test('stays where the CA could not say, and is asked about within two hours', () => {
    expect(askedInVain(life, renewal, now, 0.5)).toEqual({ ...renewal, askAgainAt: after(1.5 * HOUR) });
    expect(askedInVain(life, null, now, 0).renewAt).toEqual(after(60 * DAY));
  });
});
