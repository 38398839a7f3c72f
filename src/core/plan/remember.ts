/**
 * Floor 0. How a look and a step enter the memory of a domain: functions from memory to memory. The store writes what they give.
 * Times err on the safe side: a policy is taken to be served until it was seen replaced, and announced from when its id was first seen.
 */
import { bodyHash, type OwnId, parseOwnId } from '../id.ts';
import type { Cause, DomainMemory, HistoryEntry, SeenMx } from '../memory.ts';
import { matchMx } from '../mx.ts';
import { formatPolicy, parsePolicy, samePolicy, type StsPolicy } from '../policy.ts';
import type { Served } from '../when-safe.ts';
import type { PublishedId } from './ids.ts';
import type { Step } from './model.ts';
import { livePolicy, type MxFact, type Observation, type PolicyFact } from './observation.ts';

/** Stands for the id of what nobody remembers; no published id is a word with blanks. */
const UNKNOWN_ID = 'not known';

/** The id that senders read in this look. */
interface SeenId {
  readonly id: string;
  readonly ttlSeconds: number;
}

/**
 * Takes in one look. `servedSince` overrides the first sight of a policy that was there before us (rule 15).
 */
export function rememberObservation(
  memory: DomainMemory,
  observation: Observation,
  ids: readonly PublishedId[],
  now: Date,
  servedSince: Date | null,
): DomainMemory {
  const policy = livePolicy(observation);
  const first = ids.find((one) => one.id !== null);
  const id = first?.id == null ? null : { id: first.id, ttlSeconds: first.set?.ttlSeconds ?? 0 };
  // An id that a provider of a zone hosted twice lacks, or may lack, is not out yet: its time begins when the last one has it (rule 6).
  const isEverywhere =
    observation.views.every((view) => view.kind === 'read') && ids.every((one) => one.id === first?.id);
  const announced = isEverywhere || memory.history.length === 0 ? id : null;
  // Without a record nobody was told of a policy; that something answers at the host, and serves none, says no more.
  const isBodiless =
    observation.policy.kind === 'absent' ||
    (observation.policy.kind === 'unproved' && observation.policy.bodies.length === 0);
  const isNothingLive = ids.length > 0 && ids.every((one) => one.count === 0) && isBodiless;
  return {
    ...memory,
    isComplete: memory.isComplete || (memory.history.length === 0 && isNothingLive),
    seenMx: rememberMx(memory, observation.mx, policy, now),
    seenBodies: rememberBody(memory, observation.policy, id),
    proved: isStillServed(memory, observation.policy) ? memory.proved : null,
    history: policy === null ? memory.history : rememberLive(memory.history, policy, announced, now, servedSince),
  };
}

/** Before a policy is published: the new entry, not announced yet. Written ahead, so that a crash loses nothing of it. */
export function rememberServing(
  memory: DomainMemory,
  entry: {
    readonly policy: StsPolicy;
    readonly id: string;
    readonly cause: Cause;
    readonly isHeldTesting: boolean;
    readonly txtTtlSeconds: number;
  },
  now: Date,
): DomainMemory {
  const current = memory.history.at(-1);
  const isSame =
    current !== undefined && current.to === null && current.id === entry.id && samePolicy(current.policy, entry.policy);
  if (isSame) return replaceLast(memory, { ...current, isHeldTesting: entry.isHeldTesting });
  return { ...memory, history: [...close(memory.history, now), { ...entry, from: now, to: null, rotatedAt: null }] };
}

/** After the id was seen where it was written. */
export function rememberAnnounced(memory: DomainMemory, id: string, txtTtlSeconds: number, now: Date): DomainMemory {
  const current = memory.history.at(-1);
  if (current === undefined || (current.id === id && current.rotatedAt !== null)) return memory;
  return { ...memory, history: announce(memory.history, { ...current, id, txtTtlSeconds, rotatedAt: now }) };
}

/** These record sets are ours from now on (rule 8): written, found equal, or adopted. */
export function rememberOwned(memory: DomainMemory, keys: readonly string[]): DomainMemory {
  const owned = [...new Set([...memory.owned, ...keys])];
  return owned.length === memory.owned.length ? memory : { ...memory, owned };
}

/** These are gone: a record that appears at the name later is somebody else's. */
export function rememberGone(memory: DomainMemory, keys: readonly string[]): DomainMemory {
  return { ...memory, owned: memory.owned.filter((key) => !keys.includes(key)) };
}

/** The body was proved from outside; only the first proof of a body is kept. */
export function rememberProved(memory: DomainMemory, policy: StsPolicy, now: Date): DomainMemory {
  const hash = bodyHash(formatPolicy(policy));
  return memory.proved?.bodyHash === hash ? memory : { ...memory, proved: { bodyHash: hash, at: now } };
}

