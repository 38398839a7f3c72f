/** Floor 3. The CAA set that counts for a name, as its authoritative servers show it (RFC 8659 §3). */
import type { CaaSet } from '../core/caa.ts';
import { parentOf } from '../core/names.ts';
import { lookUpName } from './look-up-name.ts';
import type { Network } from './world.ts';

/** The first set from the name upwards, the root and the top-level domains apart; a CNAME is followed to the set at its target. What cannot be read ends it. */
export async function lookUpCaa(
  host: string,
  world: { readonly network: Pick<Network, 'resolver'>; readonly signal: AbortSignal },
): Promise<CaaSet> {
  for (let name: string | null = host; name !== null && name.includes('.'); name = parentOf(name)) {
    const { fact } = await lookUpName(name, 'CAA', world);
    if (fact.texts.length > 0) return { name, texts: fact.texts };
    if (fact.unreadable !== null) break;
  }
  return { name: null, texts: [] };
}
