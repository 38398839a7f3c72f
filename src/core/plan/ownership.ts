/**
 * Floor 0. Guard no-foreign-overwrite (rule 8): is a record ours? Ours: written, found equal or adopted (memory), an id of our form, or a
 * target of this YAML. What senders cannot read (a doubled or broken TXT record) says nothing that could be overwritten.
 */
import { parseOwnId } from '../id.ts';
import { type RecordSet, rdataText, recordKey } from '../record-set.ts';
import { parseTlsRptRecords, TLSRPT_PREFIX } from '../txt-records.ts';
import { writtenIds } from './ids.ts';
import type { ReadView } from './observation.ts';
import { ownName, writtenName } from './record-names.ts';
import type { Hold } from './hold.ts';
import type { Situation } from './situation.ts';
import { liveHost } from './host-step.ts';
import { stringsOf, txtSetOf } from './txt-step.ts';

/** Null: the id record may be changed. */
export function foreignId({ wanted, observation, ids, memory }: Situation): Hold | null {
  const fact = observation.delegation?.facts['_mta-sts'];
  // That the record in our zone is ours says nothing of the one elsewhere, which senders read now.
  const isElsewhere = fact?.kind === 'elsewhere';
  const name = writtenName('_mta-sts', wanted);
  if (wanted.adopt || (!isElsewhere && memory.owned.includes(`${name} TXT`))) return null;
  const foreign = ids.find((one) => one.id !== null && parseOwnId(one.id) === null);
  return foreign === undefined ? null : foreignHold(foreign.set?.name ?? name, `id ${foreign.id}`);
}

/** Null: the host record may be changed. `publisherHostnames`: every target of this YAML. */
export function foreignHost({ wanted, views, memory, publisherHostnames }: Situation): Hold | null {
  const isOurs = (set: RecordSet): boolean =>
    memory.owned.includes(recordKey(set)) ||
    (set.type === 'CNAME' && set.rdata.every((rdata) => publisherHostnames.includes(rdataText('CNAME', rdata))));
  const name = ownName('mta-sts', wanted);
  const foreign = views['mta-sts'].flatMap((view) => liveHost(view, name)).find((set) => !isOurs(set));
  if (wanted.adopt || foreign === undefined) return null;
  return foreignHold(
    foreign.name,
    `${foreign.type} ${foreign.rdata.map((rdata) => rdataText(foreign.type, rdata)).join(' ')}`,
  );
}

/** Null: what stands at our own name may be deleted, whatever senders read elsewhere by now. */
export function foreignLeftover({ wanted, observation, memory }: Situation): Hold | null {
  const name = writtenName('_mta-sts', wanted);
  if (wanted.adopt || memory.owned.includes(`${name} TXT`)) return null;
  const foreign = writtenIds(wanted, observation).find((one) => one.id !== null && parseOwnId(one.id) === null);
  return foreign === undefined ? null : foreignHold(name, `id ${foreign.id}`);
}

/** Null: the `_smtp._tls` record may be changed. */
export function foreignReports({ wanted, views, memory }: Situation): Hold | null {
  const name = ownName('_smtp._tls', wanted);
  if (wanted.adopt || memory.owned.includes(`${name} TXT`)) return null;
  const texts = views['_smtp._tls'].map((view) => stringsOf(txtSetOf(view, name), TLSRPT_PREFIX));
  const foreign = texts.find((strings) => parseTlsRptRecords(strings).ok);
  return foreign === undefined ? null : foreignHold(name, foreign.join(' '));
}

/** A CNAME at `_mta-sts` leads away: stsync writes at its end only where the YAML states that name (rule 7). */
export function delegatedId({ wanted, views }: Situation): Hold | null {
  const own = ownName('_mta-sts', wanted);
  const held = delegated(own, views['_mta-sts']);
  if (wanted.idRecord === null || held === null) return held;
  const ends = views['_mta-sts'].flatMap((view) => view.sets).filter((set) => set.name === own && set.type === 'CNAME');
  return ends.every((set) => set.rdata.every((rdata) => rdataText('CNAME', rdata) === wanted.idRecord)) ? null : held;
}

/** Where a CNAME stands at a TXT name, somebody answers for it elsewhere (RFC 8461 §8.2); a TXT beside it cannot be. */
export function delegated(name: string, views: readonly ReadView[]): Hold | null {
  const set = views.flatMap((view) => view.sets).find((one) => one.name === name && one.type === 'CNAME');
  if (set === undefined) return null;
  const reason = `${name} is a CNAME to ${rdataText('CNAME', set.rdata[0] ?? '')}, so the record is kept there`;
  return {
    guard: 'no-foreign-overwrite',
    reason,
    hint: 'remove the CNAME, or state its end as `idRecord:` if that name is yours',
    notBefore: null,
  };
}

function foreignHold(name: string, what: string): Hold {
  const reason = `${name} has ${what}, which stsync did not write`;
  return {
    guard: 'no-foreign-overwrite',
    reason,
    hint: 'set `adopt: true` on the domain to take it over',
    notBefore: null,
  };
}
