/**
 * Floor 0. Against storms: a domain that changes again and again is told about a few times, then once more with the word that it goes on, and
 * then not before it has been quiet for a while. Pure: the memory goes in and comes out.
 */
import type { StatusChange } from './changes.ts';

/** When a domain was told about, newest last. */
export type Told = ReadonlyMap<string, readonly Date[]>;

export interface Damped {
  readonly told: Told;
  readonly changes: readonly (StatusChange & {
    /** True: this is the last one for now; more will not be told before it has been quiet. */
    readonly isLast: boolean;
  })[];
}

const WINDOW_MS = 86_400_000;
/** So many changes of one domain are told in a day. */
export const MAX_TOLD = 6;

export function damp(told: Told, changes: readonly StatusChange[], now: Date): Damped {
  const next = new Map<string, readonly Date[]>();
  for (const [domain, dates] of told) {
    const recent = dates.filter((date) => now.getTime() - date.getTime() < WINDOW_MS);
    if (recent.length > 0) next.set(domain, recent);
  }
  const kept = changes.flatMap((change) => {
    const recent = next.get(change.domain) ?? [];
    if (recent.length >= MAX_TOLD) return [];
    next.set(change.domain, [...recent, now]);
    return [{ ...change, isLast: recent.length + 1 === MAX_TOLD }];
  });
  return { told: next, changes: kept };
}
