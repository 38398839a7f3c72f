/** How stsync sees the internet of the model: a `Network`. A mutation blinds an eye, to see that the model misses it. */
import { rdataText, type RecordSet } from '../../src/core/record-set.ts';
import type { Lookup, LookupSet, LookupType, ServerAnswer } from '../../src/effects/dns/lookup.ts';
import type { Resolver } from '../../src/effects/dns/resolver.ts';
import type { AddressFetch } from '../../src/effects/fetch-policy.ts';
import type { MxAddressProbe } from '../../src/effects/probe-mx.ts';
import type { Network } from '../../src/services/world.ts';
import type { Address, Internet, Site } from './internet.ts';
import type { Random } from './random.ts';

/**
 * `first-server`, `first-address`: the others are not asked. `failure-as-empty`: an MX that cannot be read is none. `resolver-as-authority`:
 * what only a resolver says is taken for the truth.
 */
export type Blindness = 'none' | 'first-server' | 'first-address' | 'failure-as-empty' | 'resolver-as-authority';

/** How old an answer of the resolver of last resort may be, seconds. */
const STALE_SECONDS = 800;

export function eyes(internet: Internet, random: Random, blindness: Blindness): Network {
  const resolver = resolverOf(internet, blindness);
  const site = (ip: string): { readonly site: Site; readonly address: Address } | undefined =>
    internet.sites
      .flatMap((one) => one.addresses.map((address) => ({ site: one, address })))
      .find((one) => one.address.ip === ip);
  return {
    resolver,
    freshResolver: () => resolver,
    fetcher: {
      fetch: async (host, addresses) => {
        const asked = blindness === 'first-address' ? addresses.slice(0, 1) : addresses;
        return asked.map((ip) => {
          const at = site(ip);
          const node = at === undefined ? 0 : random.between(0, at.address.nodeLags.length - 1);
          return fetched(host, ip, at === undefined ? null : internet.bodyAt(at.site, at.address, node, host));
        });
      },
    },
    probe: { probe: async (host, addresses) => addresses.map((address) => probed(internet, host, address)) },
    patienceMs: 0,
  };
}

function fetched(host: string, address: string, body: string | null): AddressFetch {
  if (body === null) {
    const failure = {
      code: 'HTTPS_STATUS',
      message: 'status 500',
      hint: null,
      certificate: null,
      status: 500,
    } as const;
    return { address, isConnectTo: false, outcome: { kind: 'failed', ...failure } };
  }
  const bytes = new TextEncoder().encode(body);
  return {
    address,
    isConnectTo: false,
    outcome: { kind: 'body', bytes, mediaType: 'text/plain', certificate: certificateOf(host), warnings: [] },
  };
}

function probed(internet: Internet, host: string, address: string): MxAddressProbe {
  const { tls } = internet.offerOf(host);
  if (tls === 'no-starttls') return { address, outcome: { kind: 'no-starttls', banner: host } };
  const isValidForName = tls !== 'bad-certificate';
  const reason = isValidForName ? null : 'expired';
  const certificate = certificateOf(host);
  return { address, outcome: { kind: 'starttls', certificate, isValidForName, reason, protocol: 'TLSv1.3' } };
}

function certificateOf(host: string): Extract<AddressFetch['outcome'], { kind: 'body' }>['certificate'] {
  return { names: [host], notBefore: new Date(0), notAfter: new Date(8e15), issuer: 'test', isTrusted: true };
}

function resolverOf(internet: Internet, blindness: Blindness): Resolver {
  return {
    lookup: async (name, type) => lookUp(internet, blindness, name, type),
    addresses: async (host) => {
      const sets = internet.serverLags.map((_lag, server) => internet.recordAt(server, host, 'CNAME'));
      const led = sets.map((set) => internet.siteOf(set));
      const sites = internet.sites.filter((site) => site.hostname === host || led.includes(site));
      const isMxHost = host.startsWith('mx');
      const addresses = isMxHost ? ['198.51.100.1'] : sites.flatMap((site) => site.addresses.map(({ ip }) => ip));
      return { kind: 'addresses' as const, addresses, chain: [] };
    },
    close: () => Promise.resolve(),
  };
}

function lookUp(internet: Internet, blindness: Blindness, name: string, type: LookupType): Lookup {
  const { dns } = internet;
  const isUnread = dns === 'mx-unread' && type === 'MX';
  const servers = internet.serverLags.map((_lag, server): ServerAnswer => {
    const about = { server: `ns${server}`, address: `192.0.2.${50 + server}:53` };
    const isDown = isUnread || (dns === 'one-down' && server === 1);
    if (isUnread && blindness === 'failure-as-empty') return { ...about, outcome: answer(null, []) };
    if (isDown) return { ...about, outcome: { kind: 'failed', code: 'DNS_TIMEOUT', message: 'no answer' } };
    return { ...about, outcome: answerAt(internet, server, name, type, 0) };
  });
  if (dns === 'resolver-only') {
    const outcome = answerAt(internet, 1, name, type, STALE_SECONDS);
    const isAuthoritative = blindness === 'resolver-as-authority';
    const about = { server: 'resolver', address: '192.0.2.90:53' };
    return { name, type, zone: name, servers: [{ ...about, outcome }], isAuthoritative };
  }
  const asked = blindness === 'first-server' ? servers.slice(0, 1) : servers;
  return { name, type, zone: name, servers: asked, isAuthoritative: true };
}

/** As a server answers: a CNAME is followed. */
function answerAt(
  internet: Internet,
  server: number,
  name: string,
  type: LookupType,
  age: number,
): ServerAnswer['outcome'] {
  const cname = type === 'CNAME' ? null : internet.recordAt(server, name, 'CNAME', age);
  const end = cname === null ? name : rdataText('CNAME', cname.rdata[0] ?? '');
  return answer(internet.recordAt(server, end, type, age), cname === null ? [] : [cname]);
}

function answer(set: RecordSet | null, chain: readonly LookupSet[]): ServerAnswer['outcome'] {
  return { kind: 'answer', rcode: 'NOERROR', set, chain, isAuthoritative: true };
}
