/** Floor 2. DKIM keys by our own resolver: from the servers of the zone itself, and each once a run. */
import { parseTxt } from '../../core/txt.ts';
import { unionSets } from '../dns/agree.ts';
import type { Resolver } from '../dns/resolver.ts';
import type { LookUpKey } from './verify-dkim.ts';

/** `signal` aborts what is under way. A name that is none has no key. */
export function keyLookup(resolver: Resolver, signal: AbortSignal): LookUpKey {
  return async (name) => {
    if (name.length > 253 || name.split('.').some((label) => label === '' || label.length > 63))
      return { kind: 'records', records: [] };
    const { sets, failure } = unionSets(await resolver.lookup(name, 'TXT', signal));
    if (failure !== null) return { kind: 'failed', message: failure.message };
    const texts = sets.flatMap(({ rdata }) => rdata.map(parseTxt));
    return { kind: 'records', records: texts.flatMap((text) => (text.ok ? [text.value] : [])) };
  };
}
