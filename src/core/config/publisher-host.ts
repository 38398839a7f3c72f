/** Floor 0. What every publisher says of its host: where the record at `mta-sts.DOMAIN` points, and how long a proof takes there. */
import { parseHostName } from '../names.ts';
import { parseAddress } from './addresses.ts';
import type { HostTarget } from './model.ts';
import { duration, parsedText } from './readers.ts';
import { notEmpty, plainList } from './readers-composed.ts';

/** How long a proof waits before it is made again where one address hides several nodes (rule 5). */
export const SPREAD_BEHIND_OTHERS_SECONDS = 60;
const DAY = 86_400;

/** Keys of every publisher. */
export const hostFields = {
  hostname: {
    reader: parsedText('a host name', parseHostName),
    about: 'Where the CNAME at mta-sts.DOMAIN points.',
  },
  addresses: {
    reader: notEmpty(plainList('a list of IP addresses', parsedText('an IP address', parseAddress))),
    about: 'A and AAAA records for mta-sts.DOMAIN, instead of a CNAME.',
  },
  spread: {
    reader: duration(0, DAY),
    about: 'Make the proof again that long after, where an address hides several nodes or a cache.',
  },
} as const;

export const hostRule = [['hostname', 'addresses']] as const;

interface HostValues {
  readonly hostname?: { readonly value: Extract<HostTarget, { kind: 'hostname' }>['hostname'] | undefined };
  readonly addresses?: { readonly value: readonly string[] | undefined };
}

/** Undefined: neither of the two, or both, or a faulty one; the fault is told already. */
export function hostTarget({ hostname, addresses }: HostValues): HostTarget | undefined {
  if (hostname?.value !== undefined && addresses === undefined) return { kind: 'hostname', hostname: hostname.value };
  if (addresses?.value !== undefined && hostname === undefined)
    return { kind: 'addresses', addresses: addresses.value };
  return undefined;
}

/** Does the key stand there with a value that could not be read? */
export function isFaulty(located: { readonly value: unknown } | undefined): boolean {
  return located !== undefined && located.value === undefined;
}
