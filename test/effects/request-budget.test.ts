/** Requests within what a service takes from one credential. The clock is handed in, and nobody waits. */
import { expect, it } from 'vitest';

import { Secret } from '../../src/core/secret.ts';
import { requestBudgets } from '../../src/effects/request-budget.ts';

const { signal } = new AbortController();
const work = (): Promise<string> => Promise.resolve('done');

function rig(): { budgets: ReturnType<typeof requestBudgets>; waits: number[]; later: (ms: number) => void } {
  let nowMs = 0;
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
    nowMs += ms;
  };
  return { budgets: requestBudgets({ nowMs: () => nowMs, sleep }), waits, later: (ms) => void (nowMs += ms) };
}

it('lets requests through until an answer has said how many there may be, and then that many', async () => {
  const { budgets, waits } = rig();
  const budget = budgets(new Secret('token'));
  for (let request = 0; request < 10; request++) await budget.run(signal, work);
  budget.learn(2, 30);
  expect(await budget.run(signal, work)).toBe('done');
  await budget.run(signal, work);
  expect(waits).toEqual([]);
  await budget.run(signal, work);
  expect(waits).toEqual([30_000]);
});

it('believes the lowest figure of a window, since answers overtake each other', async () => {
  const { budgets, waits } = rig();
  const budget = budgets(new Secret('token'));
  budget.learn(1, 30);
  budget.learn(5, 30);
  await budget.run(signal, work);
  await budget.run(signal, work);
  expect(waits).toEqual([30_000]);
});

it('starts afresh when the window is over', async () => {
  const { budgets, waits, later } = rig();
  const budget = budgets(new Secret('token'));
  budget.learn(0, 30);
  later(30_000);
  await budget.run(signal, work);
  budget.learn(7, 30);
  for (let request = 0; request < 7; request++) await budget.run(signal, work);
  expect(waits).toEqual([]);
});

it('waits no longer than it is told: "come again in a second" inside a window of five minutes', async () => {
  const { budgets, waits } = rig();
  const budget = budgets(new Secret('token'));
  budget.learn(900, 300);
  budget.learn(0, 1);
  await budget.run(signal, work);
  await budget.run(signal, work);
  expect(waits).toEqual([1000]);
});

it('waits no longer than it is told when an answer from before that word comes after it', async () => {
  const { budgets, waits } = rig();
  const budget = budgets(new Secret('token'));
  budget.learn(0, 1);
  budget.learn(900, 300);
  await budget.run(signal, work);
  await budget.run(signal, work);
  expect(waits).toEqual([1000]);
});

it('is one for all who ask with the same credential, and another for another', async () => {
  const { budgets, waits } = rig();
  budgets(new Secret('token')).learn(0, 30);
  await budgets(new Secret('other')).run(signal, work);
  expect(waits).toEqual([]);
  await budgets(new Secret('token')).run(signal, work);
  expect(waits).toEqual([30_000]);
});

it('says PROVIDER_BUSY in place of a wait that nobody wants, and never the credential', async () => {
  const { budgets, waits } = rig();
  const budget = budgets(new Secret('token-of-mine'));
  budget.learn(0, 86_400);
  const error: unknown = await budget.run(signal, work).catch((one: unknown) => one);
  expect(error).toMatchObject({ code: 'PROVIDER_BUSY', retryable: true, retryAfterSeconds: 86_400 });
  expect(String(error)).not.toContain('token-of-mine');
  expect(waits).toEqual([]);
});

it('stops waiting when the run is interrupted', async () => {
  const budgets = requestBudgets({
    nowMs: () => 0,
    sleep: async (_, stop) => stop.throwIfAborted(),
  });
  const budget = budgets(new Secret('token'));
  budget.learn(0, 30);
  const controller = new AbortController();
  controller.abort(new Error('interrupted'));
  await expect(budget.run(controller.signal, work)).rejects.toThrow('interrupted');
});

it('runs 32 requests at a time for one credential, and the others after them', async () => {
  const { budgets } = rig();
  const budget = budgets(new Secret('token'));
  const open: (() => void)[] = [];
  const requests = Array.from({ length: 40 }, () =>
    budget.run(signal, () => new Promise<void>((done) => open.push(done))),
  );
  await new Promise((done) => setImmediate(done));
  expect(open.length).toBe(32);
  for (let at = 0; at < 40; at++) {
    open[at]?.();
    await new Promise((done) => setImmediate(done));
  }
  await Promise.all(requests);
  expect(open.length).toBe(40);
});
