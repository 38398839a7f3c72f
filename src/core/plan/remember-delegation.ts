/**
 * Floor 0. For how long resolvers may still lead senders to where a delegated domain was before: to somebody else while it moves in, to us while
 * it moves out. It is kept where a move of the policy host is kept, so that one wait serves both.
 */
import type { DomainConfig } from '../config/model.ts';
import type { DomainMemory } from '../memory.ts';
import type { Owned } from '../owner-base.ts';
import type { DelegationFact, SeenDelegation } from './observation.ts';
import { ownName } from './record-names.ts';
import { rememberHostLook } from './remember.ts';

/** Nobody saw the CNAME that led here, so it may have gone just now, with the longest TTL that is usual. */
const UNKNOWN_TTL_SECONDS = 86_400;

/** Takes in where the CNAMEs lead. `isSpreading`: our own host record, as `rememberHostLook` takes it. What cannot be read changes nothing. */
export function rememberDelegation(
  memory: DomainMemory,
  wanted: Pick<DomainConfig, 'domain' | 'delegation' | 'released'>,
  { facts }: SeenDelegation,
  isSpreading: boolean,
  now: Date,
): DomainMemory {
  const { '_mta-sts': id, 'mta-sts': host, '_smtp._tls': reports } = facts;
  // What it had in its own zone before it was delegated is not ours to tidy up.
  if (wanted.released) return rememberRelease(ownedHere(memory, wanted), [id, host, reports], now);
  const led = [id, host];
  // Servers of which some show nothing yet led nobody anywhere else.
  const away = led.flatMap((fact) =>
    fact.kind === 'elsewhere' || (fact.kind === 'differs' && fact.others.length > 0) ? [fact] : [],
  );
  if (away.length > 0) return rememberAway(memory, away, now);
  return led.some((fact) => fact.kind === 'unreadable') ? memory : rememberHostLook(memory, isSpreading, now);
}

function ownedHere(memory: DomainMemory, wanted: Owned): DomainMemory {
  const names = (['_mta-sts', 'mta-sts', '_smtp._tls'] as const).map((label) => `${ownName(label, wanted)} `);
  const owned = memory.owned.filter((key) => names.some((name) => key.startsWith(name)));
  return owned.length === memory.owned.length ? memory : { ...memory, owned };
}

function rememberRelease(memory: DomainMemory, facts: readonly DelegationFact[], now: Date): DomainMemory {
  const here = facts.filter((fact) => fact.kind === 'here' || fact.kind === 'differs');
  if (here.length > 0) return rememberAway(memory, here, now);
  // A server that does not answer may still show it.
  const isSure = facts.every((fact) => (fact.kind === 'missing' || fact.kind === 'elsewhere') && fact.isWhole);
  const { hostSettledAt, hostTtlSeconds } = memory;
  if (!isSure || (hostSettledAt !== null && hostTtlSeconds === 0)) return memory;
  const ttlSeconds = hostSettledAt === null ? UNKNOWN_TTL_SECONDS : hostTtlSeconds;
  return { ...memory, hostSettledAt: later(now, ttlSeconds), hostTtlSeconds: 0 };
}

/** The TTL counts from the first look at which none is there any more, so a look that shows the same as before is no news. */
function rememberAway(memory: DomainMemory, away: readonly { readonly ttlSeconds: number }[], now: Date): DomainMemory {
  const ttlSeconds = Math.max(memory.hostTtlSeconds, 1, ...away.map((fact) => fact.ttlSeconds));
  if (memory.hostSettledAt !== null && memory.hostTtlSeconds === ttlSeconds) return memory;
  return { ...memory, hostSettledAt: later(now, ttlSeconds), hostTtlSeconds: ttlSeconds };
}

function later(date: Date, seconds: number): Date {
  return new Date(date.getTime() + 1000 * seconds);
}
