/** Floor 0. Which ids stand at `_mta-sts`, at each provider of the name, and what senders make of them (RFC 8461 §3.1). */
import { STS_PREFIX, parseStsRecords } from '../txt-records.ts';
import { type RecordSet, rdataText } from '../record-set.ts';
import type { DomainConfig } from '../config/model.ts';
import { isWithin } from '../names.ts';
import type { Observation, ReadView } from './observation.ts';
import { ownName, providersOf, writtenName } from './record-names.ts';

/** The strings at one provider's `_mta-sts` that begin `v=STSv1;`. */
export interface PublishedId {
  readonly provider: string;
  readonly set: RecordSet | null;
  /** The id senders read here; null: none, several, or a broken one. */
  readonly id: string | null;
  /** Every id that any of the strings has by itself, also of doubled ones. */
  readonly ids: readonly string[];
  /** How many strings begin `v=STSv1;`. */
  readonly count: number;
}

/**
 * The id that senders read, for each provider that holds the id record; providers that could not be read are left out. Where `_mta-sts` of a
 * delegated domain leads elsewhere, it is the id there, whatever stands in our zone; none where that could not be read.
 */
export function publishedIds(wanted: DomainConfig, observation: Observation): readonly PublishedId[] {
  const { delegation } = observation;
  const here = writtenIds(wanted, observation);
  if (wanted.delegation === null || delegation === null) return here;
  const fact = delegation.facts['_mta-sts'];
  switch (fact.kind) {
    case 'here':
    case 'differs':
      return here;
    case 'unreadable':
      return [];
    case 'missing':
      return here.map(({ provider }) => publishedId(provider, null));
    case 'elsewhere':
      break;
  }
  // The name of another customer in our zone: what stands there is no word about this domain.
  const isNeighbour = fact.target !== null && isWithin(fact.target, wanted.delegation.zone);
  const set = isNeighbour ? undefined : fact.sets.find((one) => one.type === 'TXT');
  return here.map(({ provider }) => publishedId(provider, set ?? null));
}

/** The id at the name where stsync writes it, at each provider. */
export function writtenIds(wanted: DomainConfig, observation: Observation): readonly PublishedId[] {
  const providers = providersOf(wanted, '_mta-sts');
  return observation.views.flatMap((view) => {
    if (view.kind !== 'read' || !providers.includes(view.provider)) return [];
    const name = readName(wanted, view);
    const set = view.sets.find((one) => one.name === name && one.type === 'TXT') ?? null;
    return [publishedId(view.provider, set)];
  });
}

function publishedId(provider: string, set: RecordSet | null): PublishedId {
  const strings = (set?.rdata ?? [])
    .map((rdata) => rdataText('TXT', rdata))
    .filter((text) => text.startsWith(STS_PREFIX));
  const whole = parseStsRecords(strings);
  const ids = strings.flatMap((text) => {
    const one = parseStsRecords([text]);
    return one.ok ? [one.value.id] : [];
  });
  return { provider, set, id: whole.ok ? whole.value.id : null, ids, count: strings.length };
}

/** A CNAME at `_mta-sts` is followed to read, as senders do (RFC 8461 §8.2). */
function readName(wanted: DomainConfig, view: ReadView): string {
  const own = ownName('_mta-sts', wanted);
  const cname = view.sets.find((set) => set.name === own && set.type === 'CNAME');
  return cname?.rdata[0] === undefined ? writtenName('_mta-sts', wanted) : rdataText('CNAME', cname.rdata[0]);
}

/** The one id that is published; of providers that differ, the first in the order of the YAML that has one. */
export function liveId(ids: readonly PublishedId[]): string | null {
  return ids.find((one) => one.id !== null)?.id ?? null;
}
