/**
 * Floor 0. The step that makes a TXT name right: our string in, doubled and broken ones of ours out, in one upsert per provider and never a
 * gap; the strings of others and the TTL of the set stay (rule 7).
 */
import { byCodePoint } from '../names.ts';
import { type RecordSet, rdataText, rdataTexts, recordKey, sameRdata, txtSet } from '../record-set.ts';
import type { Step } from './model.ts';
import type { ReadView } from './observation.ts';
import { providerChange } from './provider-change.ts';
import { recordStep } from './steps.ts';

export interface TxtWish {
  readonly name: string;
  /** How the strings at this name begin that are ours to judge: `v=STSv1;`. */
  readonly prefix: string;
  /** Wanted text; null: none of ours shall be there. */
  readonly text: string | null;
  /** Does this live text say the same as the wanted one? */
  readonly means: (live: string) => boolean;
  readonly reason: string;
}

/** The step, or null where every provider has what is wished. */
export function txtStep(wish: TxtWish, views: readonly ReadView[], chain: Step['chain']): Step | null {
  const changed = views.flatMap((view) => {
    const before = txtSetOf(view, wish.name);
    const after = wishedSet(wish, view, before);
    const isSame = sameRdata(before, after) && (after === null || before?.ttlSeconds === after.ttlSeconds);
    return isSame ? [] : [{ provider: view.provider, before, after }];
  });
  const [first] = changed;
  if (first === undefined) return null;
  const changes = changed.map(({ provider, before, after }) =>
    providerChange(provider, listOf(before), listOf(after), [{ name: wish.name, type: 'TXT', before, after }]),
  );
  const { before, after } = first;
  return recordStep(
    {
      kind: after === null ? 'delete' : 'upsert',
      name: wish.name,
      type: 'TXT',
      before: rdataTexts(before),
      after: rdataTexts(after),
      reason: wish.reason,
      changes,
    },
    chain,
  );
}

/** Only the TTL differs: what the record says stays, whoever wrote it. */
export function isTtlOnly(step: Step): boolean {
  return JSON.stringify(step.before) === JSON.stringify(step.after);
}

/** The TXT set at a name in one view. */
export function txtSetOf(view: ReadView, name: string): RecordSet | null {
  return view.sets.find((set) => recordKey(set) === `${name} TXT`) ?? null;
}

/** The strings of a set that begin with the prefix. */
export function stringsOf(set: RecordSet | null, prefix: string): readonly string[] {
  return (set?.rdata ?? []).map((rdata) => rdataText('TXT', rdata)).filter((text) => text.startsWith(prefix));
}

function listOf(set: RecordSet | null): readonly RecordSet[] {
  return set === null ? [] : [set];
}

function wishedSet(wish: TxtWish, view: ReadView, before: RecordSet | null): RecordSet | null {
  const others = (before?.rdata ?? []).filter((rdata) => !rdataText('TXT', rdata).startsWith(wish.prefix));
  if (wish.text === null) return before === null || others.length === 0 ? null : { ...before, rdata: others };
  const live = stringsOf(before, wish.prefix);
  const isRight = live.length === 1 && live.every(wish.means);
  const ttlSeconds = before !== null && others.length > 0 ? before.ttlSeconds : view.ttlSeconds;
  if (isRight && before !== null) return { ...before, ttlSeconds };
  const ours = txtSet(wish.name, ttlSeconds, [wish.text]);
  return { ...ours, rdata: [...others, ...ours.rdata].toSorted(byCodePoint) };
}
