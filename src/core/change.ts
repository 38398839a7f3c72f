/**
 * Floor 0. What every provider decides before it writes a change: is it still to be made, and may it be made (contract in
 * `src/provider.ts`, apply).
 */
import { StsyncError } from './error.ts';
import {
  rdataTexts,
  sameRdata,
  sameRecordSet,
  type RecordChange,
  type RecordKey,
  type RecordSet,
} from './record-set.ts';

/**
 * True when `change` still has to be made, `found` being what is there now; false when it is there already (writing what is there and
 * deleting what is not are quiet). Throws `CHANGED_SINCE_READ`, naming what was found, when `found` is neither `before` nor `after`.
 */
export function isStillToMake(change: RecordChange, found: RecordSet | null): boolean {
  if (sameRecordSet(found, change.after)) return false;
  if (sameRdata(found, change.before) || sameRdata(found, change.after)) return true;
  throw new StsyncError(
    'CHANGED_SINCE_READ',
    `${change.name} ${change.type} is no longer what was read: now ${rdataList(found)}, then ${rdataList(change.before)}`,
    { hint: 'somebody else changed the record; run stsync again to see the new difference', where: change.name },
  );
}

/**
 * Throws `PROVIDER_REFUSED` when `types` could not stand together at one name: a CNAME stands alone (RFC 2181 §10.1), but for what signs it
 * (RFC 4034 §2.5).
 */
export function refuseBesideCname({ name, type }: RecordKey, types: Iterable<string>): void {
  const others = [...new Set(types)].filter((one) => !['CNAME', 'RRSIG', 'NSEC', 'NSEC3'].includes(one));
  if (others.length === 0 || ![...types].includes('CNAME')) return;
  throw new StsyncError(
    'PROVIDER_REFUSED',
    type === 'CNAME'
      ? `a CNAME at ${name} cannot be written: ${others.join(', ')} stands there, and a CNAME stands alone`
      : `${type} at ${name} cannot be written: a CNAME stands there, and a CNAME stands alone`,
    { hint: 'delete the one before writing the other', where: name },
  );
}

function rdataList(set: RecordSet | null): string {
  return (
    rdataTexts(set)
      ?.map((text) => JSON.stringify(text))
      .join(', ') ?? 'nothing'
  );
}
