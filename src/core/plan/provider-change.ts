/** Floor 0. What a step changes at one provider, as a reader of the plan sees it: all that stands at the name, before and after. */
import { byCodePoint } from '../names.ts';
import { type RecordChange, type RecordSet, rdataTexts } from '../record-set.ts';

/** Both sides at one provider. Of several sets at one name (A and AAAA) the texts stand together, and the longest TTL for all. */
export interface ProviderSides {
  readonly provider: string;
  /** Null: nothing there. */
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
  /** Seconds; null: nothing there. */
  readonly ttl: { readonly before: number | null; readonly after: number | null };
}

/** A change at one provider of the name, and what the provider is asked to do. */
export interface ProviderChange extends ProviderSides {
  readonly changes: readonly RecordChange[];
}

export function providerChange(
  provider: string,
  before: readonly RecordSet[],
  after: readonly RecordSet[],
  changes: readonly RecordChange[],
): ProviderChange {
  const ttl = { before: longestTtl(before), after: longestTtl(after) };
  return { provider, before: textsOfSets(before), after: textsOfSets(after), ttl, changes };
}

/** The texts of several sets together; null: none. */
export function textsOfSets(sets: readonly RecordSet[]): readonly string[] | null {
  return sets.length === 0 ? null : sets.flatMap((set) => rdataTexts(set) ?? []).toSorted(byCodePoint);
}

/** Seconds; null: no set. */
export function longestTtl(sets: readonly RecordSet[]): number | null {
  return sets.length === 0 ? null : Math.max(...sets.map((set) => set.ttlSeconds));
}
