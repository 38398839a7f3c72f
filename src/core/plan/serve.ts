/**
 * Floor 0. The policy to serve: the wanted one as rules 2, 5, 6 and 8 let it out now. Loosening always goes at once; tightening waits for
 * its guards, and what can be served meanwhile is served.
 */
import { formatDuration } from '../config/duration.ts';
import type { DomainConfig } from '../config/model.ts';
import type { GuardName } from '../guard-names.ts';
import type { DomainMemory, HistoryEntry } from '../memory.ts';
import { canonicalPatterns, coverMx, matchMx } from '../mx.ts';
import type { PolicyMode, StsPolicy } from '../policy.ts';
import { livePolicy, liveMxHosts, type Observation } from './observation.ts';

/** A guard that holds part of the wanted policy back. `notBefore` null: not by time, but by the cure in `hint`. */
export interface Hold {
  readonly guard: GuardName;
  readonly reason: string;
  readonly hint: string;
  readonly notBefore: Date | null;
}

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

/** `liveMode`: the mode that senders hold to now, null where no policy is announced. */
export function policyToServe(
  wanted: DomainConfig,
  observation: Observation,
  memory: DomainMemory,
  liveMode: PolicyMode | null,
  now: Date,
): Serving {
  const patterns = wantedPatterns(wanted, observation, memory, now);
  if (patterns === null) return { policy: null, wanted: null, holds: [], isHeldTesting: false };
  const isLiveMx = wanted.mx === 'live' && wanted.mode === 'enforce';
  const maxAgeSeconds = isLiveMx ? Math.min(wanted.maxAgeSeconds, LIVE_MX_MAX_AGE_SECONDS) : wanted.maxAgeSeconds;
  const full: StsPolicy = { mode: wanted.mode, maxAgeSeconds, mx: patterns };
  if (wanted.mode !== 'enforce') return { policy: full, wanted: full, holds: [], isHeldTesting: false };

  const kept = keptPatterns(wanted, patterns, observation, memory, now);
  const widened: StsPolicy = { ...full, mx: canonicalPatterns([...patterns, ...kept.patterns]) };
  const entry = holdEnforce(wanted, widened, observation, memory, liveMode, now);
  if (entry === null) return { policy: widened, wanted: full, holds: kept.holds, isHeldTesting: false };
  // What refuses less than enforce needs no guard: testing is served in its place. A live enforce is never taken back by a guard.
  const policy: StsPolicy = liveMode === 'enforce' ? widened : { ...full, mode: 'testing' };
  return {
    policy,
    wanted: full,
    holds: [entry, ...(liveMode === 'enforce' ? kept.holds : [])],
    isHeldTesting: isPromise(entry),
  };
}

/** The patterns of the YAML; for `mx: live` the hosts seen now or within twice their TTL. Null: nothing to go by. */
function wantedPatterns(
  wanted: DomainConfig,
  observation: Observation,
  memory: DomainMemory,
  now: Date,
): readonly string[] | null {
  const last = livePolicy(observation)?.mx ?? memory.history.at(-1)?.policy.mx ?? null;
  // Some senders refuse a none policy without mx lines (Stalwart), so the last ones stay where the YAML names none.
  if (wanted.mx !== 'live') return wanted.mx.length === 0 ? (last ?? []) : canonicalPatterns(wanted.mx);
  const { mx } = observation;
  // Null MX, no MX and NXDOMAIN change nothing (rule 2), and neither does what cannot be read.
  if (mx.kind !== 'hosts') return last;
  const recent = memory.seenMx.filter((one) => isRecent(one, 2, now)).map((one) => one.host);
  return canonicalPatterns([...mx.hosts, ...recent]);
}

/** Rule 6: live patterns that alone cover a host which is in MX, or was within its MX TTL, stay. */
function keptPatterns(
  wanted: DomainConfig,
  patterns: readonly string[],
  observation: Observation,
  memory: DomainMemory,
  now: Date,
): { patterns: readonly string[]; holds: readonly Hold[] } {
  const live = livePolicy(observation);
  const dropped = (live?.mx ?? []).filter((pattern) => !patterns.includes(pattern));
  const hosts = liveMxHosts(wanted.domain, observation.mx);
  if (dropped.length === 0) return { patterns: [], holds: [] };
  if (hosts === null) {
    const reason = `MX cannot be read, so ${list(dropped)} may not be dropped`;
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
              `dropping ${pattern} would refuse ${list(inUse)}, which is in MX`,
              `take it out of MX first, or ${allowKey('enforce-covers-live-mx')}`,
              null,
            )
          : hold(
              'narrow-waits-for-mx',
              `${pattern} stays: ${list(inUse)} is in MX`,
              `take it out of MX; the pattern goes one MX TTL later`,
              new Date(now.getTime() + ttlSeconds * 1000),
            ),
      );
      continue;
    }
    const until = recentUntil(pattern, patterns, hosts, memory, now);
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

