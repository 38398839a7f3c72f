/** Floor 0. Every secret of a value (a config), for what must keep them out of its output. */
import { Secret } from './secret.ts';

/** The texts of all secrets in maps, lists and objects, at any depth. */
export function secretValues(value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<object>();
  const visit = (one: unknown): void => {
    if (one instanceof Secret) found.add(one.reveal());
    else if (typeof one === 'object' && one !== null && !seen.has(one)) {
      seen.add(one);
      for (const part of one instanceof Map || one instanceof Set ? one.values() : Object.values(one)) visit(part);
    }
  };
  visit(value);
  return found;
}
