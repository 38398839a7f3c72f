/**
 * Floor 3. Looks at a domain from outside, with no config: everything `core/check` judges. What cannot be read is a fact of its own; only the
 * whole look has a deadline.
 */
import type { CheckFacts, HostFact, MxHostFact, NameFact, OfferFact, PolicyFetch } from '../core/check/facts.ts';
import type { CheckReport } from '../core/check/model.ts';
import { checkReport } from '../core/check/report.ts';
import { StsyncError } from '../core/error.ts';
import type { InitDomain } from '../core/init/config-yaml.ts';
import { recogniseHost } from '../core/mail-providers.ts';
import { parentOf } from '../core/names.ts';
import { liveMxHosts } from '../core/plan/observation.ts';
import { policyHostOf, recordName } from '../core/plan/record-names.ts';
import { parseStsRecords } from '../core/txt-records.ts';
import type { AddressFetch } from '../effects/fetch-policy.ts';
import type { MxAddressProbe } from '../effects/probe-mx.ts';
import { lookUpCaa } from './look-up-caa.ts';
import { type LookedUp, lookUpName } from './look-up-name.ts';
import { observeMxInDns } from './observe-dns.ts';
import { orUnreadable } from './unreadable.ts';
import type { Network } from './world.ts';

/** More hosts than this are no mail set-up that a check should walk through. */
const MAX_MX_HOSTS = 20;
/** The slowest part, a policy host that drips, ends after 60 s. */
const DEADLINE_MS = 120_000;

export interface CheckWorld {
  readonly network: Network;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** A label that nobody has created. */
  readonly randomLabel: () => string;
}

/** Throws `INTERRUPTED` when the look does not end within two minutes. */
export async function checkDomain(domain: string, world: CheckWorld): Promise<CheckReport> {
  return checkReport(await withinDeadline(domain, world, (bounded) => gatherFacts(domain, bounded)));
}

/** The same look for `init`, with the name servers of the zone. Throws as {@link checkDomain}. */
export function lookForInit(domain: string, world: CheckWorld): Promise<InitDomain> {
  return withinDeadline(domain, world, async (bounded) => {
    const facts = await gatherFacts(domain, bounded);
    const { name } = facts.zone;
    const found = name === null ? null : await lookUpName(name, 'NS', bounded);
    return { facts, nameServers: found?.fact.texts.map((text) => text.replace(/\.$/, '').toLowerCase()) ?? [] };
  });
}

