/** The bucket of an account at a CA: never more than the CA allows, and a date for everybody who waits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { withFailure } from '../../../src/core/certificates/change.ts';
import { compareTurns, decideNext, type OrderTurn } from '../../../src/core/certificates/decide.ts';
import { type CertificateRecord, newRecord } from '../../../src/core/certificates/model.ts';
import {
  freeTurns,
  fullQueue,
  type OrderQueue,
  park,
  takeTurn,
  turnAt,
  turnsOf,
} from '../../../src/core/certificates/order-queue.ts';
import { runs } from '../../property-runs.ts';

const now = new Date('2026-11-25T12:00:00Z');
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const limits = { count: 300, perSeconds: 10_800 };
const turn = (host: string, more: Partial<OrderTurn> = {}): OrderTurn => ({
  kind: 'order',
  host,
  why: 'new',
  rank: 'new',
  since: now,
  isExempt: false,
  ...more,
});

function emptied(count: number): OrderQueue {
  let queue = fullQueue(limits, now);
  for (let taken = 0; taken < count; taken++) queue = takeTurn(queue, limits, now);
  return queue;
}

describe('the queue of an account', () => {
  test('lets all of the bucket begin at once, and then one each 36 s', () => {
    expect(freeTurns(fullQueue(limits, now), limits, now)).toBe(300);
    const empty = emptied(300);
    expect([0, 35, 36, 71, 72, 10_800, 99_999].map((at) => freeTurns(empty, limits, after(at)))).toEqual([
      0, 0, 1, 1, 2, 300, 300,
    ]);
  });

  test('gives nothing for a clock that was set back, and loses nothing', () => {
    const queue = takeTurn(emptied(300), limits, after(36));
    expect(freeTurns(queue, limits, after(-9_999))).toBe(0);
    expect(freeTurns(takeTurn(queue, limits, after(-9_999)), limits, after(-9_999 + 72))).toBe(1);
  });

  test('that is parked begins with one order at the time that the CA said', () => {
    const parked = park(fullQueue(limits, now), limits, now, after(600));
    expect([0, 599, 600, 635, 636].map((at) => freeTurns(parked, limits, after(at)))).toEqual([0, 0, 1, 1, 2]);
    expect(turnAt(parked, limits, now, 0)).toEqual(after(600));
    // A shorter one says nothing against the longer one before.
    expect(park(parked, limits, now, after(60)).parkedUntil).toEqual(after(600));
  });

  test('that is parked for longer than any CA says is so by a clock that was set back', () => {
    expect(freeTurns({ tokens: 5, at: now, parkedUntil: after(30 * 86_400) }, limits, now)).toBe(5);
  });

  test('says when a turn comes', () => {
    expect([0, 299, 300, 301].map((ahead) => turnAt(fullQueue(limits, now), limits, now, ahead))).toEqual([
      now,
      now,
      after(36),
      after(72),
    ]);
  });

  test('tells each of 100,000 hosts the date of its turn, in a moment: the last one waits for 42 days', () => {
    const waiting = Array.from({ length: 100_000 }, (_, index) => turn(`${index}.test`, { since: after(index) }));
    const began = performance.now();
    const turns = turnsOf(waiting.toReversed(), fullQueue(limits, now), limits, now);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect([turns.size, turns.get('0.test'), turns.get('300.test'), turns.get('99999.test')]).toEqual([
      100_000,
      now,
      after(36),
      after(99_700 * 36),
    ]);
  });

  test('lets those that are exempt begin beside it', () => {
    const turns = turnsOf([turn('a'), turn('b', { isExempt: true }), turn('c')], emptied(300), limits, now);
    expect([...turns]).toEqual([
      ['a', after(36)],
      ['b', now],
      ['c', after(72)],
    ]);
  });
});

describe('whatever happens', () => {
  test('no more orders begin in any time than the bucket and what has flowed into it', () => {
    const events = fc.array(fc.record({ waitMs: fc.nat(200_000), parkMs: fc.option(fc.nat(500_000), { freq: 10 }) }), {
      maxLength: 200,
    });
    const anyLimits = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      perSeconds: fc.integer({ min: 1, max: 2_000 }),
    });
    fc.assert(
      fc.property(events, anyLimits, (steps, own) => {
        let [at, queue] = [now.getTime(), fullQueue(own, now)];
        const begun: number[] = [];
        for (const { waitMs, parkMs } of steps) {
          at += waitMs;
          const time = new Date(at);
          if (parkMs !== null) queue = park(queue, own, time, new Date(at + parkMs));
          if (freeTurns(queue, own, time) === 0) continue;
          queue = takeTurn(queue, own, time);
          begun.push(at);
        }
        const gapMs = (own.perSeconds * 1000) / own.count;
        for (const [first, from] of begun.entries()) {
          for (const [last, to] of begun.entries()) {
            if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(own.count + (to - from) / gapMs + 1e-3);
          }
        }
      }),
      runs(100),
    );
  });

  test('every host gets its turn, has one order at a time, and at most 4 failures in an hour, however often others fail', () => {
    const story = fc.record({
      hosts: fc.integer({ min: 1, max: 12 }),
      poor: fc.integer({ min: 0, max: 6 }),
      count: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(story, ({ hosts, poor, count, seed }) => {
        const own = { count, perSeconds: count * 60 };
        const random = randomOf(seed);
        const records = new Map<string, CertificateRecord>();
        for (let index = 0; index < hosts + poor; index++) {
          const host = `${index < poor ? 'poor' : 'good'}${index}.test`;
          records.set(host, newRecord(host, 'ca', after(index)));
        }
        const served = new Set<string>();
        const failures = new Map<string, number[]>();
        let queue = fullQueue(own, now);
        for (let minute = 0; minute < 24 * 60; minute++) {
          const time = after(minute * 60);
          const turns = [...records.values()]
            .map((record) => decideNext(record, 'ca', time))
            .filter((next) => next.kind === 'order');
          for (const { host } of turns.toSorted(compareTurns).slice(0, freeTurns(queue, own, time))) {
            queue = takeTurn(queue, own, time);
            const record = records.get(host);
            if (record === undefined) throw new Error(`${host} has two orders`);
            if (host.startsWith('good')) {
              served.add(host);
              records.delete(host);
            } else {
              failures.set(host, [...(failures.get(host) ?? []), time.getTime()]);
              const failure = { code: 'ACME_REFUSED', message: 'no', hint: null, at: time } as const;
              records.set(host, withFailure(record, { failure, retryAfterMs: null, order: 'over' }, random()));
            }
          }
        }
        expect(served.size).toBe(hosts);
        for (const times of failures.values())
          for (const from of times)
            expect(times.filter((at) => at >= from && at - from <= 3_600_000).length).toBeLessThanOrEqual(4);
      }),
      runs(20),
    );
  });
});

/** From 0 up to 1. */
function randomOf(seed: number): () => number {
  let state = seed % 2_147_483_647;
  return () => {
    state = (state * 48_271 + 11) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
