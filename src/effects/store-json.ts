/**
 * Floor 2. The memory of a domain as JSON text, as a store keeps it. The reader trusts nothing: a state file may have been edited, cut or
 * written by something else. A new field of `DomainMemory` does not compile until both halves here know it.
 */
import type { Cause, DomainMemory, HistoryEntry } from '../core/memory.ts';
import type { PolicyMode, StsPolicy } from '../core/policy.ts';

/** What is wrong with a stored text, with the place in it: `history[2].to is not a date`. The store says whose it is. */
export class StoredTextError extends Error {}

/** JSON of a memory; dates as ISO 8601 in UTC. A date that is none is a fault of the caller: RangeError. */
export function formatMemory(memory: DomainMemory): string {
  return JSON.stringify({
    isComplete: memory.isComplete,
    history: memory.history.map((entry) => ({
      policy: { mode: entry.policy.mode, maxAgeSeconds: entry.policy.maxAgeSeconds, mx: entry.policy.mx },
      id: entry.id,
      from: entry.from.toISOString(),
      to: entry.to?.toISOString() ?? null,
      rotatedAt: entry.rotatedAt?.toISOString() ?? null,
      txtTtlSeconds: entry.txtTtlSeconds,
      cause: entry.cause,
      isHeldTesting: entry.isHeldTesting,
    })),
    seenMx: memory.seenMx.map(({ host, isLive, lastSeen, ttlSeconds }) => ({
      host,
      isLive,
      lastSeen: lastSeen.toISOString(),
      ttlSeconds,
    })),
    seenBodies: memory.seenBodies.map(({ id, bodyHash }) => ({ id, bodyHash })),
    owned: memory.owned,
    hostSettledAt: memory.hostSettledAt?.toISOString() ?? null,
    hostTtlSeconds: memory.hostTtlSeconds,
    proved: memory.proved === null ? null : { bodyHash: memory.proved.bodyHash, at: memory.proved.at.toISOString() },
  } satisfies Stored<DomainMemory>);
}

/** The memory that {@link formatMemory} wrote. Throws {@link StoredTextError}. */
export function parseMemory(json: string): DomainMemory {
  const at = field(parseJson(json), 'memory');
  return {
    isComplete: flag(at('isComplete')),
    history: list(at('history'), readEntry),
    seenMx: list(at('seenMx'), (one) => {
      const of = field(one.value, one.place);
      return {
        host: text(of('host')),
        isLive: flag(of('isLive')),
        lastSeen: date(of('lastSeen')),
        ttlSeconds: orNull(of('ttlSeconds'), count),
      };
    }),
    seenBodies: list(at('seenBodies'), (one) => {
      const of = field(one.value, one.place);
      return { id: text(of('id')), bodyHash: text(of('bodyHash')) };
    }),
    owned: list(at('owned'), text),
    hostSettledAt: orNull(at('hostSettledAt'), date),
    // Of a state that an older stsync wrote there is none.
    hostTtlSeconds: at('hostTtlSeconds').value === undefined ? 0 : count(at('hostTtlSeconds')),
    proved: orNull(at('proved'), (one) => {
      const of = field(one.value, one.place);
      return { bodyHash: text(of('bodyHash')), at: date(of('at')) };
    }),
  };
}

/** A stored list of texts (`before` and `after` of the journal). Throws {@link StoredTextError}. */
export function parseTexts(json: string, place: string): readonly string[] {
  return list({ value: parseJson(json), place }, text);
}

/** A closed set of words, each by its own name, so that one that is missing does not compile. */
export type Words<T extends string> = { readonly [Word in T]: Word };

/** One of a closed set of words. Throws {@link StoredTextError}. */
export function parseWord<T extends string>(value: string, words: Words<T>, place: string): T {
  const found = Object.values<T>(words).find((word) => word === value);
  if (found === undefined) throw new StoredTextError(`${place} is "${value.slice(0, 40)}"`);
  return found;
}

/** An instant in ISO 8601. Throws {@link StoredTextError}. */
export function parseInstant(value: string, place: string): Date {
  return date({ value, place });
}

/** The same shape with dates as text. */
type Stored<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Stored<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Stored<T[Key]> }
      : T;

interface Found {
  readonly value: unknown;
  readonly place: string;
}

const MODES: Words<PolicyMode> = { enforce: 'enforce', testing: 'testing', none: 'none' };
const CAUSES: Words<Cause> = { change: 'change', found: 'found', 'wrong-body': 'wrong-body', request: 'request' };

function readEntry(one: Found): HistoryEntry {
  const of = field(one.value, one.place);
  return {
    policy: readPolicy(of('policy')),
    id: text(of('id')),
    from: date(of('from')),
    to: orNull(of('to'), date),
    rotatedAt: orNull(of('rotatedAt'), date),
    txtTtlSeconds: count(of('txtTtlSeconds')),
    cause: parseWord(text(of('cause')), CAUSES, `${one.place}.cause`),
    isHeldTesting: flag(of('isHeldTesting')),
  };
}

function readPolicy(one: Found): StsPolicy {
  const of = field(one.value, one.place);
  return {
    mode: parseWord(text(of('mode')), MODES, `${one.place}.mode`),
    maxAgeSeconds: count(of('maxAgeSeconds')),
    mx: list(of('mx'), text),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new StoredTextError('it is not JSON');
  }
}

/** A reader of the own properties of an object. */
function field(value: unknown, place: string): (name: string) => Found {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(place, 'a map');
  const properties = new Map<string, unknown>(Object.entries(value));
  return (name) => ({ value: properties.get(name), place: `${place}.${name}` });
}

function list<T>({ value, place }: Found, read: (one: Found) => T): readonly T[] {
  if (!Array.isArray(value)) fail(place, 'a list');
  return value.map((one: unknown, index) => read({ value: one, place: `${place}[${index}]` }));
}

function text({ value, place }: Found): string {
  return typeof value === 'string' ? value : fail(place, 'a text');
}

function flag({ value, place }: Found): boolean {
  return typeof value === 'boolean' ? value : fail(place, 'true or false');
}

/** Whole, not negative: seconds. */
function count({ value, place }: Found): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fail(place, 'a whole number');
}

function date({ value, place }: Found): Date {
  const found = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(found.getTime()) ? fail(place, 'a date') : found;
}

/** A missing property is not null: a field that an older schema did not have is the migration's work. */
function orNull<T>(one: Found, read: (one: Found) => T): T | null {
  return one.value === null ? null : read(one);
}

function fail(place: string, what: string): never {
  throw new StoredTextError(`${place} is not ${what}`);
}
