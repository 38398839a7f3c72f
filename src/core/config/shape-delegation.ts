/** Floor 0. `delegation:` of a domain, a profile or the defaults (RFC 8461 §8.2): the zone of ours that customers' CNAMEs lead to. */
import { type HostName, parseHostName } from '../names.ts';
import { someNames } from './provider-names.ts';
import { choice, parsedText, type Reader, transform } from './readers.ts';
import { byKind, named, object } from './readers-composed.ts';
import type { Located } from './source-text.ts';

/** `off`: the domain's records stand in its own zone, whatever the level below says. */
export type DelegationValue =
  | 'off'
  | {
      readonly zone: HostName;
      /** Names of `providers:`; null: those of the key `provider`. */
      readonly providers: readonly Located<string>[] | null;
    };

const off: Reader<DelegationValue> = choice(['off']);

const on = transform(
  object(
    {
      zone: {
        reader: parsedText('a domain name', parseHostName),
        about: 'The zone of yours that holds the records; customers set CNAMEs to names in it.',
      },
      provider: { reader: someNames, about: 'Where this zone is written: a name of `providers:`, or a list.' },
    },
    { what: 'a delegation', required: ['zone'] },
  ),
  ({ zone, provider }): DelegationValue | undefined => {
    if (zone?.value === undefined || (provider !== undefined && provider.value === undefined)) return undefined;
    return { zone: zone.value, providers: provider?.value ?? null };
  },
);

/** Reads a delegation; see DESIGN section 4. */
export const delegationReader: Reader<DelegationValue> = named(
  'delegation',
  byKind<DelegationValue>('a map with `zone`, or off', { text: off, map: on }),
);
