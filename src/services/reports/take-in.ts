/** Floor 3. What comes to the daemon, one mail or report at a time: read, proved and stored before the sender is told so. */
import type { Way } from '../../core/reports/model.ts';
import type { Change, ReportStore, Stored } from '../../effects/report-store.ts';
import { type IntakeWorld, readIntake } from './read-intake.ts';

export interface Incoming {
  /** For people: `lmtp <Message-ID>`, `imap INBOX 17`, `https 192.0.2.1`. */
  readonly source: string;
  /** Null: too large to be read. */
  readonly bytes: Uint8Array | null;
  readonly way: Way;
  /** It came to a place that other mail comes to as well: nothing is stored of what cannot be read as a TLS report. */
  readonly isAmongOthers?: boolean;
}

export interface Taken {
  /** One an entry: of what is stored now. Empty where all is to come again. */
  readonly stored: readonly Stored[];
  /** Why it is to be taken in again later (DNS did not tell a key); null: it is settled, whatever it was. */
  readonly again: string | null;
}

/** Throws `LOCKED` (retryable) and `STATE_UNWRITABLE`: nothing of it is stored, take it in again later. What of a mail is stored stays so when the rest comes again. */
export type TakeIn = (incoming: Incoming) => Promise<Taken>;

/** `world` is asked for each item: rules and domains are those in force then. */
export function openTakeIn(
  world: () => IntakeWorld,
  store: Pick<ReportStore, 'store'>,
  onStored: (domains: ReadonlySet<string>) => void,
): TakeIn {
  return async ({ source, bytes, way, isAmongOthers = false }) => {
    const found = await readIntake(source, bytes, world(), way);
    const changes = found.filter((one) => one.kind !== 'again').filter((one) => !isAmongOthers || isReport(one));
    const stored = changes.length === 0 ? [] : store.store(changes);
    const fresh = changes.filter((one, index) => one.kind === 'keep' && stored[index] === 'new');
    const domains = new Set(fresh.flatMap((one) => (one.kind === 'keep' ? [one.report.domain] : [])));
    if (domains.size > 0) onStored(domains);
    const again = found.find((one) => one.kind === 'again');
    return { stored, again: again?.message ?? null };
  };
}

function isReport(change: Change): boolean {
  return change.kind === 'keep' || change.item.state === 'quarantined';
}
