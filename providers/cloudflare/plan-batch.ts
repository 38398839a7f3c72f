/**
 * The changes of one zone as one batch. What stays is not touched, what is replaced is patched by its id, so that comments and tags of users
 * stay; a batch runs deletes, patches, posts in one transaction.
 */
import { isStillToMake, refuseBesideCname } from '../../src/core/change.ts';
import { StsyncError } from '../../src/core/error.ts';
import { rdataText, recordKey, type RecordChange, type RecordSet } from '../../src/core/record-set.ts';
import type { ApiRecord, ApiZone } from './answer.ts';
import { contentOf, rdataOf, ttlOf } from './rdata.ts';

/** The mark of what stsync wrote, seen in the dashboard. */
const OWNER_MARK = 'stsync';
/** In one record, as it is written (2026). */
const MAX_TXT_CONTENT = 2048;
/** Operations in one batch (2026). */
const MAX_FREE_OPERATIONS = 200;
const MAX_PAID_OPERATIONS = 3500;

/** A record to be written. */
export interface Wanted {
  readonly name: string;
  readonly type: 'TXT' | 'CNAME' | 'A' | 'AAAA';
  readonly content: string;
  readonly ttl: number;
  readonly proxied?: boolean;
  readonly comment?: string;
}

export interface ZoneBatch {
  readonly deletes: readonly { readonly id: string }[];
  readonly patches: readonly (Wanted & { readonly id: string })[];
  readonly posts: readonly Wanted[];
}

/** What the changes are judged by: everything that stands at their names. */
export interface Live {
  readonly records: readonly ApiRecord[];
  readonly sets: ReadonlyMap<string, RecordSet>;
}

/** Null when there is nothing to do. Throws `CHANGED_SINCE_READ` and `PROVIDER_REFUSED`. */
export function planBatch(
  zone: ApiZone,
  changes: readonly RecordChange[],
  { records, sets }: Live,
  isProxied: boolean,
): ZoneBatch | null {
  const after = new Map<string, RecordSet | null>();
  for (const change of changes) {
    const key = recordKey(change);
    const found = after.has(key) ? (after.get(key) ?? null) : (sets.get(key) ?? null);
    if (isStillToMake(change, found)) after.set(key, change.after);
  }
  for (const change of changes) refuseBesideCname(change, typesAt(zone, change.name, records, after));
  const edits = changes
    .filter((change, at) => after.has(recordKey(change)) && isFirst(changes, change, at))
    .map(({ name, type }) => {
      const own = records.filter((record) => record.name === name && record.type === type);
      return editSet(own, after.get(recordKey({ name, type })) ?? null, isProxied);
    });
  const batch = {
    deletes: edits.flatMap((edit) => edit.deletes),
    patches: edits.flatMap((edit) => edit.patches),
    posts: edits.flatMap((edit) => edit.posts),
  };
  const count = batch.deletes.length + batch.patches.length + batch.posts.length;
  if (count === 0) return null;
  refuseTooMuch(zone, count);
  return batch;
}

function isFirst(changes: readonly RecordChange[], change: RecordChange, at: number): boolean {
  return changes.findIndex((one) => recordKey(one) === recordKey(change)) === at;
}

/** Types that would stand at the name. */
function typesAt(
  zone: ApiZone,
  name: string,
  records: readonly ApiRecord[],
  after: ReadonlyMap<string, RecordSet | null>,
): readonly string[] {
  const untouched = records.filter((record) => record.name === name && !after.has(`${name} ${record.type}`));
  const written = [...after.values()].filter((set) => set?.name === name);
  return [
    // The API does not list it.
    ...(name === zone.name ? ['SOA'] : []),
    ...untouched.map(({ type }) => type),
    ...written.flatMap((set) => set?.type ?? []),
  ];
}

/** From the records of one set to another set: equal data stays, what goes makes room for what comes. */
function editSet(own: readonly ApiRecord[], after: RecordSet | null, isProxied: boolean): ZoneBatch {
  if (after === null) return { deletes: own.map(({ id }) => ({ id })), patches: [], posts: [] };
  const missing = [...after.rdata];
  const kept: { readonly record: ApiRecord; readonly rdata: string }[] = [];
  const leaving: ApiRecord[] = [];
  for (const record of own) {
    const text = rdataText(after.type, rdataOf(after.type, record));
    const at = missing.findIndex((rdata) => rdataText(after.type, rdata) === text);
    const [rdata] = at === -1 ? [] : missing.splice(at, 1);
    if (rdata === undefined) leaving.push(record);
    else kept.push({ record, rdata });
  }
  const replaced = missing.slice(0, leaving.length).flatMap((rdata, at) => {
    const record = leaving[at];
    // A comment that somebody wrote says more than our mark.
    const mark = (record?.comment ?? '') === '' ? { comment: OWNER_MARK } : {};
    return record === undefined ? [] : [{ id: record.id, ...wanted(after, rdata, isProxied), ...mark }];
  });
  // A TTL is one for the set; patched records are written as all others, so a bare TXT gets its quotes now and never again.
  const retimed = kept
    .filter(({ record }) => ttlOf(record.ttl) !== after.ttlSeconds)
    .map(({ record, rdata }) => ({ id: record.id, ...wanted(after, rdata, isProxied) }));
  return {
    deletes: leaving.slice(missing.length).map(({ id }) => ({ id })),
    patches: [...retimed, ...replaced],
    posts: missing.slice(leaving.length).map((rdata) => ({ ...wanted(after, rdata, isProxied), comment: OWNER_MARK })),
  };
}

function wanted({ name, type, ttlSeconds }: RecordSet, rdata: string, isProxied: boolean): Wanted {
  if (type === 'MX') throw new StsyncError('INTERNAL', 'MX is never written');
  const content = contentOf(type, rdata);
  if (type !== 'TXT') return { name, type, content, ttl: isProxied ? 1 : ttlSeconds, proxied: isProxied };
  if (content.length > MAX_TXT_CONTENT) {
    throw new StsyncError(
      'PROVIDER_REFUSED',
      `TXT at ${name} would be ${content.length} characters long; Cloudflare takes ${MAX_TXT_CONTENT}`,
      { hint: 'write less into the record: fewer addresses for reports', where: name },
    );
  }
  return { name, type, content, ttl: ttlSeconds };
}

function refuseTooMuch({ name, isFree }: ApiZone, count: number): void {
  const most = isFree ? MAX_FREE_OPERATIONS : MAX_PAID_OPERATIONS;
  if (count <= most) return;
  throw new StsyncError(
    'PROVIDER_REFUSED',
    `${count} changes of ${name} belong together, and Cloudflare takes ${most} at once${isFree ? ' on the Free plan' : ''}`,
    { hint: 'take records away from the set by hand first', where: name },
  );
}
