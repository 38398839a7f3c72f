/**
 * Floor 2. Where a connection may go. A name in someone else's DNS decides whom stsync talks to, so addresses inside a network are refused
 * (SSRF) unless the config says otherwise.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

import type { WorldConfig } from '../core/config/model.ts';

/** One place to connect to, or not. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** `world.connectTo` chose it. */
  readonly isConnectTo: boolean;
  /** Why it is refused, ends "the address is ..."; null: it may be connected to. */
  readonly refusal: string | null;
}

/** What to do about an `ADDRESS_REFUSED`. */
export const refusalHint =
  'publish the public address; for a test set `world.allowPrivateAddresses: true`, or name the host in `world.connectTo`';

/** Prefixes that no public service has (IANA special-purpose registries), in the words of the message. */
const REFUSED: readonly (readonly [what: string, prefixes: readonly string[]])[] = [
  ['unspecified', ['0.0.0.0/8', '::/128']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10', '64:ff9b:1::/48']],
  ['shared behind carrier NAT', ['100.64.0.0/10']],
  ['for documentation', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  // The last of them: IPv4-translated and IPv4-compatible addresses, which only a broken network would route.
  [
    'reserved',
    ['192.0.0.0/24', '192.88.99.0/24', '198.18.0.0/15', '240.0.0.0/4', '100::/64', '2001::/23', '5f00::/16'].concat([
      '::ffff:0:0:0/96',
      '::/96',
    ]),
  ],
];

/** In this order: the first that matches gives the reason. */
const lists = REFUSED.map(([what, prefixes]) => ({ what, list: listOf(prefixes) }));

/**
 * Why nothing connects to `address`: `loopback`, `private`, ...; null: it is public. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4)
 * counts as itself. `refusalOf('64:ff9b::7f00:1')` is `loopback`.
 */
export function refusalOf(address: string): string | null {
  const [bare = ''] = address.split('%');
  const family = isIP(bare);
  if (family === 0) return 'not an IP address';
  return lists.find(({ list }) => list.check(bare, family === 4 ? 'ipv4' : 'ipv6'))?.what ?? null;
}

/**
 * The targets for `host:port`, whose addresses are given: each address once, in order; or the one of `connectTo`, which is never refused.
 * `host` in the form of core/names.ts.
 */
export function targetsOf(
  host: string,
  port: number,
  addresses: readonly string[],
  world: Pick<WorldConfig, 'connectTo' | 'allowPrivateAddresses'>,
): readonly Target[] {
  const instead = world.connectTo.get(`${host}:${port}`);
  if (instead !== undefined) return [{ ...splitAddressPort(instead), isConnectTo: true, refusal: null }];
  return [...new Set(addresses)].map((address) => ({
    address,
    port,
    isConnectTo: false,
    refusal: world.allowPrivateAddresses ? null : refusalOf(address),
  }));
}

/** Cuts what the config has parsed: `127.0.0.1:8443`, `[::1]:8443`. */
function splitAddressPort(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(text.slice(colon + 1)) };
}

function listOf(prefixes: readonly string[]): BlockList {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [address = '', bits = ''] = prefix.split('/');
    const length = Number(bits);
    if (isIPv4(address)) {
      list.addSubnet(address, length, 'ipv4');
      for (const [form, offset] of embeddings(address)) list.addSubnet(form, offset + length, 'ipv6');
    } else {
      list.addSubnet(address, length, 'ipv6');
    }
  }
  return list;
}

/** IPv6 prefixes that carry an IPv4 one, and how many bits stand before it: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embeddings(ipv4: string): readonly (readonly [address: string, offset: number])[] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  const high = (a * 256 + b).toString(16);
  const low = (c * 256 + d).toString(16);
  return [
    [`::ffff:${high}:${low}`, 96],
    [`64:ff9b::${high}:${low}`, 96],
    [`2002:${high}:${low}::`, 16],
  ];
}
