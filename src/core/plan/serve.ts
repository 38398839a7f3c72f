/**
 * Floor 0. The policy to serve: the wanted one as rules 2, 5, 6 and 8 let it out now. Loosening always goes at once; tightening waits for
 * its guards, and what can be served meanwhile is served.
 */
import type { DomainMemory } from '../memory.ts';
import { canonicalPatterns, coverMx, matchMx } from '../mx.ts';
import { parsePolicy, type StsPolicy } from '../policy.ts';
import { allowKey, endsByItself, type Hold, hold, listNames } from './hold.ts';
import { holdEnforce } from './hold-enforce.ts';
import { livePolicy, trustedMxHosts } from './observation.ts';
import { isRecent, recentUntil } from './seen-mx.ts';
import type { Situation } from './situation.ts';
import { holdBack } from './step-back.ts';

export interface Serving {
  /** To serve now. Null: the patterns are not known (mx: live, and MX cannot be read). */
  readonly policy: StsPolicy | null;
  /** What the YAML wants in full. Equal to `policy` when nothing is held. */
  readonly wanted: StsPolicy | null;
  readonly holds: readonly Hold[];
  readonly isHeldTesting: boolean;
}

/** mx: live under enforce serves no longer than this (rule 2). */
const LIVE_MX_MAX_AGE_SECONDS = 86_400;

export function policyToServe(at: Situation): Serving {
  const { wanted } = at;
  const patterns = wantedPatterns(at);
  if (patterns === null) return { policy: null, wanted: null, holds: [], isHeldTesting: false };
  const isLiveMx = wanted.mx === 'live' && wanted.mode === 'enforce';
  const maxAgeSeconds = isLiveMx ? Math.min(wanted.maxAgeSeconds, LIVE_MX_MAX_AGE_SECONDS) : wanted.maxAgeSeconds;
  const full: StsPolicy = { mode: wanted.mode, maxAgeSeconds, mx: patterns };
  if (wanted.mode !== 'enforce') return { policy: full, wanted: full, holds: [], isHeldTesting: false };

  const kept = keptPatterns(at, patterns);
  const widened: StsPolicy = { ...full, mx: canonicalPatterns([...patterns, ...kept.patterns]) };
  const back = holdBack(at);
  if (back !== null) {
    return { policy: { ...full, mode: 'testing' }, wanted: full, holds: [back], isHeldTesting: true };
  }
  const entry = holdEnforce(at, widened);
  if (entry === null) return { policy: widened, wanted: full, holds: kept.holds, isHeldTesting: false };
  // What refuses less than enforce needs no guard: testing is served in its place. Only `stepBack` takes a live enforce back.
  const isEnforced = at.announced?.mode === 'enforce';
  return {
    policy: isEnforced ? widened : { ...full, mode: 'testing' },
    wanted: full,
    holds: [entry, ...(isEnforced ? kept.holds : [])],
    isHeldTesting: endsByItself(entry),
  };
}

/** The patterns of the YAML; for `mx: live` the hosts seen now or within twice their TTL. Null: nothing to go by. */
function wantedPatterns({ wanted, observation, memory, now }: Situation): readonly string[] | null {
  const last = livePolicy(observation)?.mx ?? memory.history.at(-1)?.policy.mx ?? null;
  // Some senders refuse a none policy without mx lines (Stalwart), so the last ones stay where the YAML names none.
  if (wanted.mx !== 'live') return wanted.mx.length === 0 ? (last ?? []) : canonicalPatterns(wanted.mx);
  const { mx } = observation;
  // Null MX, no MX and NXDOMAIN change nothing (rule 2), and neither does what cannot be read, or what only a resolver says (rule 1).
  if (mx.kind !== 'hosts' || (!mx.isAuthoritative && last !== null)) return last;
  const recent = memory.seenMx.filter((one) => isRecent(one, 2, now)).map((one) => one.host);
  return canonicalPatterns([...mx.hosts, ...recent]);
}

