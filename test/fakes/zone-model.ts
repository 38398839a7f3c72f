/**
 * One stateful model of hosted zones, which every fake of a vendor's API has below its skin. It knows DNS and no vendor: records with ids,
 * the CNAME rule, one TXT form, all-or-none changes, what was there before the last change (for stale reads), and what is published when.
 *
 * A skin reads {@link ModelZone.records}, turns requests into {@link Operation}s, and puts what only its vendor knows (comments, flags, the
 * text as the client wrote it) into `facts`. A vendor with record sets in place of records writes one operation for each record.
 */
import { isWithin } from '../../src/core/names.ts';
import { rdataText, recordKey, type RecordKey, type RecordSet } from '../../src/core/record-set.ts';
import { formatTxt, parseTxt } from '../../src/core/txt.ts';

/** What only a vendor knows of a record or zone. Plain data. */
export type Facts = Readonly<Record<string, unknown>>;

/** One record. `rdata`: canonical presentation form, as in a {@link RecordSet}; `name`: lower case, no final dot. */
export interface ModelRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  readonly rdata: string;
  readonly facts: Facts;
}

export type NewRecord = Omit<ModelRecord, 'id'>;

/** One act of a change. */
export type Operation =
  | { readonly kind: 'add'; readonly record: NewRecord }
  | { readonly kind: 'replace'; readonly id: string; readonly record: NewRecord }
  | { readonly kind: 'remove'; readonly id: string };

/** Why a change is not made; a skin says it in its vendor's words. */
export type Refusal = 'beside-cname' | 'second-cname' | 'identical' | 'no-such-record' | 'outside-zone';

export class Refused extends Error {
  readonly refusal: Refusal;
  readonly at: string;

  constructor(refusal: Refusal, at: string) {
    super(`${refusal} at ${at}`);
    this.refusal = refusal;
    this.at = at;
  }
}

/** Is told after each publication of a zone what stands there now. */
export type Listener = (zone: ModelZone, records: readonly ModelRecord[]) => void;

export class ZoneModel {
  /** By id: some vendors allow several zones of one name. */
  readonly #zones = new Map<string, ModelZone>();
  readonly #listeners: Listener[] = [];
  #nextId = 1;

  /** Adds a zone, with records or without. `facts`: what only the vendor knows of it. */
  addZone(apex: string, records: readonly RecordSet[] = [], facts: Facts = {}): ModelZone {
    const zone = new ModelZone(apex, this.newId(), facts, {
      newId: () => this.newId(),
      onPublished: (of, published) => this.#listeners.forEach((tell) => tell(of, published)),
    });
    this.#zones.set(zone.id, zone);
    zone.put(records);
    zone.publish();
    return zone;
  }

  /** Behind the API's back. */
  removeZone(apex: string): void {
    this.#zones.delete(this.zone(apex).id);
  }