/** Until when a host that left the MX may still be in a resolver's answer and is covered by `pattern` alone; null: no such host. */
function recentUntil(
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
    .map((one) => (one.ttlSeconds === null ? now.getTime() : one.lastSeen.getTime() + one.ttlSeconds * 1000));
  return times.length === 0 ? null : new Date(Math.max(...times));
}

/** The first guard that holds "to enforce from anything else"; null where none does, or enforce is live already. */
function holdEnforce(
  wanted: DomainConfig,
  widened: StsPolicy,
  observation: Observation,
  memory: DomainMemory,
  liveMode: PolicyMode | null,
  now: Date,
): Hold | null {
  if (wanted.mx === 'live' && !wanted.allow.has('live-mx-under-enforce')) {
    const reason = 'mx: live under enforce refuses a new MX host until caches run out';
    return hold(
      'live-mx-under-enforce',
      reason,
      `list the MX in the YAML, or ${allowKey('live-mx-under-enforce')}`,
      null,
    );
  }
  if (liveMode === 'enforce') return null;
  const wait = testingWait(wanted, memory, liveMode, now);
  if (wait !== null) return wait;
  const hosts = liveMxHosts(wanted.domain, observation.mx);
  if (hosts === null)
    return hold('source-readable', 'MX cannot be read, so enforce may refuse mail', 'make MX readable', null);
  const { uncovered } = coverMx(widened.mx, hosts);
  if (uncovered.length === 0 || wanted.allow.has('enforce-covers-live-mx')) return null;
  const hint = `add ${list(uncovered)} to mx:, take it out of MX, or ${allowKey('enforce-covers-live-mx')}`;
  return hold('enforce-covers-live-mx', `enforce would refuse ${list(uncovered)}, which is in MX`, hint, null);
}

/** Guards testing-before-enforce and reports-agree: the wait of a promise, or null when it is over or was freed. */
function testingWait(wanted: DomainConfig, memory: DomainMemory, liveMode: PolicyMode | null, now: Date): Hold | null {
  if (wanted.allow.has('testing-before-enforce')) return null;
  const days = `testingFor is ${formatDuration(wanted.testingForSeconds)}`;
  const promise = (notBefore: Date): Hold =>
    hold('testing-before-enforce', `testing is served first; ${days}`, allowKey('testing-before-enforce'), notBefore);
  if (liveMode !== 'testing') return promise(new Date(now.getTime() + wanted.testingForSeconds * 1000));
  const run = testingRun(memory.history);
  // Testing that the YAML asked for itself is the owner's own trial, as long as they saw fit.
  if (!run.some((entry) => entry.isHeldTesting)) return null;
  const start = (run.find((entry) => entry.rotatedAt !== null)?.rotatedAt ?? now).getTime();
  const due = new Date(start + wanted.testingForSeconds * 1000);
  if (now < due) return promise(due);
  // reports-agree: no TLS report can have come in as long as nothing takes them in, so the time is twice testingFor.
  const late = new Date(start + 2000 * wanted.testingForSeconds);
  if (now >= late || wanted.allow.has('reports-agree')) return null;
  return hold(
    'reports-agree',
    `no TLS reports came in, so testing goes on for twice testingFor`,
    allowKey('reports-agree'),
    late,
  );
}

/** The entries at the end of the history that are testing without a break. */
function testingRun(history: readonly HistoryEntry[]): readonly HistoryEntry[] {
  return history.slice(history.findLastIndex((entry) => entry.policy.mode !== 'testing') + 1);
}

/** Does the hold end by itself, so that what is served now is on its way to enforce? */
function isPromise(one: Hold): boolean {
  return one.guard === 'testing-before-enforce' || one.guard === 'reports-agree';
}

/** Seen within `factor` times its MX TTL; an unknown TTL counts as now. */
function isRecent(
  one: { readonly lastSeen: Date; readonly ttlSeconds: number | null },
  factor: number,
  now: Date,
): boolean {
  return one.ttlSeconds === null || one.lastSeen.getTime() + factor * 1000 * one.ttlSeconds > now.getTime();
}

function hold(guard: GuardName, reason: string, hint: string, notBefore: Date | null): Hold {
  return { guard, reason, hint, notBefore };
}

/** The key that frees a guard, as a hint says it. */
export function allowKey(guard: GuardName): string {
  return `set \`allow: [${guard}]\``;
}

function list(names: readonly string[]): string {
  return names.join(', ');
}
