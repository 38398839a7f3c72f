/** Requests to the API, counted on the log of the fake: 200 domains through the built command. The descriptor promises the same figures. */
import { describe, expect, it } from 'vitest';

import { descriptor } from '../../../providers/google/descriptor.ts';
import { DOMAINS, expectCalls, slowRotations } from '../fleet-calls.ts';
import { startFleet } from './fleet.ts';

/** One token; and two pages of zones: the first, ten names that are walked to meanwhile, and the other. */
const PER_RUN = 1 + 12;

describe(`${DOMAINS} domains with a zone each`, () => {
  it('are published, stay in sync and rotate with the requests that the descriptor says', async () => {
    await using fleet = await startFleet({ count: DOMAINS });
    await expectCalls(fleet, descriptor, PER_RUN);
    const requests = await slowRotations(fleet, descriptor);
    expect(requests).toBe(DOMAINS * (descriptor.calls?.rotation ?? 0) + PER_RUN);
  }, 180_000);
});
