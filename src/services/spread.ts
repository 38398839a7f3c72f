/** Floor 3. Has a new id reached every authoritative server? From that moment the TTL of the old one counts (rule 6). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DomainConfig } from '../core/config/model.ts';
import { recordName } from '../core/plan/record-names.ts';
import { rdataText } from '../core/record-set.ts';
import { parseStsRecords } from '../core/txt-records.ts';
import { agreedSet } from '../effects/dns/agree.ts';
import type { Network } from './world.ts';

const POLL_MS = 500;

/** Looks until all servers show it; false when the patience ends first, and a later run goes on. */
export async function isIdEverywhere(
  wanted: DomainConfig,
  id: string,
  network: Network,
  signal: AbortSignal,
): Promise<boolean> {
  const until = performance.now() + network.patienceMs;
  for (;;) {
    if (await isShown(wanted, id, network, signal)) return true;
    if (performance.now() >= until) return false;
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function isShown(wanted: DomainConfig, id: string, network: Network, signal: AbortSignal): Promise<boolean> {
  const agreed = agreedSet(await network.freshResolver().lookup(recordName('_mta-sts', wanted.domain), 'TXT', signal));
  if (agreed.kind !== 'set' || !agreed.isAuthoritative || agreed.set === null) return false;
  const record = parseStsRecords(agreed.set.rdata.map((rdata) => rdataText('TXT', rdata)));
  return record.ok && record.value.id === id;
}
