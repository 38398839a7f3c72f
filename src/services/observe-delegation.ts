/**
 * Floor 3. Where the CNAMEs of a delegated domain lead (RFC 8461 §8.2), hop by hop, as the authoritative servers of each zone on the way say.
 * Our own zone is looked at apart, so that nothing in it hides what the customer set.
 */
import type { DomainConfig } from '../core/config/model.ts';
import type { DelegationFact, PolicyFact, SeenDelegation, Unreadable } from '../core/plan/observation.ts';
import { type Label, ownName, recordName } from '../core/plan/record-names.ts';
import { type RecordSet, rdataText } from '../core/record-set.ts';
import { type Agreed, agreedSet, failuresOf } from '../effects/dns/agree.ts';
import type { LookupType } from '../effects/dns/resolver.ts';
import { fetchAtTarget } from './observe-policy.ts';
import { orUnreadable } from './unreadable.ts';
import type { ReadingWorld } from './world.ts';

/** As many as a resolver follows. */
const MAX_HOPS = 8;

type Looked = Pick<ReadingWorld, 'network' | 'signal'>;

/** Null: the domain is not delegated. */
export async function observeDelegation(wanted: DomainConfig, world: Looked): Promise<SeenDelegation['facts'] | null> {
  if (wanted.delegation === null) return null;
  const [id, host, reports] = await Promise.all(
    (['_mta-sts', 'mta-sts', '_smtp._tls'] as const).map((label) => factOf(label, wanted, world)),
  );
  if (id === undefined || host === undefined || reports === undefined) return null;
  return { '_mta-sts': id, 'mta-sts': host, '_smtp._tls': reports };
}

/**
 * What our own host serves for the domain while its name leads elsewhere: whether the owner may switch it. Nobody asks as long as nothing is
 * announced.
 */
export async function observeOwnHost(
  wanted: DomainConfig,
  facts: SeenDelegation['facts'],
  policy: PolicyFact,
  { network, signal }: Looked,
): Promise<PolicyFact | null> {
  const isMoving =
    facts['mta-sts'].kind === 'elsewhere' && policy.kind === 'body' && wanted.publisher.proof === 'https';
  return isMoving ? orUnreadable(() => fetchAtTarget(wanted, network, network.resolver, signal)) : null;
}

async function factOf(label: Label, wanted: DomainConfig, world: Looked): Promise<DelegationFact> {
  const start = recordName(label, wanted.domain);
  const own = ownName(label, wanted);
  let [name, ttlSeconds, isWhole] = [start, 0, true];
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const lookup = await world.network.resolver.lookup(name, 'CNAME', world.signal);
    const agreed = agreedSet(lookup);
    if (agreed.kind === 'failed') return hidden(wanted, agreed);
    if (!lookup.isAuthoritative) return unasked(wanted, name);
    isWhole &&= failuresOf(lookup).length === 0;
    if (agreed.kind === 'differ') return differing(agreed, own, ttlSeconds);
    if (agreed.set === null) {
      const target = name === start ? null : name;
      return endOf(label, { name, target, ttlSeconds, isWhole }, wanted, world);
    }
    ttlSeconds = Math.max(ttlSeconds, agreed.set.ttlSeconds);
    name = rdataText('CNAME', agreed.set.rdata[0] ?? '');
    if (name === own) return { kind: 'here', ttlSeconds, isWhole };
  }
  // A loop, or as good as one: no sender gets to its end.
  return { kind: 'elsewhere', target: name, sets: [], ttlSeconds, isWhole };
}

interface End {
  readonly name: string;
  readonly target: string | null;
  readonly ttlSeconds: number;
  readonly isWhole: boolean;
}

/** The chain does not lead here: what do senders find at its end? */
async function endOf(label: Label, end: End, wanted: DomainConfig, world: Looked): Promise<DelegationFact> {
  const types: readonly LookupType[] = label === 'mta-sts' ? ['A', 'AAAA'] : ['TXT'];
  const lookups = await Promise.all(types.map((type) => world.network.resolver.lookup(end.name, type, world.signal)));
  const sets: RecordSet[] = [];
  let isWhole = end.isWhole;
  for (const lookup of lookups) {
    const agreed = agreedSet(lookup);
    if (agreed.kind === 'failed' && end.target === null) return hidden(wanted, agreed);
    // The id there is what senders read: not known is not none.
    if (agreed.kind === 'failed' && label === '_mta-sts') return hidden(wanted, agreed);
    if (!lookup.isAuthoritative) return unasked(wanted, end.name);
    isWhole &&= failuresOf(lookup).length === 0;
    if (agreed.kind === 'differ' && label === '_mta-sts') return differing(agreed, null, end.ttlSeconds);
    if (agreed.kind === 'set') sets.push(...recordSetsOf(agreed));
    else if (agreed.kind === 'differ') sets.push(...agreed.sets.flatMap(recordSetsOf).slice(0, 1));
  }
  if (end.target === null && sets.length === 0) return { kind: 'missing', isWhole };
  const ttlSeconds = end.target === null ? Math.max(...sets.map((set) => set.ttlSeconds)) : end.ttlSeconds;
  return { kind: 'elsewhere', target: end.target, sets, ttlSeconds, isWhole };
}

function recordSetsOf({ set }: { readonly set: (Agreed & { kind: 'set' })['set'] }): readonly RecordSet[] {
  const type = (['TXT', 'A', 'AAAA'] as const).find((one) => one === set?.type);
  return set === null || type === undefined ? [] : [{ ...set, type }];
}

/** `own`: the name in our zone. */
function differing(
  { sets }: Agreed & { readonly kind: 'differ' },
  own: string | null,
  ttlSeconds: number,
): DelegationFact {
  const shown = sets.map(({ set }) => set).filter((set) => set !== null);
  const texts = shown.flatMap(({ rdata, type }) => rdata.map((one) => (type === 'CNAME' ? rdataText(type, one) : one)));
  const others = [...new Set(texts)].filter((text) => text !== own).toSorted();
  return { kind: 'differs', others, ttlSeconds: Math.max(ttlSeconds, ...shown.map((set) => set.ttlSeconds)) };
}

/** The same words for all three names: one dead zone is one fault. */
function hidden({ domain }: DomainConfig, { code, message }: Agreed & { readonly kind: 'failed' }): Unreadable {
  const hint = `look at the name servers of ${domain} and of where its CNAMEs lead`;
  return { kind: 'unreadable', code, message: `the CNAMEs of ${domain} cannot be read: ${message}`, hint };
}

function unasked({ domain }: DomainConfig, name: string): Unreadable {
  const message = `no authoritative server of ${name} could be reached, so the CNAMEs of ${domain} are not known`;
  return { kind: 'unreadable', code: 'NOT_AUTHORITATIVE', message, hint: 'look at the NS records and their servers' };
}
