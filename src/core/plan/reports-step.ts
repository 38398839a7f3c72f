/** Floor 0. `_smtp._tls` (RFC 8460 §3). It has no order and goes first: reports are wanted before the policy binds. */
import { formatTlsRptRecord, parseTlsRptRecords, TLSRPT_PREFIX } from '../txt-records.ts';
import type { Step } from './model.ts';
import { delegated, foreignReports } from './ownership.ts';
import { ownName } from './record-names.ts';
import type { Situation } from './situation.ts';
import { heldStep } from './steps.ts';
import { isTtlOnly, txtStep } from './txt-step.ts';

/** The step that makes the record carry `rua`; empty: that none of ours is there. Null where it is so already. */
export function reportsStep(at: Situation, rua: readonly string[], reason: string): Step | null {
  const views = at.views['_smtp._tls'];
  const name = ownName('_smtp._tls', at.wanted);
  const text = rua.length === 0 ? null : formatTlsRptRecord(rua);
  const step = txtStep(
    { name, prefix: TLSRPT_PREFIX, text, means: (live) => sameRua(live, rua), reason },
    views,
    'reports',
  );
  if (step === null) return null;
  const hold = delegated(name, views) ?? foreignReports(at);
  return hold === null || isTtlOnly(step) ? step : heldStep(step, hold);
}

/** The same addresses, in any order; the record around them may be written otherwise. */
function sameRua(live: string, rua: readonly string[]): boolean {
  const record = parseTlsRptRecords([live]);
  return record.ok && JSON.stringify(record.value.rua.toSorted()) === JSON.stringify(rua.toSorted());
}
