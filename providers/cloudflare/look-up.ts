/** Which records stand at which names, in as few calls as can be believed. */
import { parentOf } from '../../src/core/names.ts';
import { recordKey, type RecordKey, type RecordSet } from '../../src/core/record-set.ts';
import { NotAsDescribed } from '../json-answer.ts';
import { readRecords, type ApiRecord, type ApiZone } from './answer.ts';
import type { Client, NameFilter } from './client.ts';
import { rdataOf, ttlOf } from './rdata.ts';

/** A page is large enough for every name of real zones; what does not fit is paged by hand. */
const PER_PAGE = 1000;

/**
 * All records, of every type, at `names` of one zone. One call for one name. Several names are asked by their longest common end
 * (`_mta-sts.d`, `mta-sts.d` and `_smtp._tls.d` all end in `s.d`), which is one call too unless the zone is large: a filter that matches more
 * than one page is given up for one call a name. `match=any` would say it directly, but a service that read it as `all` would answer "nothing
 * there", and nobody could tell.
 */
export async function recordsAt(
  client: Client,
  zone: ApiZone,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly ApiRecord[]> {
  const distinct = [...new Set(names)];
  const end = distinct.length > 1 ? commonEnd(distinct, zone.name) : null;
  if (end !== null) {
    const { records, total } = await readPage(client, zone, { endswith: end }, 1, signal);
    if (records.length >= total) return at(distinct, records);
  }
  const found = await Promise.all(distinct.map((name) => readAll(client, zone, { exact: name }, signal)));
  // Filtered again: an API that does not know a filter shows everything.
  return at(distinct, found.flat());
}

/** Does any record stand at `name` or below it? */
export async function nameExists(client: Client, zone: ApiZone, name: string, signal: AbortSignal): Promise<boolean> {
  if (name === zone.name) return true;
  if ((await recordsAt(client, zone, [name], signal)).length > 0) return true;
  const { records } = await readPage(client, zone, { endswith: `.${name}` }, 1, signal);
  return records.some((record) => record.name.endsWith(`.${name}`));
}

/** The sets of `keys` among these records. */
export function setsOf(
  client: Client,
  keys: readonly RecordKey[],
  records: readonly ApiRecord[],
): ReadonlyMap<string, RecordSet> {
  const sets = new Map<string, RecordSet>();
  for (const { name, type } of keys) {
    const own = records.filter((record) => record.name === name && record.type === type);
    if (own.length === 0) continue;
    try {
      sets.set(recordKey({ name, type }), {
        name,
        type,
        // RFC 2181 §5.2: TTLs that differ are an error; the lowest counts.
        ttlSeconds: Math.min(...own.map(({ ttl }) => ttlOf(ttl))),
        rdata: own.map((record) => rdataOf(type, record)),
      });
    } catch (error) {
      throw error instanceof NotAsDescribed ? client.unreadable(error) : error;
    }
  }
  return sets;
}

/** What all names end in, when that says more than the zone does; null: it would be the whole zone. */
function commonEnd(names: readonly string[], zone: string): string | null {
  let end = names[0] ?? '';
  for (const name of names) while (!name.endsWith(end)) end = end.slice(1);
  return end.length > zone.length + 1 && parentOf(`x${end}`) !== null ? end : null;
}

async function readAll(
  client: Client,
  zone: ApiZone,
  filter: NameFilter,
  signal: AbortSignal,
): Promise<readonly ApiRecord[]> {
  const found = new Map<string, ApiRecord>();
  for (let page = 1; ; page++) {
    const { records, total } = await readPage(client, zone, filter, page, signal);
    const known = found.size;
    for (const record of records) found.set(record.id, record);
    if (found.size >= total) return [...found.values()];
    // Half an answer is none.
    if (found.size === known) throw client.unreadable(new NotAsDescribed('the same page of records twice'));
  }
}

async function readPage(
  client: Client,
  zone: ApiZone,
  filter: NameFilter,
  page: number,
  signal: AbortSignal,
): Promise<{ readonly records: readonly ApiRecord[]; readonly total: number }> {
  const { result, total } = await client.records(zone, filter, page, PER_PAGE, signal);
  try {
    const records = readRecords(result);
    return { records, total: total ?? records.length };
  } catch (error) {
    throw error instanceof NotAsDescribed ? client.unreadable(error) : error;
  }
}

function at(names: readonly string[], records: readonly ApiRecord[]): readonly ApiRecord[] {
  return records.filter(({ name }) => names.includes(name));
}