/** The host record was changed: resolvers hold the old one for its TTL. */
export function rememberHostMove(memory: DomainMemory, step: Step, now: Date): DomainMemory {
  if (JSON.stringify(step.before) === JSON.stringify(step.after)) return memory;
  const ttls = step.changes.flatMap((one) => one.changes.map((change) => change.before?.ttlSeconds ?? 0));
  const hostTtlSeconds = Math.max(0, ...ttls);
  return { ...memory, hostSettledAt: laterBy(now, hostTtlSeconds), hostTtlSeconds };
}

/**
 * A look at the name servers after a move. Resolvers may have got the old record until just before the first look at which all of them show the
 * new one, so its TTL counts from there; that the write is done says nothing of a secondary that lags.
 */
export function rememberHostLook(memory: DomainMemory, isSpreading: boolean, now: Date): DomainMemory {
  const { hostSettledAt, hostTtlSeconds } = memory;
  if (hostSettledAt === null) return memory;
  const settledAt = laterBy(now, hostTtlSeconds);
  if (isSpreading) return settledAt > hostSettledAt ? { ...memory, hostSettledAt: settledAt } : memory;
  if (hostTtlSeconds > 0) return { ...memory, hostSettledAt: settledAt, hostTtlSeconds: 0 };
  return hostSettledAt > now ? memory : { ...memory, hostSettledAt: null };
}

function laterBy(date: Date, seconds: number): Date {
  return new Date(date.getTime() + 1000 * seconds);
}

/**
 * The history that questions are asked of (rule 15). Where nothing says what was served before the first entry, a policy that refuses
 * everything is put in front, with the max_age that the question calls for.
 */
export function assumedHistory(memory: DomainMemory, assumedMaxAgeSeconds: number): readonly Served[] {
  const [first] = memory.history;
  if (memory.isComplete || first === undefined) return memory.history;
  const assumed: Served = {
    policy: { mode: 'enforce', maxAgeSeconds: assumedMaxAgeSeconds, mx: [] },
    id: UNKNOWN_ID,
    from: new Date(0),
    to: first.from,
    rotatedAt: new Date(0),
    txtTtlSeconds: first.txtTtlSeconds,
  };
  return [assumed, ...memory.history];
}

/** Says in a reason what {@link assumedHistory} put in front; empty where it put nothing. */
export function assumptionNote(history: readonly Served[]): string {
  const [first] = history;
  return first?.id === UNKNOWN_ID
    ? ` (what was served before ${first.to?.toISOString() ?? 'now'} is not known; the worst is assumed)`
    : '';
}

function rememberLive(
  before: readonly HistoryEntry[],
  policy: StsPolicy,
  id: SeenId | null,
  now: Date,
  servedSince: Date | null,
): readonly HistoryEntry[] {
  const history = id === null ? before : announceEarlier(before, id.id, now);
  const current = history.at(-1);
  if (current === undefined) return id === null ? [] : [firstSight(policy, id, now, servedSince)];
  const isSamePolicy = samePolicy(current.policy, policy);
  const isNewId = id !== null && (id.id !== current.id || current.rotatedAt === null) && !isOfEarlier(history, id.id);
  if (isSamePolicy && !isNewId) return history;
  const rotatedAt = isNewId ? now : null;
  // The id we were about to write stands there: the crash came between the writing and the remembering.
  if (isSamePolicy && id !== null && (current.rotatedAt === null || current.id === id.id)) {
    return announce(history, { ...current, id: id.id, txtTtlSeconds: id.ttlSeconds, rotatedAt: now });
  }
  const txtTtlSeconds = id?.ttlSeconds ?? current.txtTtlSeconds;
  const entry = {
    policy,
    id: id?.id ?? current.id,
    from: now,
    to: null,
    rotatedAt,
    txtTtlSeconds,
    cause: 'found',
    isHeldTesting: policy.mode === 'testing' && id !== null && proofOf(policy, id) !== null,
  } as const;
  return [...close(history, now), entry];
}

/** The id of an entry before the current one: the new policy is served, its id is not out yet. */
function isOfEarlier(history: readonly HistoryEntry[], id: string): boolean {
  return history.slice(0, -1).some((entry) => entry.id === id && entry.rotatedAt !== null);
}

/**
 * The id of an entry before the current one is everywhere only now, when the next policy is served already: it still stands for the policy
 * that it was made for. The body before that one was gone when the next one came.
 */
function announceEarlier(history: readonly HistoryEntry[], id: string, now: Date): readonly HistoryEntry[] {
  const index = history.findIndex((entry) => entry.id === id);
  const entry = history[index];
  const isEarlier = index < history.length - 1 && !history.some((one) => one.id === id && one.rotatedAt !== null);
  if (entry === undefined || !isEarlier) return history;
  return history.map((one, at) => {
    if (at === index) return { ...entry, rotatedAt: now };
    const isReplaced = at === index - 1 && one.to?.getTime() === entry.from.getTime();
    return isReplaced ? { ...one, to: entry.to } : one;
  });
}

