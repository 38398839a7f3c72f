/** Record sets as Google's API has them, and what a change checks before it is made. */
import { formatTxt, parseTxt } from '../../src/core/txt.ts';
import { asObject } from './openapi.ts';
import { canonicalRdata, Refused, type Facts, type ModelRecord, type ModelZone, type Operation } from './zone-model.ts';

/** One set as the API shows it. */
export interface ApiSet {
  readonly kind: 'dns#resourceRecordSet';
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly rrdatas: readonly string[];
}

const NO_FACTS: Facts = {};

/** The service says no. */
export class ChangeRefused extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export function setsOf(
  zone: ModelZone,
  records: readonly ModelRecord[],
): readonly (ApiSet & { routingPolicy?: unknown })[] {
  const standing = [
    ...records,
    ...['SOA', 'NS'].map((type) => ({
      name: zone.apex,
      type,
      ttlSeconds: 21_600,
      rdata: 'ns-cloud-a1.googledomains.com.',
      facts: NO_FACTS,
    })),
  ];
  return [...Map.groupBy(standing, ({ name, type }) => `${name}. ${type}`).values()].flatMap((set) => {
    const [first] = set;
    if (first === undefined) return [];
    const { name, type, ttlSeconds, facts } = first;
    const shown = { kind: 'dns#resourceRecordSet' as const, name: `${name}.`, type, ttl: ttlSeconds };
    const rrdatas = set.map(({ rdata }) => rdata);
    // A set that depends on who asks has its data in the policy alone.
    return facts['isRouted'] === true
      ? [{ ...shown, rrdatas: [], routingPolicy: { wrr: { items: [{ weight: 1, rrdatas }] } } }]
      : [{ ...shown, rrdatas }];
  });
}

/** Deletions first, then additions, all or none. A deletion has to equal what is stored. Throws {@link ChangeRefused}. */
export function commitChange(
  zone: ModelZone,
  change: { readonly additions: unknown; readonly deletions: unknown },
): void {
  const deletions = apiSets(change.deletions);
  const additions = apiSets(change.additions);
  const removed = deletions.flatMap((set) => removalsOf(zone, set));
  const gone = new Set(removed.map((operation) => (operation.kind === 'remove' ? operation.id : '')));
  for (const { name, type } of additions) {
    if (recordsAt(zone, name, type).some(({ id }) => !gone.has(id)))
      throw new ChangeRefused(
        409,
        'alreadyExists',
        `The resource 'entity.change.additions[${name}][${type}]' named '${name} (${type})' already exists`,
      );
  }
  try {
    zone.commit([...removed, ...additions.flatMap(addsOf)]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const where = `named '${error.at}.'`;
    throw error.refusal === 'beside-cname' || error.refusal === 'second-cname'
      ? new ChangeRefused(
          400,
          'cnameResourceRecordSetConflict',
          `The resource record set ${where} is invalid because a CNAME stands alone`,
        )
      : new ChangeRefused(400, 'invalid', `Invalid value for the resource record set ${where}: ${error.refusal}`);
  }
}

function removalsOf(zone: ModelZone, { name, type, ttl, rrdatas }: ApiSet): readonly Operation[] {
  const standing = recordsAt(zone, name, type);
  if (standing.length === 0)
    throw new ChangeRefused(
      404,
      'notFound',
      `The 'entity.change.deletions[${name}][${type}]' resource named '${name} (${type})' does not exist.`,
    );
  const isEqual =
    JSON.stringify(standing.map(({ rdata }) => rdata).toSorted()) === JSON.stringify([...rrdatas].toSorted()) &&
    standing.every(({ ttlSeconds }) => ttlSeconds === ttl);
  if (!isEqual)
    throw new ChangeRefused(
      412,
      'conditionNotMet',
      `Precondition not met for 'entity.change.deletions[${name}][${type}]'`,
    );
  return standing.map(({ id }) => ({ kind: 'remove', id }));
}

function addsOf({ name, type, ttl, rrdatas }: ApiSet): readonly Operation[] {
  return rrdatas.map((text) => ({
    kind: 'add',
    record: { name: name.slice(0, -1), type, ttlSeconds: ttl, rdata: stored(type, text), facts: {} },
  }));
}

/** Text without quotes is cut at its blanks into several strings: a trap of this service. */
function stored(type: string, text: string): string {
  if (type !== 'TXT') return canonicalRdata({ type, rdata: text });
  const strings = parseTxt(text);
  if (!strings.ok) throw new ChangeRefused(400, 'invalid', "Invalid value for 'entity.change.additions[].rrdata[]'");
  return formatTxt(strings.value);
}

function recordsAt(zone: ModelZone, name: string, type: string): readonly ModelRecord[] {
  return zone.records().filter((record) => `${record.name}.` === name && record.type === type);
}

function apiSets(value: unknown): readonly ApiSet[] {
  return (Array.isArray(value) ? value : []).map((one) => {
    const { name, type, ttl, rrdatas } = asObject(one);
    if (typeof name !== 'string' || typeof type !== 'string' || !name.endsWith('.') || name !== name.toLowerCase())
      throw new ChangeRefused(400, 'invalid', "Invalid value for 'entity.change.additions[].name'");
    const texts = Array.isArray(rrdatas) ? rrdatas.map(String) : [];
    if (texts.length === 0 || new Set(texts).size < texts.length)
      throw new ChangeRefused(400, 'invalid', "Invalid value for 'entity.change.additions[].rrdata'");
    return { kind: 'dns#resourceRecordSet', name, type, ttl: Number(ttl), rrdatas: texts };
  });
}
