/** Floor 3. What the name servers say of a domain (`observe: dns`): its MX and its records, from every authoritative server. */
import type { DomainConfig } from '../core/config/model.ts';
import type { ErrorCode } from '../core/codes.ts';
import type { MxFact, ProviderView, Unreadable } from '../core/plan/observation.ts';
import { allProviders, type Label, ownName, providersOf } from '../core/plan/record-names.ts';
import type { RecordSet, RecordType } from '../core/record-set.ts';
import { agreedSet, unionSets } from '../effects/dns/agree.ts';
import type { Lookup, LookupSet } from '../effects/dns/resolver.ts';
import { adjustedTtl, mxFactOf, readerOf } from './observe-providers.ts';
import type { ReadingWorld } from './world.ts';

/** The MX by rule 1: every host that an authoritative server shows, and five kinds of nothing. */
export async function observeMxInDns(domain: string, world: Pick<ReadingWorld, 'network' | 'signal'>): Promise<MxFact> {
  const { resolver } = world.network;
  const lookup = await resolver.lookup(domain, 'MX', world.signal);
  const { sets, failure, isNoDomain } = unionSets(lookup);
  if (sets.length > 0) return mxFactOf(sets, lookup.isAuthoritative);
  if (failure !== null) return unreadableLookup(lookup, failure);
  const { isAuthoritative } = lookup;
  if (isNoDomain) return { kind: 'no-domain', isAuthoritative };
  const found = await resolver.addresses(domain, world.signal);
  return found.kind === 'failed'
    ? { kind: 'unreadable', code: 'DNS_ADDRESSES', message: `${domain}: ${found.message}`, hint: null }
    : { kind: 'no-mx', hasAddress: found.addresses.length > 0, isAuthoritative };
}

/**
 * The records as all authoritative servers show them, once for each provider of the domain. A name on which they differ, or that none
 * answers for with authority, makes the view of its providers unreadable: the provider has to be asked (rule 4).
 */
export async function observeRecordsInDns(wanted: DomainConfig, world: ReadingWorld): Promise<readonly ProviderView[]> {
  const [id, host, reports] = await Promise.all([
    readTxt('_mta-sts', wanted, world),
    readHost(wanted, world),
    readTxt('_smtp._tls', wanted, world),
  ]);
  const byLabel = { '_mta-sts': id, 'mta-sts': host, '_smtp._tls': reports } as const;
  return allProviders(wanted).map((provider): ProviderView => {
    const mine = labels.filter((label) => providersOf(wanted, label).includes(provider));
    const sets: RecordSet[] = [];
    for (const label of mine) {
      const found = byLabel[label];
      if ('kind' in found) return { ...found, provider };
      sets.push(...found);
    }
    return { kind: 'read', provider, sets, ttlSeconds: adjustedTtl(wanted, readerOf(provider, world)) };
  });
}

const labels: readonly Label[] = ['_mta-sts', 'mta-sts', '_smtp._tls'];

type Found = readonly RecordSet[] | Unreadable;

/** The TXT set, and the CNAME where one stands at the name (it is followed to read). */
async function readTxt(label: Label, wanted: DomainConfig, world: ReadingWorld): Promise<Found> {
  return setsOf(await world.network.resolver.lookup(ownName(label, wanted), 'TXT', world.signal));
}

async function readHost(wanted: DomainConfig, world: ReadingWorld): Promise<Found> {
  const name = ownName('mta-sts', wanted);
  const { resolver } = world.network;
  const cname = setsOf(await resolver.lookup(name, 'CNAME', world.signal));
  if ('kind' in cname || cname.length > 0) return cname;
  const [a, aaaa] = await Promise.all(
    (['A', 'AAAA'] as const).map(async (type) => setsOf(await resolver.lookup(name, type, world.signal))),
  );
  if (a === undefined || aaaa === undefined || 'kind' in a) return a ?? [];
  return 'kind' in aaaa ? aaaa : [...a, ...aaaa];
}

function setsOf(lookup: Lookup): Found {
  const agreed = agreedSet(lookup);
  if (agreed.kind === 'failed') return unreadableLookup(lookup, agreed);
  if (agreed.kind === 'differ') {
    const message = `the name servers of ${lookup.zone ?? lookup.name} do not show the same ${lookup.name} ${lookup.type}`;
    return { kind: 'unreadable', code: 'DNS_DIFFERS', message, hint: 'wait until the change is everywhere' };
  }
  if (!lookup.isAuthoritative) {
    const message = `no authoritative server of ${lookup.name} could be reached`;
    return { kind: 'unreadable', code: 'NOT_AUTHORITATIVE', message, hint: 'look at the NS records and their servers' };
  }
  const chain = agreed.chain.flatMap((set) => (set.name === lookup.name ? recordSetOf(set) : []));
  return [...chain, ...(agreed.set === null ? [] : recordSetOf(agreed.set))];
}

/** Only the types that stsync knows as record sets. */
function recordSetOf(set: LookupSet): readonly RecordSet[] {
  const type = (['TXT', 'CNAME', 'A', 'AAAA', 'MX'] as const satisfies readonly RecordType[]).find(
    (one) => one === set.type,
  );
  return type === undefined ? [] : [{ ...set, type }];
}

function unreadableLookup(lookup: Lookup, failure: { readonly code: ErrorCode; readonly message: string }): Unreadable {
  const servers = lookup.servers.map((one) => one.server).filter((one, index, all) => all.indexOf(one) === index);
  const message = `${lookup.name} ${lookup.type}: ${failure.message}`;
  return { kind: 'unreadable', code: failure.code, message, hint: `asked: ${servers.join(', ') || 'the resolver'}` };
}
