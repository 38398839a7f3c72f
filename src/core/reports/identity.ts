/**
 * Floor 0. Which reports are the same one, and which copy counts. Ids are used again by other reporters and for other days, and whoever signs nothing
 * can write any id, so neither may keep another's report out.
 */
import { sha256Hex } from '../id.ts';
import { byCodePoint, parseHostName } from '../names.ts';
import type { KeptReport, Verdict } from './model.ts';

const RANK: Readonly<Record<Verdict, number>> = { dkim: 3, file: 2, unsigned: 1, https: 0 };

/** The domain after the last `@` of a mail address, also of a `mailto:` URI; null: none. */
export function domainOfAddress(address: string): string | null {
  const at = address.lastIndexOf('@');
  const host = at === -1 ? null : parseHostName(address.slice(at + 1).replace(/[>\s].*$/s, ''));
  return host?.ok === true ? host.value : null;
}

/** Who is shown as the reporter: the domain that signed; else, in brackets, the one that the report claims. */
export function reporterOf({ proof, contactInfo, organizationName }: KeptReport): string {
  return proof?.domain ?? `(${claimedDomain(contactInfo) ?? organizationName})`;
}

/** Equal for all copies of one report about one domain. */
export function slotOf({ contactInfo, organizationName, reportId, dateRange, domain }: KeptReport): string {
  const claimed = claimedDomain(contactInfo) ?? `name:${organizationName.toLowerCase()}`;
  const range = [dateRange.start.toISOString(), dateRange.end.toISOString()];
  return JSON.stringify([claimed, reportId, ...range, domain]);
}

/** Equal for equal content. */
export function contentDigest({ organizationName, contactInfo, policies }: KeptReport): string {
  return sha256Hex(JSON.stringify([organizationName, contactInfo, policies]));
}

/** What two copies are compared by. */
export interface Copy {
  readonly verdict: Verdict;
  /** The signing domain; null without a signature. */
  readonly signer: string | null;
  readonly hasContact: boolean;
  readonly sessions: number;
  readonly digest: string;
}

/**
 * Of the copies in one slot those that count, in any order the same ones. A signed copy drives out those without signature. With `contact-info` the signer is the
 * one it names, so there is one; without, each signer is a reporter of its own. Where contents differ, the one with more sessions counts: reporters send
 * again what was incomplete.
 */
export function settle<T extends Copy>(copies: readonly T[]): readonly T[] {
  const isProved = copies.some(({ verdict }) => verdict === 'dkim');
  const best = new Map<string, T>();
  for (const copy of copies) {
    if (isProved && copy.verdict !== 'dkim') continue;
    const group = copy.hasContact ? '' : (copy.signer ?? '');
    const known = best.get(group);
    if (known === undefined || compare(copy, known) > 0) best.set(group, copy);
  }
  return [...best.values()];
}

export function sessionsOf({ policies }: Pick<KeptReport, 'policies'>): number {
  return policies.reduce((sum, one) => sum + one.totalSuccessfulSessionCount + one.totalFailureSessionCount, 0);
}

function compare(a: Copy, b: Copy): number {
  return (
    RANK[a.verdict] - RANK[b.verdict] ||
    a.sessions - b.sessions ||
    byCodePoint(a.digest, b.digest) ||
    byCodePoint(a.signer ?? '', b.signer ?? '')
  );
}

function claimedDomain(contactInfo: string | null): string | null {
  return contactInfo === null ? null : domainOfAddress(contactInfo);
}
