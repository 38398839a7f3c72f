/** Requests to the API, counted on the log of the fake: 200 domains through the built command. The descriptor promises the same figures. */
import { describe, expect, it } from 'vitest';

import { descriptor } from '../../../providers/cloudflare/descriptor.ts';
import { DOMAINS, expectCalls, slowRotations } from '../fleet-calls.ts';
import { startFleet } from './fleet.ts';

/** Four pages of zones: the first, three names that are walked to meanwhile, and the other three. */
const FINDING_ZONES = 7;
/** What a user may ask in a window of five minutes. */
const BUDGET = 1200;

describe(`${DOMAINS} domains with a zone each`, () => {
  it('are published, stay in sync and rotate with the requests that the descriptor says', async () => {
    await using fleet = await startFleet({ count: DOMAINS });
    const { budget } = fleet.fake;
    // A first publication is over the budget of a window; that a budget is kept is for the next part.
    budget.quota = budget.left = 1_000_000;
    await expectCalls(fleet, descriptor, FINDING_ZONES);

    // Within the budget of one window.
    budget.quota = budget.left = BUDGET;
    const requests = await slowRotations(fleet, descriptor);
    expect(requests).toBe(DOMAINS * (descriptor.calls?.rotation ?? 0) + FINDING_ZONES);
    expect(budget.left).toBe(BUDGET - requests);
  }, 180_000);
});
