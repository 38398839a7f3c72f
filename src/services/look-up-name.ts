/** Floor 3. One name and type as every authoritative server shows it, as a fact for `check` and `init`: what they agree on, and who says otherwise. */
import type { NameFact } from '../core/check/facts.ts';
import { byCodePoint } from '../core/names.ts';
import { rdataText } from '../core/record-set.ts';
import { unionSets } from '../effects/dns/agree.ts';
import type { Lookup, LookupSet, LookupType } from '../effects/dns/resolver.ts';
import type { Network } from './world.ts';

export interface LookedUp {
  readonly fact: NameFact;
  /** Null: no zone was found. */
  readonly zone: string | null;
}

export async function lookUpName(
  name: string,
  type: LookupType,
  { network, signal }: { readonly network: Pick<Network, 'resolver'>; readonly signal: AbortSignal },
): Promise<LookedUp> {
  const lookup = await network.resolver.lookup(name, type, signal);
  return { fact: nameFact(lookup), zone: lookup.zone };
}

function nameFact(lookup: Lookup): NameFact {
  const { sets, failure } = unionSets(lookup);
  const views = viewsOf(lookup);
  const isSame = new Set(views.map(({ texts }) => texts.join('\n'))).size < 2;
  const unreadable =
    failure === null
      ? null
      : {
          kind: 'unreadable' as const,
          code: failure.code,
          message: `${lookup.name} ${lookup.type}: ${failure.message}`,
          hint: 'look at the name servers of the zone',
        };
  return {
    name: lookup.name,
    chain: chainOf(lookup),
    // One record twice in one set stays two: senders count (RFC 8461 §3.1).
    texts: isSame ? (views[0]?.texts ?? []) : [...new Set(views.flatMap(({ texts }) => texts))].toSorted(byCodePoint),
    ttlSeconds: sets.length === 0 ? null : Math.max(...sets.map((set) => set.ttlSeconds)),
    views: isSame ? [] : views,
    isAuthoritative: lookup.isAuthoritative,
    unreadable,
  };
}

function viewsOf(lookup: Lookup): NameFact['views'] {
  return lookup.servers.flatMap(({ server, outcome }) =>
    outcome.kind === 'answer' ? [{ server, texts: textsOf(outcome.set) }] : [],
  );
}

function textsOf(set: LookupSet | null): readonly string[] {
  if (set === null) return [];
  const { type } = set;
  const read = type === 'TXT' ? (rdata: string): string => rdataText('TXT', rdata) : (rdata: string): string => rdata;
  return set.rdata.map(read).toSorted(byCodePoint);
}

/** The names that CNAMEs lead to, by the first server that shows any. */
function chainOf(lookup: Lookup): readonly string[] {
  for (const { outcome } of lookup.servers) {
    if (outcome.kind !== 'answer' || outcome.chain.length === 0) continue;
    return outcome.chain.flatMap((set) => set.rdata.map((rdata) => rdataText('CNAME', rdata)));
  }
  return [];
}
