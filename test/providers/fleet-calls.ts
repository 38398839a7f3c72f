/** Requests to a vendor's API, counted on the log of its fake: 200 domains, a zone each, through the built command. */
import { expect } from 'vitest';

import type { ProviderDescriptor } from '../../src/provider.ts';
import type { ApiFake, Fleet } from './fleet.ts';

export const DOMAINS = 200;
const LATENCY_MS = 50;

/**
 * Publishes, is in sync, rotates once, with the requests that the descriptor says. `perRun`: those that come on top in a run that asks
 * anything at all.
 */
export async function expectCalls<F extends ApiFake>(
  fleet: Fleet<F>,
  { type, calls }: ProviderDescriptor,
  perRun: number,
): Promise<void> {
  const perDomain = async (): Promise<readonly [number, string]> => {
    const { ran, requests } = await fleet.counted('sync');
    const last = ran.stdout.trim().split('\n').at(-1) ?? '';
    console.log(`${type}: ${requests} requests: ${last}`);
    return [requests === 0 ? 0 : (requests - perRun) / DOMAINS, last];
  };
  expect(await perDomain()).toEqual([calls?.firstPublication, `${DOMAINS} domains: ${DOMAINS} changed`]);
  expect(await perDomain()).toEqual([calls?.steadyState, `${DOMAINS} domains: ${DOMAINS} in sync`]);
  fleet.write({ maxAge: '2d' });
  expect(await perDomain()).toEqual([calls?.rotation, `${DOMAINS} domains: ${DOMAINS} changed`]);
  expect(await perDomain()).toEqual([0, `${DOMAINS} domains: ${DOMAINS} in sync`]);
}

/** Another rotation each, with an API that takes its time: how many requests. The time is printed for people: machines differ. */
export async function slowRotations<F extends ApiFake>(fleet: Fleet<F>, { type }: ProviderDescriptor): Promise<number> {
  fleet.fake.delayMs = LATENCY_MS;
  fleet.write({ maxAge: '3d' });
  const start = performance.now();
  const { ran, requests } = await fleet.counted('sync');
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${type}: ${DOMAINS} rotations, ${LATENCY_MS} ms an answer: ${requests} requests in ${seconds} s`);
  expect(ran.stdout).toContain(`${DOMAINS} domains: ${DOMAINS} changed`);
  return requests;
}
