/** Floor 3. What each live MX host offers at port 25 (guard mx-offers-starttls). A fleet shares its hosts: each is probed once a run. */
import type { MxOffer } from '../core/plan/observation.ts';
import type { MxAddressProbe } from '../effects/probe-mx.ts';
import type { ReadingWorld } from './world.ts';

/** More hosts than this are no mail set-up that a probe should walk through. */
const MAX_HOSTS = 20;

/** Null where nothing is asked: `smtpProbe: off`. */
export async function observeOffers(hosts: readonly string[], world: ReadingWorld): Promise<readonly MxOffer[] | null> {
  const { probe, resolver } = world.network;
  if (probe === null) return null;
  return Promise.all(
    hosts.slice(0, MAX_HOSTS).map(async (host): Promise<MxOffer> => {
      const found = await resolver.addresses(host, world.signal);
      if (found.kind === 'failed')
        return { host, verdict: 'unreachable', reason: `has no address that can be read: ${found.message}` };
      return offerOf(host, await probe.probe(host, found.addresses, world.signal));
    }),
  );
}

/** One bad address is one too many: a sender may choose it. */
export function offerOf(host: string, probes: readonly MxAddressProbe[]): MxOffer {
  for (const { address, outcome } of probes) {
    if (outcome.kind === 'no-starttls') return { host, verdict: 'bad', reason: `offers no STARTTLS at ${address}` };
    // It answers, and no TLS comes of it: a sender under enforce gives up there.
    if (outcome.kind === 'failed' && outcome.code === 'TLS_FAILED') {
      return { host, verdict: 'bad', reason: `offers STARTTLS at ${address}, and it fails: ${outcome.message}` };
    }
    if (outcome.kind === 'starttls' && !outcome.isValidForName) {
      const why = outcome.reason ?? 'unknown';
      return { host, verdict: 'bad', reason: `shows a certificate at ${address} that is not valid: ${why}` };
    }
  }
  const isReached = probes.some(({ outcome }) => outcome.kind === 'starttls');
  return isReached
    ? { host, verdict: 'good', reason: '' }
    : { host, verdict: 'unreachable', reason: 'answers at no address at port 25' };
}
