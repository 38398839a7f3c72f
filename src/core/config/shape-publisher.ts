/** Floor 0. `publisher:`, at the top level and on a domain, in a profile or in the defaults. */
import { parseHostName } from '../names.ts';
import { isLoopback, parseAddress, parseAddressPort } from './addresses.ts';
import { makeFault } from './fault.ts';
import type { HostTarget, PublisherConfig } from './model.ts';
import { choice, duration, flag, parsedText, path, type Reader, transform } from './readers.ts';
import { byKind, byType, named, notEmpty, object, plainList } from './readers-composed.ts';
import { placeOf } from './source-text.ts';

/** How long a proof waits before it is made again where one address hides several nodes (rule 5). */
const SPREAD_BEHIND_OTHERS_SECONDS = 60;
const DAY = 86_400;
/** Both families in one socket. */
const LISTEN = ['[::]:443'];
const LISTEN_BEHIND_PROXY = ['127.0.0.1:9781'];

const hostFields = {
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

const listenAddress = parsedText('an address and a port', (text) => parseAddressPort(text));

const certificates = transform(
  object(
    {
      directory: {
        reader: path(),
        about:
          'DIRECTORY/HOST/fullchain.pem and privkey.pem, or DIRECTORY/HOST.pem and HOST.key, for each policy host.',
      },
    },
    { what: '`certificates`', required: ['directory'] },
  ),
  ({ directory: place }) => place?.value,
);

const server = transform(
  object(
    {
      type: { reader: choice(['server']), about: 'The policy host of stsync itself.' },
      tls: {
        reader: choice(['own', 'behind-proxy']),
        about:
          'own: stsync ends TLS (default). behind-proxy: a proxy in front does; stsync speaks plain HTTP on loopback.',
      },
      listen: {
        reader: notEmpty(
          byKind('an address and a port, or a list of them', {
            text: transform(listenAddress, (address): readonly string[] => [address]),
            list: plainList('a list of addresses and ports', listenAddress),
          }),
        ),
        about: 'ADDRESS:PORT, or a list (default "[::]:443", which is IPv4 too; behind a proxy 127.0.0.1:9781).',
      },
      certificates: { reader: certificates, about: 'Your own certificates instead of those by ACME.' },
      plainOnNetwork: {
        reader: flag(),
        about: 'Behind a proxy: plain HTTP may listen on other addresses than loopback (default false).',
      },
      ...hostFields,
    },
    { what: 'a publisher of type server', required: ['type'], exactlyOneOf: hostRule },
  ),
  (values, _node, _label, reading): PublisherConfig | undefined => {
    const { tls, listen, certificates: own, plainOnNetwork, spread, ...host } = values;
    const target = hostTarget(host);
    if (target === undefined || [tls, listen, own, plainOnNetwork, spread].some(isFaulty)) return undefined;
    const isBehindProxy = tls?.value === 'behind-proxy';
    if (isBehindProxy && own !== undefined) {
      const message = '`certificates` has no effect behind a proxy';
      reading.faults.push(makeFault(placeOf(own), 'EXCLUSIVE_KEYS', message, 'leave it out, or write `tls: own`'));
    }
    const open = listen?.value?.find((address) => !isLoopback(address));
    if (isBehindProxy && listen !== undefined && open !== undefined && plainOnNetwork?.value !== true) {
      const message = `\`listen: ${open}\` takes plain HTTP from other machines`;
      const hint = 'listen on 127.0.0.1, or state it with `plainOnNetwork: true` where only the proxy reaches it';
      reading.faults.push(makeFault(placeOf(listen), 'BAD_VALUE', message, hint));
    }
    return {
      type: 'server',
      target,
      proof: 'https',
      spreadSeconds: spread?.value ?? (isBehindProxy ? SPREAD_BEHIND_OTHERS_SECONDS : 0),
      isBehindProxy,
      listen: listen?.value ?? (isBehindProxy ? LISTEN_BEHIND_PROXY : LISTEN),
      certificates: own?.value ?? null,
    };
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
