/** Floor 3. Names of the addresses that failures came from: after reports were taken in, never while, and each seldom. */
import type { SenderNameStore } from '../../effects/report-store.ts';
import type { LookUpSender } from '../../effects/reports/look-up-sender.ts';
import { mapConcurrent } from '../concurrent.ts';

const DAY_MS = 86_400_000;
/** A name stays; that DNS did not answer may pass. */
const FRESH_MS = 7 * DAY_MS;
const AGAIN_MS = 3_600_000;
const CONCURRENCY = 32;
const AT_ONCE = 500;

/** Of failures since `since` (a day), the most at one go. Throws what the store throws. */
export async function nameSenders(
  store: SenderNameStore,
  lookUp: LookUpSender,
  { since, now, signal }: { readonly since: string; readonly now: () => Date; readonly signal: AbortSignal },
): Promise<void> {
  const addresses = store.unnamed(since, new Date(now().getTime() - FRESH_MS), AT_ONCE);
  const names = await mapConcurrent(addresses, CONCURRENCY, async (address) =>
    signal.aborted ? null : { address, ...(await lookUp(address)) },
  );
  const at = now().getTime();
  const told = names.flatMap((one) =>
    one === null ? [] : { ...one, lookedAt: new Date(one.answered ? at : at - FRESH_MS + AGAIN_MS) },
  );
  if (told.length > 0 && !signal.aborted) store.saveNames(told);
}
