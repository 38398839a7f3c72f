/**
 * What literally stands in the zones of the server. A question is answered through wildcards, DNAME and CNAME as well; what is meant here is
 * the record set itself (contract, read).
 *
 * How a wildcard is told from a record: a name that exists stops wildcards above it (RFC 4592 §3.3.1), so a made-up name below an existing
 * one is NXDOMAIN. Where the made-up name has an answer, a wildcard made it: one above (then our name is not there), or one directly
 * below our name (then it is, and the same question below that wildcard is NXDOMAIN).
 */
import type { RecordKey, RecordSet, RecordType } from '../../src/core/record-set.ts';
import { recordKey } from '../../src/core/record-set.ts';
import { isWithin } from '../../src/core/names.ts';
import { zoneNotFound, badAnswer } from './faults.ts';
import { CLASSES, TYPES, type InRecord, type Message, type Question } from './message.ts';
import { decodeRdata } from './rdata.ts';
import type { ServerAddress } from './server.ts';
import type { Session } from './session.ts';
import { MalformedMessage, parseName } from './wire-name.ts';

/** A set as it is to be shown, and its data byte for byte as the server has it: the precondition of an update. */
export interface LiveSet {
  readonly set: RecordSet;
  readonly wire: readonly Uint8Array[];
}

/** Where questions go. */
export interface Source {
  readonly server: ServerAddress;
  readonly session: Session;
}

const NO_SUCH_LABEL = '_stsync-probe';