/** Rule 6: live patterns that alone cover a host which is in MX, or was within its MX TTL, stay. */
function keptPatterns(
  at: Situation,
  patterns: readonly string[],
): { patterns: readonly string[]; holds: readonly Hold[] } {
  const { wanted, observation, memory, now } = at;
  const dropped = servedPatterns(at).filter((pattern) => !patterns.includes(pattern));
  const hosts = trustedMxHosts(wanted.domain, observation.mx);
  if (dropped.length === 0) return { patterns: [], holds: [] };
  if (hosts === null) {
    const reason = `MX cannot be read, so ${listNames(dropped)} may not be dropped`;
    return { patterns: dropped, holds: [hold('source-readable', reason, 'make MX readable', null)] };
  }
  const kept = new Set<string>();
  const holds: Hold[] = [];
  const uncovered = coverMx(patterns, hosts).uncovered;
  for (const pattern of dropped) {
    const inUse = uncovered.filter((host) => matchMx(pattern, host));
    if (inUse.length > 0) {
      const isFreed = wanted.allow.has('narrow-waits-for-mx') && wanted.allow.has('enforce-covers-live-mx');
      if (isFreed) continue;
      kept.add(pattern);
      const ttlSeconds = observation.mx.kind === 'hosts' ? (observation.mx.ttlSeconds ?? 0) : 0;
      holds.push(
        wanted.allow.has('narrow-waits-for-mx')
          ? hold(
              'enforce-covers-live-mx',
              `dropping ${pattern} would refuse ${listNames(inUse)}, which is in MX`,
              `take it out of MX first, or ${allowKey('enforce-covers-live-mx')}`,
              null,
            )
          : hold(
              'narrow-waits-for-mx',
              `${pattern} stays: ${listNames(inUse)} is in MX`,
              `take it out of MX; the pattern goes one MX TTL later`,
              new Date(now.getTime() + ttlSeconds * 1000),
            ),
      );
      continue;
    }
    const until = coveredUntil(pattern, patterns, hosts, memory, now);
    if (until === null || wanted.allow.has('narrow-waits-for-mx')) continue;
    kept.add(pattern);
    holds.push(
      hold(
        'narrow-waits-for-mx',
        `${pattern} stays until resolvers forget the MX it covers`,
        allowKey('narrow-waits-for-mx'),
        until,
      ),
    );
  }
  return { patterns: [...kept], holds };
}

/**
 * The live patterns: of the body that is served and of the policy that senders were told of, which may be another one. Where no one body is
 * proved (the addresses differ, or one fails): of every body that is seen or that the publisher has.
 */
function servedPatterns({ observation, announced }: Situation): readonly string[] {
  const { policy, published } = observation;
  const bodies = policy.kind === 'unproved' ? policy.bodies : [];
  const seen = bodies.map((body) => parsePolicy(body)).flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
  const live = livePolicy(observation);
  const held = live === null && published.kind === 'body' ? published.policy : null;
  return canonicalPatterns([...seen, live, held, announced].flatMap((one) => one?.mx ?? []));
}

/** Until when a host that left the MX may still be in a resolver's answer and is covered by `pattern` alone; null: no such host. */
function coveredUntil(
  pattern: string,
  patterns: readonly string[],
  hosts: readonly string[],
  memory: DomainMemory,
  now: Date,
): Date | null {
  const times = memory.seenMx
    .filter((one) => !hosts.includes(one.host) && isRecent(one, 1, now))
    // An entry that carries the pattern itself stands for an unknown host (see rememberMx).
    .filter(
      (one) =>
        one.host === pattern || (matchMx(pattern, one.host) && coverMx(patterns, [one.host]).uncovered.length > 0),
    )
    .map((one) => recentUntil(one, now));
  return times.length === 0 ? null : new Date(Math.max(...times));
}
