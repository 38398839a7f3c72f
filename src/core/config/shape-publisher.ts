/** Floor 0. `publisher:`, at the top level and on a domain, in a profile or in the defaults. */
import { parseHostName } from '../names.ts';
import { parseAddress } from './addresses.ts';
import type { HostTarget, PublisherConfig } from './model.ts';
import { choice, duration, parsedText, path, type Reader, transform } from './readers.ts';
import { byType, named, object, plainList } from './readers-composed.ts';

/** How long a proof waits before it is made again where one address hides several nodes (rule 5). */
const SPREAD_BEHIND_OTHERS_SECONDS = 60;
const DAY = 86_400;

const hostFields = {
  hostname: {
    reader: parsedText('a host name', parseHostName),
    about: 'Where the CNAME at mta-sts.DOMAIN points.',
  },
  addresses: {
    reader: transform(
      plainList('a list of IP addresses', parsedText('an IP address', parseAddress)),
      (addresses, node, label, reading) =>
        addresses.length > 0 ? addresses : reading.fault(node, 'BAD_VALUE', `\`${label}\` is an empty list`),
    ),
    about: 'A and AAAA records for mta-sts.DOMAIN, instead of a CNAME.',
  },
  spread: {
    reader: duration(0, DAY),
    about: 'Make the proof again that long after, where an address hides several nodes or a cache.',
  },
} as const;

const hostRule = [['hostname', 'addresses']] as const;

const directory = transform(
  object(
    {
      type: { reader: choice(['directory']), about: 'Policy files in a directory that any web server serves.' },
      directory: { reader: path(), about: 'Policies are written to DIRECTORY/<policy host>/.well-known/mta-sts.txt.' },
      proof: {
        reader: choice(['https', 'file']),
        about:
          'https: fetch the policy as a sender does (default). file: read the file back; nothing proves that it is served.',
      },
      ...hostFields,
    },
    { what: 'a publisher of type directory', required: ['type', 'directory'], exactlyOneOf: hostRule },
  ),
  ({ directory: place, proof, spread, ...host }): PublisherConfig | undefined => {
    const target = hostTarget(host);
    if (place?.value === undefined || target === undefined || isFaulty(proof) || isFaulty(spread)) return undefined;
    return {
      type: 'directory',
      directory: place.value,
      target,
      proof: proof?.value ?? 'https',
      spreadSeconds: spread?.value ?? 0,
    };
  },
);

const external = transform(
  object(
    {
      type: { reader: choice(['external']), about: 'Somebody else serves the policies; stsync looks.' },
      ...hostFields,
    },
    { what: 'a publisher of type external', required: ['type'], exactlyOneOf: hostRule },
  ),
  ({ spread, ...host }): PublisherConfig | undefined => {
    const target = hostTarget(host);
    if (target === undefined || isFaulty(spread)) return undefined;
    return { type: 'external', target, proof: 'https', spreadSeconds: spread?.value ?? SPREAD_BEHIND_OTHERS_SECONDS };
  },
);

const server = transform(
  object(
    {
      type: { reader: choice(['server']), about: 'The policy host of stsync itself.' },
      tls: {
        reader: choice(['behind-proxy']),
        about: 'A proxy in front ends TLS; stsync speaks plain HTTP on loopback.',
      },
      ...hostFields,
    },
    { what: 'a publisher of type server', required: ['type'], exactlyOneOf: hostRule },
  ),
  ({ tls, spread, ...host }): PublisherConfig | undefined => {
    const target = hostTarget(host);
    if (target === undefined || isFaulty(tls) || isFaulty(spread)) return undefined;
    const isBehindProxy = tls !== undefined;
    const spreadSeconds = spread?.value ?? (isBehindProxy ? SPREAD_BEHIND_OTHERS_SECONDS : 0);
    return { type: 'server', target, proof: 'https', spreadSeconds, isBehindProxy };
  },
);

/** Reads a publisher; see DESIGN section 4. */
export const publisherReader: Reader<PublisherConfig> = named(
  'publisher',
  byType<PublisherConfig>('a publisher', { directory, external, server }),
);

interface HostValues {
  readonly hostname?: { readonly value: Extract<HostTarget, { kind: 'hostname' }>['hostname'] | undefined };
  readonly addresses?: { readonly value: readonly string[] | undefined };
}

function hostTarget({ hostname, addresses }: HostValues): HostTarget | undefined {
  if (hostname?.value !== undefined && addresses === undefined) return { kind: 'hostname', hostname: hostname.value };
  if (addresses?.value !== undefined && hostname === undefined)
    return { kind: 'addresses', addresses: addresses.value };
  return undefined;
}

function isFaulty(located: { readonly value: unknown } | undefined): boolean {
  return located !== undefined && located.value === undefined;
}