/** The sets of `keys` by `recordKey`; what is not there is not in the map. Throws `ZONE_NOT_FOUND` and what {@link Session.ask} throws. */
export async function lookUp(
  source: Source,
  keys: readonly RecordKey[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LiveSet>> {
  const distinct = [...new Map(keys.map((key) => [recordKey(key), key])).values()];
  const names = [...new Set(keys.map(({ name }) => name))];
  const probes = names.filter(hasRoom);
  const answers = await source.session.ask(
    [...distinct.map(question), ...probes.map((name) => ({ name: `${NO_SUCH_LABEL}.${name}`, type: TYPES.TXT }))],
    signal,
  );
  const found = setsIn(source.server, distinct, answers);
  const doubtful = probes.filter((name, at) => {
    const answer = answers[distinct.length + at];
    return (
      answer !== undefined &&
      !isNothing(answer) &&
      distinct.some((key) => key.name === name && found.has(recordKey(key)))
    );
  });
  const made = await madeByWildcard(source, doubtful, signal);
  for (const key of distinct) if (made.has(key.name)) found.delete(recordKey(key));
  return found;
}

/** As {@link lookUp} for `keys` that are all different, but through wildcards as well: enough to see that what was written stands there. */
export async function lookThroughWildcards(
  { server, session }: Source,
  keys: readonly RecordKey[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LiveSet>> {
  return setsIn(server, keys, await session.ask(keys.map(question), signal));
}

/** Does any record stand at `name` or below it? Throws as {@link lookUp}. */
export async function nameExists(source: Source, name: string, signal: AbortSignal): Promise<boolean> {
  const probe = hasRoom(name) ? [{ name: `${NO_SUCH_LABEL}.${name}`, type: TYPES.TXT }] : [];
  const [answer, probed] = await source.session.ask([{ name, type: TYPES.TXT }, ...probe], signal);
  if (answer === undefined) return false;
  requireAuthority(source.server, name, answer);
  if (isNothing(answer) || isBelowDname(answer, name)) return false;
  return probed === undefined || isNothing(probed) || !(await madeByWildcard(source, [name], signal)).has(name);
}

/** Every type that stands at `name`, by number, as far as a server can be asked for it (RFC 8482: ANY may be cut short). */
export async function typesAt(source: Source, name: string, signal: AbortSignal): Promise<ReadonlySet<number>> {
  const { TSIG: _, RRSIG, NSEC, NSEC3, ...types } = TYPES;
  if (!(await nameExists(source, name, signal))) return new Set();
  const asked = Object.values(types);
  const answers = await source.session.ask(
    asked.map((type) => ({ name, type })),
    signal,
  );
  // RFC 8482 §4.2: a server may answer ANY with a HINFO that is not there.
  const isMadeUp = (at: number, type: number): boolean => asked[at] === TYPES.ANY && type === TYPES.HINFO;
  return new Set(
    answers
      .flatMap((answer, at) => ownRecords(answer, name).filter(({ type }) => !isMadeUp(at, type)))
      .map(({ type }) => type)
      .filter((type) => type !== RRSIG && type !== NSEC && type !== NSEC3),
  );
}

/** Those of `names`, which all have an answer for a name below them, that are not there themselves: a wildcard above made them. */
async function madeByWildcard(
  { session }: Source,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const answers = await session.ask(
    names.map((name) => ({ name: `${NO_SUCH_LABEL}.*.${name}`, type: TYPES.TXT })),
    signal,
  );
  return new Set(
    names.filter((name, at) => {
      const answer = answers[at];
      // What stands below a DNAME is made from it; its owner is there.
      const isDnameOwner =
        answer?.answers.some((record) => record.type === TYPES.DNAME && record.name === name) === true;
      return answer !== undefined && !isNothing(answer) && !isDnameOwner;
    }),
  );
}

function question({ name, type }: RecordKey): Question {
  return { name, type: TYPES[type] };
}

/** The sets that `answers`, one to each of `keys`, show. */
function setsIn(server: ServerAddress, keys: readonly RecordKey[], answers: readonly Message[]): Map<string, LiveSet> {
  return new Map(
    keys.flatMap((key, at): readonly (readonly [string, LiveSet])[] => {
      const set = setOf(server, key, answers[at]);
      return set === null ? [] : [[recordKey(key), set]];
    }),
  );
}

function setOf(server: ServerAddress, { name, type }: RecordKey, answer: Message | undefined): LiveSet | null {
  if (answer === undefined) return null;
  requireAuthority(server, name, answer);
  if (isBelowDname(answer, name)) return null;
  const records = ownRecords(answer, name).filter((record) => record.type === TYPES[type]);
  if (records.length === 0) return null;
  // RFC 2181 §5.2: TTLs that differ are an error of the server; the lowest counts.
  const ttlSeconds = Math.min(...records.map((record) => record.ttlSeconds));
  const rdata = records.map((record) => textOf(server, type, record));
  return { set: { name, type, ttlSeconds, rdata }, wire: records.map((record) => record.rdata) };
}

function ownRecords({ answers }: Message, name: string): readonly InRecord[] {
  return answers.filter((record) => record.name === name && record.class === CLASSES.IN);
}

function isBelowDname({ answers }: Message, name: string): boolean {
  return answers.some((record) => record.type === TYPES.DNAME && record.name !== name && isWithin(name, record.name));
}

/** NXDOMAIN that is meant: with a CNAME in the answer it is said of its target (RFC 6604 §3). */
function isNothing({ rcode, answers }: Message): boolean {
  return rcode === 'NXDOMAIN' && answers.length === 0;
}

/** Throws `ZONE_NOT_FOUND` for an answer from outside the zones of the server: a referral, or a cache. */
export function requireAuthority(server: ServerAddress, name: string, answer: Message): void {
  if (answer.isAuthoritative) return;
  const cut = answer.authority.find((record) => record.type === TYPES.NS && isWithin(name, record.name));
  throw cut === undefined || cut.name === '.'
    ? zoneNotFound(
        { name },
        `${server.text} is not authoritative for ${name}`,
        'name the primary server of the zone in `server`',
      )
    : zoneNotFound(
        { name },
        `${server.text} has no zone for ${name}: it delegates ${cut.name} to other name servers`,
        'choose the provider that holds this zone',
      );
}

function textOf(server: ServerAddress, type: RecordType, record: InRecord): string {
  try {
    return decodeRdata(type, record.rdata);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw badAnswer(server, `a ${type} record that is none: ${error.message}`);
  }
}

/** Is there room for both made-up names below it? Where not, no wildcard is looked for. */
function hasRoom(name: string): boolean {
  return parseName(`${NO_SUCH_LABEL}.*.${name}`) !== null;
}
