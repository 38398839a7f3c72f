/** Floor 0. Names of `providers:` where a record says who writes it: one, or several for a zone that is hosted twice. */
import { type Reader, text, transform } from './readers.ts';
import { byKind, listOf } from './readers-composed.ts';
import type { Located } from './source-text.ts';

const providerName = text('the name of a provider');
const oneName: Reader<readonly Located<string>[]> = transform(providerName, (value, node, _label, reading) => [
  { value, source: reading.source, offset: reading.offsetOf(node) },
]);

/** A name or a list of names, each with its place. Codes: `BAD_VALUE` (an empty list), `WRONG_TYPE`. */
export const someNames = byKind('the name of a provider or a list of names', {
  text: oneName,
  list: transform(listOf('a list of providers', providerName), (names, node, label, reading) =>
    names.length > 0 ? names : reading.fault(node, 'BAD_VALUE', `\`${label}\` is an empty list`),
  ),
});
