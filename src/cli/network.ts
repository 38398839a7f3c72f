/** Floor 4. The network as `world:` describes it. Opening it sends nothing. */
import type { WorldConfig } from '../core/config/model.ts';
import { openResolver } from '../effects/dns/resolver.ts';
import { policyFetcher } from '../effects/fetch-policy.ts';
import { mxProbe } from '../effects/probe-mx.ts';
import type { Network } from '../services/world.ts';

/** A change is waited for so long; then a later run goes on (DESIGN section 3). */
const PATIENCE_MS = 30_000;

export function openNetwork(world: WorldConfig): Network {
  const resolver = openResolver(world);
  return {
    resolver,
    freshResolver: () => resolver.fresh(),
    fetcher: policyFetcher(world),
    probe: world.smtpProbe ? mxProbe(world) : null,
    patienceMs: PATIENCE_MS,
  };
}
