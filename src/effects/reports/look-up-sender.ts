/** Floor 2. The name of a sender's address in reverse DNS, and whether it leads back. */
import { Resolver } from 'node:dns/promises';

import { parseHostName, parseIpv6 } from '../../core/names.ts';
import { reverseName, type SenderName } from '../../core/reports/sender.ts';

const TIMEOUT_MS = 2000;
const TRIES = 2;
/** Whoever has more is a host for many; the first ones are as good. */
const MOST_NAMES = 5;

/** `answered` false: DNS did not tell, ask again soon. */
export type LookUpSender = (address: string) => Promise<SenderName & { readonly answered: boolean }>;

/** `resolvers`: `address:port` each; empty: the system's. `resolvePtr`, since `reverse` takes a time-out for "there is none". */
export function senderLookup(resolvers: readonly string[]): LookUpSender {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (resolvers.length > 0) resolver.setServers([...resolvers]);
  return async (address) => {
    const names = await orNone(resolver.resolvePtr(reverseName(address)));
    if (names === null) return { name: null, isConfirmed: false, answered: false };
    // A name that is none could hold anything.
    const hosts = names.map(parseHostName).flatMap((host) => (host.ok ? [host.value] : []));
    for (const host of hosts.slice(0, MOST_NAMES)) {
      const addresses = address.includes(':') ? resolver.resolve6(host) : resolver.resolve4(host);
      const found = ((await orNone(addresses)) ?? []).map((one) => parseIpv6(one) ?? one);
      if (found.includes(address)) return { name: host, isConfirmed: true, answered: true };
    }
    return { name: hosts[0] ?? null, isConfirmed: false, answered: true };
  };
}

/** Null: no answer. */
async function orNone(answer: Promise<string[]>): Promise<readonly string[] | null> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : null;
  }
}
