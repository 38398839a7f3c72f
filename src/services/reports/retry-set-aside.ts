/** Floor 3. What was set aside is read again: a domain is in the config now, a rule is another one, or a newer stsync knows more. */
import type { ReportStore } from '../../effects/report-store.ts';
import { type Found, type IntakeWorld, readIntake } from './read-intake.ts';

/** Each may have 1 MiB. */
const AT_ONCE = 20;

export interface Retried {
  /** Reports that are counted from now on. */
  readonly added: number;
  /** Of what was read again, how much stays set aside. */
  readonly left: number;
  /** DNS did not tell their keys. */
  readonly again: number;
}

/** What has another reason now is listed with that one. Throws as {@link ReportStore}. */
export async function retrySetAside(
  store: Pick<ReportStore, 'contents' | 'settle'>,
  world: IntakeWorld,
): Promise<Retried> {
  let [after, added, left, again] = [0, 0, 0, 0];
  for (;;) {
    const items = store.contents(after, AT_ONCE);
    for (const { id, digest, source, way, content, whys } of items) {
      after = id;
      const found = await readIntake(source, content, world, way);
      const changes = found.filter((one) => one.kind !== 'again');
      if (changes.length < found.length) {
        again++;
        continue;
      }
      if (changes.some(({ kind }) => kind === 'set-aside')) left++;
      if (isSame(whys, changes)) continue;
      added += store.settle(digest, changes).filter((stored) => stored === 'new').length;
    }
    if (items.length < AT_ONCE) return { added, left, again };
  }
}

function isSame(whys: readonly string[], found: readonly Found[]): boolean {
  const now = found.map((one) => (one.kind === 'set-aside' ? `${one.item.code} ${one.item.domain ?? ''}` : ''));
  return JSON.stringify(now.toSorted()) === JSON.stringify(whys.toSorted());
}
