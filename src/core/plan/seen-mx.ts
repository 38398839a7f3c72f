/** Floor 0. How long a host that left the MX counts: resolvers may hold the answer that still has it (rules 2 and 6). */
import type { SeenMx } from '../memory.ts';

/** Seen within `factor` times its MX TTL; an unknown TTL counts as now. */
export function isRecent(one: SeenMx, factor: number, now: Date): boolean {
  return one.ttlSeconds === null || one.lastSeen.getTime() + factor * 1000 * one.ttlSeconds > now.getTime();
}

/** When the last resolver forgets it, in ms; an unknown TTL counts as now. */
export function recentUntil(one: SeenMx, now: Date): number {
  return one.ttlSeconds === null ? now.getTime() : one.lastSeen.getTime() + one.ttlSeconds * 1000;
}
