/** Floor 0. Did a look teach anything that the state does not have? Steady state writes nothing: a run over a fleet would rewrite every row. */
import type { DomainMemory, SeenMx } from '../memory.ts';

/**
 * When a live MX host was last seen is no news by itself: the first look without it counts, not the last one with it (`rememberMx`). The other
 * parts are made anew only where they change, so the same object is the same part.
 */
export function isNews(stored: DomainMemory, memory: DomainMemory): boolean {
  // A part that is added to the memory does not compile until it stands here too.
  const same: Readonly<Record<keyof DomainMemory, boolean>> = {
    isComplete: stored.isComplete === memory.isComplete,
    history: stored.history === memory.history,
    seenMx: isSameMx(stored.seenMx, memory.seenMx),
    seenBodies: stored.seenBodies === memory.seenBodies,
    owned: stored.owned === memory.owned,
    hostSettledAt: stored.hostSettledAt === memory.hostSettledAt,
    hostTtlSeconds: stored.hostTtlSeconds === memory.hostTtlSeconds,
    proved: stored.proved === memory.proved,
  };
  return Object.values(same).includes(false);
}

function isSameMx(stored: readonly SeenMx[], seen: readonly SeenMx[]): boolean {
  const known = new Map(stored.map((one) => [one.host, one]));
  return stored.length === seen.length && seen.every((one) => isSameHost(known.get(one.host), one));
}

function isSameHost(stored: SeenMx | undefined, seen: SeenMx): boolean {
  if (stored?.isLive !== seen.isLive || stored.ttlSeconds !== seen.ttlSeconds) return false;
  return seen.isLive || stored.lastSeen.getTime() === seen.lastSeen.getTime();
}
