/** kill -9 at every step of an order: what is kept leads the next process to the certificate, with the same order wherever its URL was kept. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

import { expect, test } from 'vitest';

import { HOST, HOUR, MINUTE, Rig } from './rig.ts';

/** The steps of one order, and how many orders there are in the end when the process dies at it. */
const STEPS: readonly (readonly [step: string, orders: number])[] = [
  ['before save', 1],
  ['after save', 1],
  ['before saveQueue', 1],
  ['after saveQueue', 1],
  // Nobody can know the URL of an order whose answer did not come.
  ['newOrder', 2],
  ['before save', 2],
  ['after save', 1],
  ['readOrder', 1],
  ['challenges', 1],
  ['answer', 1],
  ['readOrder', 1],
  ['finalize', 1],
  ['certificate', 1],
  ['before save', 1],
  ['after save', 1],
];

test('an order goes through these steps', async () => {
  const rig = await Rig.open();
  const steps = rig.startMortal(Number.POSITIVE_INFINITY);
  await rig.pass(MINUTE);
  expect(steps.slice(0, STEPS.length)).toEqual(STEPS.map(([step]) => step));
});

test.each(STEPS.map(([step, orders], index) => [index + 1, step, orders] as const))(
  'killed at step %i, %s, it comes to a certificate with %i orders in all',
  async (at, step, orders) => {
    const rig = await Rig.open();
    const steps = rig.startMortal(at);
    await rig.pass(MINUTE);
    await rig.stop();
    expect(steps.at(-1)).toBe(step);
    rig.start();
    await rig.pass(HOUR);
    const { certificate, order, failures } = rig.record();
    if (certificate === null) throw new Error('there is none');
    const leaf = new X509Certificate(certificate.chainPem);
    expect(leaf.checkPrivateKey(createPrivateKey(certificate.keyPem))).toBe(true);
    expect([order, failures, rig.ca.ordersOf(HOST).length, rig.troubles]).toEqual([null, 0, orders, []]);
    expect(rig.ca.ordersOf(HOST).filter(({ status }) => status === 'valid').length).toBe(1);
  },
);