async function withinDeadline<T>(
  domain: string,
  world: CheckWorld,
  look: (bounded: CheckWorld) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const message = `${domain} was not looked at within ${DEADLINE_MS / 1000} s`;
  const late = new StsyncError('INTERRUPTED', message, {
    hint: 'run again; look at its name servers',
    retryable: true,
  });
  const timer = setTimeout(() => deadline.abort(late), DEADLINE_MS);
  try {
    return await look({ ...world, signal: AbortSignal.any([world.signal, deadline.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

async function gatherFacts(domain: string, world: CheckWorld): Promise<CheckFacts> {
  const policyHost = policyHostOf(domain);
  const [mail, id, policy, reports, caa, wildcard] = await Promise.all([
    lookAtMx(domain, world),
    lookUpName(recordName('_mta-sts', domain), 'TXT', world),
    lookAtPolicy(policyHost, world),
    lookUpName(recordName('_smtp._tls', domain), 'TXT', world),
    lookUpCaa(policyHost, world),
    lookAtWildcard(`${world.randomLabel()}.${domain}`, world),
  ]);
  return {
    domain,
    at: world.now(),
    ...mail,
    idRecord: id.fact,
    ...policy,
    reports: reports.fact,
    caa,
    zone: { name: id.zone, isSigned: await isSigned(id.zone, world) },
    wildcard,
    parent: await lookAtParent(domain, id, world),
  };
}

async function lookAtMx(domain: string, world: CheckWorld): Promise<Pick<CheckFacts, 'mx' | 'mxHosts'>> {
  const mx = await orUnreadable(() => observeMxInDns(domain, world));
  const hosts = liveMxHosts(domain, mx) ?? [];
  return { mx, mxHosts: await Promise.all(hosts.slice(0, MAX_MX_HOSTS).map((host) => lookAtMxHost(host, world))) };
}

async function lookAtMxHost(host: string, world: CheckWorld): Promise<MxHostFact> {
  const { probe } = world.network;
  const [found, tlsa] = await Promise.all([lookAtHost(host, world), lookUpName(`_25._tcp.${host}`, 'TLSA', world)]);
  const probes = probe === null ? null : await probe.probe(host, found.addresses, world.signal);
  return {
    ...found,
    provider: recogniseHost(host)?.name ?? null,
    offers: probes?.map(offerAt) ?? null,
    tlsa: tlsa.fact.texts,
    isSigned: tlsa.fact.texts.length === 0 ? null : await isSigned(tlsa.zone, world),
  };
}

function offerAt({ address, outcome }: MxAddressProbe): OfferFact {
  switch (outcome.kind) {
    case 'starttls':
      return outcome.isValidForName
        ? { address, verdict: 'good', reason: '' }
        : {
            address,
            verdict: 'bad',
            reason: `shows a certificate at ${address} that is not valid: ${outcome.reason ?? 'unknown'}`,
          };
    case 'no-starttls':
      return { address, verdict: 'bad', reason: `offers no STARTTLS at ${address}` };
    case 'failed':
      return {
        address,
        verdict: outcome.code === 'TLS_FAILED' ? 'bad' : 'unreachable',
        reason: `at ${address}: ${outcome.message}`,
      };
  }
}

async function lookAtHost(name: string, { network, signal }: CheckWorld): Promise<HostFact> {
  const found = await network.resolver.addresses(name, signal);
  if (found.kind === 'addresses') return { name, chain: found.chain, addresses: found.addresses, unreadable: null };
  const message = `the addresses of ${name} cannot be read: ${found.message}`;
  return {
    name,
    chain: [],
    addresses: [],
    unreadable: { kind: 'unreadable', code: 'DNS_ADDRESSES', message, hint: null },
  };
}

async function lookAtPolicy(host: string, world: CheckWorld): Promise<Pick<CheckFacts, 'policyHost' | 'fetches'>> {
  const policyHost = await lookAtHost(host, world);
  const fetches = await world.network.fetcher.fetch(host, policyHost.addresses, world.signal);
  return { policyHost, fetches: fetches.map(fetchFact) };
}

function fetchFact({ address, outcome }: AddressFetch): PolicyFetch {
  if (outcome.kind === 'failed') {
    const { code, message, hint, certificate } = outcome;
    return { address, body: null, mediaType: null, certificate, failure: { code, message, hint }, warnings: [] };
  }
  const { bytes, mediaType, certificate, warnings } = outcome;
  // A byte order mark is a fault that has to stay visible.
  const body = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return { address, body, mediaType, certificate, failure: null, warnings };
}

async function lookAtWildcard(name: string, world: CheckWorld): Promise<CheckFacts['wildcard']> {
  const [txt, host] = await Promise.all([lookUpName(name, 'TXT', world), lookAtHost(name, world)]);
  return { name, texts: txt.fact.texts, addresses: host.addresses };
}

async function isSigned(zone: string | null, world: CheckWorld): Promise<boolean | null> {
  if (zone === null) return null;
  const { fact } = await lookUpName(zone, 'DS', world);
  return fact.unreadable === null ? fact.texts.length > 0 : null;
}

/** Only where the domain has none itself: has the domain above it a record, which does not count (RFC 8461 §3.4)? */
async function lookAtParent(domain: string, id: LookedUp, world: CheckWorld): Promise<CheckFacts['parent']> {
  const parent = parentOf(domain);
  if (parent === null || !parent.includes('.') || parseStsRecords(id.fact.texts).ok) return null;
  const { fact }: { fact: NameFact } = await lookUpName(recordName('_mta-sts', parent), 'TXT', world);
  return { domain: parent, hasIdRecord: parseStsRecords(fact.texts).ok };
}