/**
 * Rule 15: an id of ours says when its policy began; a foreign one begins now. Testing under an id of ours that nobody remembers may be the
 * testing that a guard put there, so it is taken for that.
 */
function firstSight(policy: StsPolicy, id: SeenId, now: Date, servedSince: Date | null): HistoryEntry {
  const proof = proofOf(policy, id);
  const from = servedSince ?? (proof !== null && proof.at <= now ? proof.at : now);
  const isHeldTesting = proof !== null && policy.mode === 'testing';
  const { ttlSeconds: txtTtlSeconds } = id;
  return { policy, id: id.id, from, to: null, rotatedAt: from, txtTtlSeconds, cause: 'found', isHeldTesting };
}

/** The id, if it is one of ours for this policy. */
function proofOf(policy: StsPolicy, id: SeenId): OwnId | null {
  const own = parseOwnId(id.id);
  return own?.bodyHash === bodyHash(formatPolicy(policy)) ? own : null;
}

function rememberBody(memory: DomainMemory, fact: PolicyFact, id: SeenId | null): DomainMemory['seenBodies'] {
  if (id === null) return memory.seenBodies;
  const known = memory.seenBodies.filter(
    (one) => one.id === id.id || memory.history.some((entry) => entry.id === one.id),
  );
  const fresh = seenHashes(fact).filter((hash) => !known.some((one) => one.id === id.id && one.bodyHash === hash));
  return fresh.length === 0 ? memory.seenBodies : [...known, ...fresh.map((hash) => ({ id: id.id, bodyHash: hash }))];
}

/** Nothing but the proved body was seen since its proof. */
function isStillServed({ proved }: DomainMemory, fact: PolicyFact): boolean {
  return fact.kind === 'body' && seenHashes(fact).every((hash) => hash === proved?.bodyHash);
}

/** The hashes under which bodies are remembered: of the meaning where a body is a policy, else of its bytes. */
function seenHashes(fact: PolicyFact): readonly string[] {
  const bodies = fact.kind === 'body' ? [fact.body] : fact.kind === 'unproved' ? fact.bodies : [];
  return bodies.map((body) => {
    const parsed = parsePolicy(body);
    return parsed.ok ? bodyHash(formatPolicy(parsed.value)) : `raw-${bodyHash(body)}`;
  });
}

function rememberMx(memory: DomainMemory, mx: MxFact, policy: StsPolicy | null, now: Date): readonly SeenMx[] {
  if (mx.kind === 'unreadable') return memory.seenMx;
  const [hosts, ttlSeconds] = mx.kind === 'hosts' ? [mx.hosts, mx.ttlSeconds] : [[], null];
  const seen = hosts.map((host) => ({ host, isLive: true, lastSeen: now, ttlSeconds }));
  const earlier = memory.seenMx.flatMap((one): SeenMx[] => {
    if (hosts.includes(one.host)) return [];
    // Where only a resolver was reached, nothing is known to have left (rule 1).
    if (one.isLive && !mx.isAuthoritative) return [one];
    // It left at some moment since the last look; nobody knows which, so it may have been just now.
    if (one.isLive) return [{ ...one, isLive: false, lastSeen: now }];
    // Twice the TTL is as long as any rule asks (rule 2).
    return one.ttlSeconds === null || one.lastSeen.getTime() + 2000 * one.ttlSeconds > now.getTime() ? [one] : [];
  });
  // At the first look nobody knows which hosts left the MX a moment ago: each pattern that matches none now may stand for one (rule 6,
  // "unknown counts as now"). Such an entry carries the pattern itself.
  const isFirst = memory.seenMx.length === 0 && memory.history.length === 0;
  const unknown = isFirst && mx.kind === 'hosts' ? unmatched(policy?.mx ?? [], hosts) : [];
  return [...earlier, ...seen, ...unknown.map((host) => ({ host, isLive: false, lastSeen: now, ttlSeconds }))];
}

function unmatched(patterns: readonly string[], hosts: readonly string[]): readonly string[] {
  return patterns.filter((pattern) => !hosts.some((host) => matchMx(pattern, host)));
}

/** The current entry, announced. Until the proof just before this, some address may have served the older body. */
function announce(
  history: readonly HistoryEntry[],
  entry: HistoryEntry & { readonly rotatedAt: Date },
): readonly HistoryEntry[] {
  const older = history.slice(0, -1);
  const last = older.at(-1);
  const isReplaced = last?.to?.getTime() === entry.from.getTime();
  return last === undefined || !isReplaced
    ? [...older, entry]
    : [...older.slice(0, -1), { ...last, to: entry.rotatedAt }, entry];
}

function close(history: readonly HistoryEntry[], now: Date): readonly HistoryEntry[] {
  const last = history.at(-1);
  return last === undefined || last.to !== null ? history : [...history.slice(0, -1), { ...last, to: now }];
}

function replaceLast(memory: DomainMemory, entry: HistoryEntry): DomainMemory {
  return { ...memory, history: [...memory.history.slice(0, -1), entry] };
}
