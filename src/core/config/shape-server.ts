/** Floor 0. `publisher: { type: server }`: the policy host of stsync itself. */
import { failed, parsed, type Parsed } from '../result.ts';
import { isLoopback, parseAddressPort, parseNetwork } from './addresses.ts';
import { makeFault } from './fault.ts';
import type { PublisherConfig } from './model.ts';
import { hostFields, hostRule, hostTarget, isFaulty, SPREAD_BEHIND_OTHERS_SECONDS } from './publisher-host.ts';
import { choice, flag, parsedText, path, type Reader, transform } from './readers.ts';
import { byKind, notEmpty, object, plainList } from './readers-composed.ts';
import type { Reading } from './reading.ts';
import { acmeReader, defaultAcme } from './shape-acme.ts';
import { type Located, placeOf } from './source-text.ts';

/** Both families in one socket. */
const LISTEN = ['[::]:443'];
const LISTEN_BEHIND_PROXY = ['127.0.0.1:9781'];
const LISTEN_HTTP = ['[::]:80'];

const listenAddress = parsedText('an address and a port', parseListen);

/** One `address:port` or `systemd:NAME`, or a list of them. */
export const listenReader: Reader<readonly string[]> = notEmpty(
  byKind('an address and a port, or a list of them', {
    text: transform(listenAddress, (address): readonly string[] => [address]),
    list: plainList('a list of addresses and ports', listenAddress),
  }),
);

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

/** Codes of its own: `EXCLUSIVE_KEYS` for a key that has no effect beside another, `BAD_VALUE` for plain HTTP on a network. */
export const server: Reader<PublisherConfig> = transform(
  object(
    {
      type: { reader: choice(['server']), about: 'The policy host of stsync itself.' },
      tls: {
        reader: choice(['own', 'behind-proxy']),
        about:
          'own: stsync ends TLS (default). behind-proxy: a proxy in front does; stsync speaks plain HTTP on loopback.',
      },
      listen: {
        reader: listenReader,
        about:
          'ADDRESS:PORT, systemd:NAME, or a list (default "[::]:443", which is IPv4 too; behind a proxy 127.0.0.1:9781).',
      },
      http: {
        reader: listenReader,
        about: 'As `listen`: where the CA fetches the answers to its challenges (default "[::]:80", for http-01 only).',
      },
      proxyProtocol: {
        reader: notEmpty(plainList('a list of addresses', parsedText('an address or a network', parseNetwork))),
        about:
          'Addresses or networks of load balancers that pass TLS on with the PROXY protocol; nobody else may connect.',
      },
      certificates: { reader: certificates, about: 'Your own certificates instead of those by ACME.' },
      acme: { reader: acmeReader, about: "Where certificates are ordered (default Let's Encrypt, by http-01)." },
      plainOnNetwork: {
        reader: flag(),
        about: 'Behind a proxy: plain HTTP may listen on other addresses than loopback (default false).',
      },
      ...hostFields,
    },
    { what: 'a publisher of type server', required: ['type'], exactlyOneOf: hostRule },
  ),
  (values, _node, _label, reading): PublisherConfig | undefined => {
    const { tls, listen, http, proxyProtocol, certificates: own, acme, plainOnNetwork, spread, ...host } = values;
    const target = hostTarget(host);
    if (target === undefined || Object.values(values).some(isFaulty)) return undefined;
    const isBehindProxy = tls?.value === 'behind-proxy';
    const isByAcme = !isBehindProxy && own === undefined;
    const usesHttp = isByAcme && (acme?.value ?? defaultAcme).challenge === 'http-01';
    if (isBehindProxy) {
      refuseIdle({ certificates: own, acme, http, proxyProtocol }, 'behind a proxy', 'or write `tls: own`', reading);
      refuseOpenPlain(listen, plainOnNetwork?.value === true, reading);
    } else if (own !== undefined) {
      refuseIdle({ acme, http }, 'beside `certificates`', 'or leave out `certificates`', reading);
    } else if (!usesHttp) {
      refuseIdle({ http }, 'with this `challenge`', 'or write `challenge: http-01`', reading);
    }
    const twice = http?.value?.find((address) => listen?.value?.includes(address));
    if (http !== undefined && twice !== undefined) {
      reading.faults.push(makeFault(placeOf(http), 'BAD_VALUE', `\`http: ${twice}\` is an address of \`listen\` too`));
    }
    return {
      type: 'server',
      target,
      proof: 'https',
      spreadSeconds: spread?.value ?? (isBehindProxy ? SPREAD_BEHIND_OTHERS_SECONDS : 0),
      isBehindProxy,
      listen: listen?.value ?? (isBehindProxy ? LISTEN_BEHIND_PROXY : LISTEN),
      http: usesHttp ? (http?.value ?? LISTEN_HTTP) : null,
      proxyProtocol: proxyProtocol?.value ?? null,
      certificates: own?.value ?? null,
      acme: isByAcme ? (acme?.value ?? defaultAcme) : null,
    };
  },
);

/** A key that would change nothing where it stands: whoever wrote it expects something else. */
function refuseIdle(
  keys: Readonly<Record<string, Located<unknown> | undefined>>,
  where: string,
  otherwise: string,
  reading: Reading,
): void {
  for (const [name, located] of Object.entries(keys)) {
    if (located === undefined) continue;
    const message = `\`${name}\` has no effect ${where}`;
    reading.faults.push(makeFault(placeOf(located), 'EXCLUSIVE_KEYS', message, `leave it out, ${otherwise}`));
  }
}

/** `BAD_VALUE` where plain HTTP would leave this machine and nobody has stated that. */
export function refuseOpenPlain(
  listen: Located<readonly string[]> | undefined,
  isStated: boolean,
  reading: Reading,
): void {
  const open = listen?.value?.find((address) => !isLoopback(address));
  if (listen === undefined || open === undefined || isStated) return;
  const verb = open.startsWith('systemd:') ? 'may take' : 'takes';
  const message = `\`listen: ${open}\` ${verb} plain HTTP from other machines`;
  const hint = 'listen on 127.0.0.1, or state it with `plainOnNetwork: true` where only the proxy reaches it';
  reading.faults.push(makeFault(placeOf(listen), 'BAD_VALUE', message, hint));
}

/** `address:port`, or `systemd:NAME`: FileDescriptorName= of a socket unit, which is its own name where it says none. Issue: `BAD_ADDRESS`. */
function parseListen(text: string): Parsed<string> {
  if (!text.startsWith('systemd:')) return parseAddressPort(text);
  return /^systemd:[\w.@-]{1,255}$/.test(text)
    ? parsed(text)
    : failed('BAD_ADDRESS', `"${text.slice(0, 60)}" names no socket of systemd`, {
        hint: 'write "systemd:https", the FileDescriptorName= of the socket unit',
      });
}
