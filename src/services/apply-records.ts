/**
 * Floor 3. One change set at one provider: look again, write, look again (rules 10 and 14). An answer that was lost is never an excuse to
 * guess: what stands there afterwards says what happened.
 */
import { StsyncError } from '../core/error.ts';
import {
  rdataTexts,
  type RecordChange,
  type RecordSet,
  recordKey,
  sameRdata,
  sameRecordSet,
} from '../core/record-set.ts';
import type { Provider } from '../provider.ts';

/** A second look that takes longer is none. */
const SECOND_LOOK_MS = 30_000;

/** Which of both stands there now; `mixed`: some of each, or something else. */
type Standing = 'after' | 'before' | 'mixed';

/** The write may have happened or not, and the second look could not tell. */
export class UnknownOutcome extends Error {}

/**
 * Gives a note for the journal, or null. Throws `CHANGED_SINCE_READ` when the record is not what the plan saw, {@link UnknownOutcome}, or
 * what the provider threw.
 */
export async function applyChanges(
  provider: Provider,
  changes: readonly RecordChange[],
  signal: AbortSignal,
): Promise<string | null> {
  const live = await readSets(provider, changes, signal);
  // A step that is done again writes what stands there: what follows the write is what was missing (rule 13).
  const isAgain = changes.every(({ before, after }) => sameRecordSet(before, after));
  if (!isAgain && standing(provider, changes, live) === 'after') return 'it stood there already';
  const moved = changes.find((change) => !sameRdata(live.get(recordKey(change)) ?? null, change.before));
  if (moved !== undefined) throw changedSinceRead(moved, live.get(recordKey(moved)) ?? null);
  try {
    await provider.apply(changes, signal);
  } catch (error) {
    return afterError(error, provider, changes);
  }
  const now = await readSets(provider, changes, signal);
  if (standing(provider, changes, now) === 'after') return null;
  const [first] = changes;
  throw new StsyncError('PROVIDER_REFUSED', 'the provider took the change, but shows something else', {
    where: first?.name ?? '',
    hint: 'look at the record there; another program may have written it at the same time',
  });
}

async function afterError(error: unknown, provider: Provider, changes: readonly RecordChange[]): Promise<string> {
  if (error instanceof StsyncError && error.code === 'CHANGED_SINCE_READ') throw error;
  let now: ReadonlyMap<string, RecordSet>;
  try {
    // Also after an interruption: what was begun is looked at before it is given up.
    now = await readSets(provider, changes, AbortSignal.timeout(SECOND_LOOK_MS));
  } catch {
    throw new UnknownOutcome(messageOf(error), { cause: error });
  }
  const stands = standing(provider, changes, now);
  if (stands === 'mixed') throw new UnknownOutcome(messageOf(error), { cause: error });
  // A command after the write may have failed although the write is in place: that is the user's to know.
  const isWriteKnown = error instanceof StsyncError && (!error.retryable || error.code === 'ZONE_RELOAD_FAILED');
  if (stands === 'before' || isWriteKnown) throw error;
  return `${messageOf(error)}; a second look showed the change in place`;
}

function standing(
  provider: Provider,
  changes: readonly RecordChange[],
  live: ReadonlyMap<string, RecordSet>,
): Standing {
  const at = (change: RecordChange): RecordSet | null => live.get(recordKey(change)) ?? null;
  const isAfter = changes.every((change) => {
    const wanted = change.after === null ? null : provider.adjust(change.after);
    return wanted === null ? at(change) === null : sameRecordSet(at(change), wanted);
  });
  if (isAfter) return 'after';
  return changes.every((change) => sameRdata(at(change), change.before)) ? 'before' : 'mixed';
}

async function readSets(
  provider: Provider,
  changes: readonly RecordChange[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RecordSet>> {
  const sets = await provider.read(
    changes.map(({ name, type }) => ({ name, type })),
    signal,
  );
  return new Map(sets.map((set) => [recordKey(set), set]));
}

function changedSinceRead(change: RecordChange, live: RecordSet | null): StsyncError {
  const { name, type, before } = change;
  return new StsyncError(
    'CHANGED_SINCE_READ',
    `${name} ${type} was "${say(before)}" in the plan and is "${say(live)}" now`,
    {
      where: name,
      hint: 'run again: the next plan starts from what is there now',
    },
  );
}

function say(set: RecordSet | null): string {
  return rdataTexts(set)?.join(' | ') ?? 'nothing';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