  zones(): readonly ModelZone[] {
    return [...this.#zones.values()];
  }

  zone(apex: string): ModelZone {
    const zone = this.zones().find((one) => one.apex === apex);
    if (zone === undefined) throw new Error(`the model has no zone ${apex}`);
    return zone;
  }

  byId(id: string): ModelZone | undefined {
    return this.#zones.get(id);
  }

  /** Called for every publication from now on, and at once for what is published already. */
  onPublished(listener: Listener): void {
    this.#listeners.push(listener);
    for (const zone of this.zones()) listener(zone, zone.published());
  }

  /** 32 hex digits, in the order of making. */
  newId(): string {
    return (this.#nextId++).toString(16).padStart(32, '0');
  }
}

/** What a zone needs of its model. */
interface Surroundings {
  readonly newId: () => string;
  readonly onPublished: Listener;
}

export class ModelZone {
  readonly apex: string;
  readonly id: string;
  /** A test may change them. */
  facts: Facts;
  /** Held: changes are made and shown by the API, and served over DNS only after {@link publish}: pending changes, slow spreading. */
  isHeld = false;
  /** How many changes were made through the API. */
  writes = 0;
  readonly #surroundings: Surroundings;
  #records: readonly ModelRecord[] = [];
  #before: readonly ModelRecord[] = [];
  #published: readonly ModelRecord[] = [];

  constructor(apex: string, id: string, facts: Facts, surroundings: Surroundings) {
    this.apex = apex;
    this.id = id;
    this.facts = facts;
    this.#surroundings = surroundings;
  }

  /** What stands there now, in the order of making. */
  records(): readonly ModelRecord[] {
    return this.#records;
  }

  /** What stood there before the last change: a stale read. */
  staleRecords(): readonly ModelRecord[] {
    return this.#before;
  }

  /** What name servers say. */
  published(): readonly ModelRecord[] {
    return this.#published;
  }

  byId(id: string): ModelRecord | undefined {
    return this.#records.find((record) => record.id === id);
  }

  /** Makes all of it or throws {@link Refused} and makes nothing. Gives the records added and replaced, in order. Operations run in order. */
  commit(operations: readonly Operation[]): readonly ModelRecord[] {
    const next = new Map(this.#records.map((record) => [record.id, record]));
    const made: ModelRecord[] = [];
    for (const operation of operations) {
      if (operation.kind !== 'add' && !next.has(operation.id)) throw new Refused('no-such-record', operation.id);
      if (operation.kind === 'remove') {
        next.delete(operation.id);
        continue;
      }
      const id = operation.kind === 'replace' ? operation.id : this.#surroundings.newId();
      const record = { ...operation.record, id, rdata: canonicalRdata(operation.record) };
      const others = [...next.values()].filter((one) => one.id !== id && one.name === record.name);
      this.#refuse(record, others);
      next.set(id, record);
      made.push(record);
    }
    this.writes++;
    this.#set([...next.values()]);
    return made;
  }

  /**
   * Behind the API's back: each set replaces what stands at its name and type. The text is kept as it is given. `facts` for all records of it.
   */
  put(sets: readonly RecordSet[], facts: Facts = {}): void {
    const keys = new Set(sets.map((set) => recordKey({ ...set, name: set.name.toLowerCase() })));
    const kept = this.#records.filter((record) => !keys.has(`${record.name} ${record.type}`));
    const added = sets.flatMap(({ name, type, ttlSeconds, rdata }) =>
      rdata.map((one) => ({
        id: this.#surroundings.newId(),
        name: name.toLowerCase(),
        type,
        ttlSeconds,
        rdata: one,
        facts,
      })),
    );
    this.#set([...kept, ...added]);
  }

  /** Behind the API's back: nothing stands at this key any more. */
  drop(key: RecordKey): void {
    this.#set(this.#records.filter((record) => record.name !== key.name || record.type !== key.type));
  }

  /** Serves what stands there now. */
  publish(): void {
    this.#published = this.#records;
    this.#surroundings.onPublished(this, this.#published);
  }

  /** Everything that is stored and how often it was written, as text. */
  snapshot(): string {
    return JSON.stringify({ writes: this.writes, records: this.#records });
  }

  #set(records: readonly ModelRecord[]): void {
    this.#before = this.#records;
    this.#records = records;
    if (!this.isHeld) this.publish();
  }

  #refuse(record: NewRecord, others: readonly ModelRecord[]): void {
    if (!isWithin(record.name, this.apex)) throw new Refused('outside-zone', record.name);
    const isCname = record.type === 'CNAME';
    // RFC 2181 §10.1: an alias stands alone, and there is one of it. The apex always has SOA and NS.
    if (isCname && others.some(({ type }) => type === 'CNAME')) throw new Refused('second-cname', record.name);
    const isBesideCname = isCname
      ? others.length > 0 || record.name === this.apex
      : others.some(({ type }) => type === 'CNAME');
    if (isBesideCname) throw new Refused('beside-cname', record.name);
    if (others.some((one) => one.type === record.type && one.rdata === record.rdata))
      throw new Refused('identical', record.name);
  }
}

/** One spelling for each rdata: TXT quoted and escaped in one way with its cut kept, names in lower case with the final dot, IPv6 short. */
export function canonicalRdata({ type, rdata }: Pick<ModelRecord, 'type' | 'rdata'>): string {
  switch (type) {
    case 'TXT': {
      const strings = parseTxt(rdata);
      if (!strings.ok) throw new Error(`not TXT: ${rdata}`);
      return formatTxt(strings.value);
    }
    case 'CNAME':
    case 'MX':
    case 'NS':
      return `${rdata.replace(/\.$/, '').toLowerCase()}.`;
    case 'AAAA':
      return rdataText('AAAA', rdata);
    default:
      return rdata;
  }
}
