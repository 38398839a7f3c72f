/** Floor 3. One look at one domain, as its YAML says where to look. It only reads, and what cannot be read is a fact of its own. */
import type { DomainConfig } from '../core/config/model.ts';
import { liveMxHosts, type Observation, type ProviderView } from '../core/plan/observation.ts';
import { observeDelegation, observeOwnHost } from './observe-delegation.ts';
import { observeMxInDns, observeRecordsInDns } from './observe-dns.ts';
import { observeOffers } from './observe-offers.ts';
import { fetchAtTarget, fetchServed, readPublished } from './observe-policy.ts';
import { observeMxAtProvider, observeProviders } from './observe-providers.ts';
import { orUnreadable } from './unreadable.ts';
import type { ReadingWorld } from './world.ts';

export async function observeDomain(wanted: DomainConfig, world: ReadingWorld): Promise<Observation> {
  const { domain, publisher } = wanted;
  const isDns = wanted.observe === 'dns';
  const [views, mx, published, facts] = await Promise.all([
    isDns ? observeRecordsInDns(wanted, world) : observeProviders(wanted, world),
    orUnreadable(() => (isDns ? observeMxInDns(domain, world) : observeMxAtProvider(wanted, world))),
    publisher.type !== 'external' ? orUnreadable(() => readPublished(wanted, world.policies(wanted))) : null,
    observeDelegation(wanted, world),
  ]);
  const { network, signal } = world;
  const { resolver } = network;
  const policy =
    publisher.proof === 'file' && published !== null
      ? published
      : await orUnreadable(() => fetchServed(wanted, network, resolver, signal));
  // Before the host record is there, what somebody else serves can be seen only where it shall lead.
  const isHidden = publisher.type === 'external' && policy.kind === 'absent' && !wanted.absent;
  const atTarget = isHidden ? await orUnreadable(() => fetchAtTarget(wanted, network, resolver, signal)) : policy;
  // No network is asked where everything is said to work without one (DESIGN section 4).
  const isKept = !wanted.absent && !wanted.released;
  const isProbed = wanted.mode === 'enforce' && isKept && (isDns || publisher.proof === 'https');
  const offers = isProbed ? await observeOffers(liveMxHosts(domain, mx) ?? [], world) : null;
  const delegation = facts === null ? null : { facts, atTarget: await observeOwnHost(wanted, facts, policy, world) };
  return {
    views: saidOnce(views, mx),
    mx,
    policy,
    published: published ?? atTarget,
    offers,
    spreading: [],
    delegation,
  };
}

/** A zone that is nowhere is one fault, not one for each name looked up in it. */
function saidOnce(views: readonly ProviderView[], mx: Observation['mx']): readonly ProviderView[] {
  if (mx.kind !== 'unreadable' || mx.code !== 'ZONE_NOT_FOUND') return views;
  return views.map((view) =>
    view.kind === 'unreadable' && view.code === mx.code ? { ...view, message: mx.message } : view,
  );
}
