/** Floor 0. `contacts:` that nobody would write to. */
import { makeFault } from './fault.ts';
import type { MergedConfig } from './merge-files.ts';
import type { ConfigFault } from './model.ts';
import { placeOf } from './source-text.ts';

/**
 * Code: `MISSING_KEY`, once, at the first `contacts` of all levels, where there is no `reports.weekly`: an owner who is promised a mail has to get one.
 */
export function contactFaults({ values, domains, isWhole }: MergedConfig): readonly ConfigFault[] {
  // A faulty `reports` or `weekly` is reported already.
  if (!isWhole || (values.reports !== undefined && values.reports.value?.weekly !== null)) return [];
  const profiles = (values.profiles?.value ?? []).map(({ located }) => located);
  const levels = [values.defaults, ...profiles, ...domains.map(({ located }) => located)];
  const found = levels.flatMap((level) => {
    const contacts = level?.value?.contacts;
    return contacts?.value === undefined || contacts.value.length === 0 ? [] : [contacts];
  });
  const [first] = found;
  if (first === undefined) return [];
  const others = found.length === 1 ? '' : ` (and ${found.length - 1} more)`;
  const message = `\`contacts\` is set${others}, and nothing says how they get mail`;
  const hint = 'add `reports: { weekly: { from: stsync@example.net } }`';
  return [makeFault(placeOf(first), 'MISSING_KEY', message, hint)];
}
