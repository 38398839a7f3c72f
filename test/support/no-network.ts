/** A network that nobody may ask: what works without one never touches it. */
import type { Network } from '../../src/services/world.ts';

function refuse(): never {
  throw new Error('this test has no network');
}

export const noNetwork: Network = {
  resolver: { lookup: refuse, addresses: refuse, close: () => Promise.resolve() },
  freshResolver: refuse,
  fetcher: { fetch: refuse },
  probe: null,
  patienceMs: 0,
};
