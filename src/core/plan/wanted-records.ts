/** Floor 0. The records of a domain as they shall stand, whole: to copy into a ticket (`stsync show`). */
import type { DomainConfig } from '../config/model.ts';
import { type RecordSet, txtSet } from '../record-set.ts';
import { formatStsRecord, formatTlsRptRecord } from '../txt-records.ts';
import { wantedHostSets } from './host-step.ts';
import type { DomainPlan } from './model.ts';
import { ownName, writtenName } from './record-names.ts';

/** In the order in which they are written: reports, host, id. Without the id as long as none is published or planned. */
export function wantedRecords(wanted: DomainConfig, plan: DomainPlan): readonly RecordSet[] {
  const { ttlSeconds, tlsReports } = wanted;
  const id = plan.id.next ?? plan.id.live;
  return [
    ...(tlsReports === null || tlsReports.length === 0
      ? []
      : [txtSet(ownName('_smtp._tls', wanted), ttlSeconds, [formatTlsRptRecord(tlsReports)])]),
    ...wantedHostSets(ownName('mta-sts', wanted), wanted.publisher.target, ttlSeconds),
    ...(id === null ? [] : [txtSet(writtenName('_mta-sts', wanted), ttlSeconds, [formatStsRecord(id)])]),
  ];
}

/** A set as zone-file lines: `_mta-sts.example.com. 300 IN TXT "v=STSv1; id=...;"`. */
export function zoneLines(set: RecordSet): readonly string[] {
  return set.rdata.map((rdata) => `${set.name}. ${set.ttlSeconds} IN ${set.type} ${rdata}`);
}
