/** Floor 0. When the memory of a domain that left the YAML may go: its history outlives it until its last cache has run out (DESIGN section 5). */
import type { DomainMemory } from '../memory.ts';
import { MAX_MAX_AGE_SECONDS } from '../policy.ts';

/**
 * `removedAt`: when stsync took its policy away; null: it did not. Errs on the side of keeping: every time that is known counts, with the longest
 * max_age and TTL of all policies that refuse anything. A policy that nobody was seen to take away may be served still.
 */
export function mayForget(memory: DomainMemory, removedAt: Date | null, now: Date): boolean {
  const { history, owned, isComplete } = memory;
  const [first] = history;
  if (owned.length > 0) return false;
  if (first === undefined) return true;
  const binding = history.filter(({ policy }) => policy.mode !== 'none');
  if (removedAt === null && binding.some(({ to }) => to === null)) return false;
  const times = history.flatMap(({ from, to, rotatedAt }) => [from, to, rotatedAt]);
  const last = Math.max(...[...times, removedAt].map((time) => time?.getTime() ?? 0));
  const ttlSeconds = Math.max(...history.map((entry) => entry.txtTtlSeconds));
  const maxAgeSeconds = Math.max(0, ...binding.map(({ policy }) => policy.maxAgeSeconds));
  // Rule 15: where nobody knows what was served before the first entry, the worst is assumed.
  const assumedEnd = isComplete ? 0 : first.from.getTime() + 1000 * MAX_MAX_AGE_SECONDS;
  return now.getTime() >= Math.max(last + 1000 * maxAgeSeconds, assumedEnd) + 1000 * ttlSeconds;
}
