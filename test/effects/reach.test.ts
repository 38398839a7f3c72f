/** Which addresses are connected to, and where connectTo leads. */
import { describe, expect, it } from 'vitest';

import { refusalOf, targetsOf } from '../../src/effects/reach.ts';

const world = (connectTo: Readonly<Record<string, string>> = {}, allowPrivateAddresses = false) => ({
  connectTo: new Map(Object.entries(connectTo)),
  allowPrivateAddresses,
});

describe('refusalOf', () => {
  it.each([
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['169.254.169.254', 'link-local'], // the metadata service of clouds
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['febf:ffff::1', 'link-local'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['fc00::1', 'private'],
    ['fdff::1', 'private'],
    ['fec0::1', 'private'],
    ['64:ff9b:1::808:808', 'private'], // local-use NAT64, RFC 8215
    ['100.64.0.1', 'shared behind carrier NAT'],
    ['100.127.255.255', 'shared behind carrier NAT'],
    ['192.0.2.1', 'for documentation'],
    ['198.51.100.1', 'for documentation'],
    ['203.0.113.255', 'for documentation'],
    ['2001:db8::1', 'for documentation'],
    ['3fff::1', 'for documentation'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['192.0.0.1', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['198.19.255.255', 'reserved'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['100::1', 'reserved'],
    ['2001::1', 'reserved'], // Teredo
    ['::127.0.0.1', 'reserved'], // IPv4-compatible
    ['::ffff:0:127.0.0.1', 'reserved'], // IPv4-translated
  ])('refuses %s: %s', (address, what) => expect(refusalOf(address)).toBe(what));

  it.each([
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::FFFF:10.1.2.3', 'private'],
    ['::ffff:169.254.169.254', 'link-local'],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['64:ff9b::a00:1', 'private'],
    ['64:ff9b::192.0.2.1', 'for documentation'],
    ['2002:7f00:1::1', 'loopback'],
    ['2002:a9fe:a9fe::', 'link-local'],
    ['2002:c0a8:101:ffff::1', 'private'],
    ['2002:6440::1', 'shared behind carrier NAT'],
  ])('sees the IPv4 address in %s: %s', (address, what) => expect(refusalOf(address)).toBe(what));

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '169.253.0.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001::1b',
    '2001:4860:4860::8888',
    '2001:200::1',
    'fb00::1',
    '2000::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
  ])('lets %s through', (address) => expect(refusalOf(address)).toBeNull());

  it.each(['', 'localhost', '127.1', '0x7f000001', '2130706433', '1.2.3.4:443', '[::1]', '127.0.0.01'])(
    'refuses what is no address: %j',
    (text) => expect(refusalOf(text)).toBe('not an IP address'),
  );
});

describe('targetsOf', () => {
  it('gives each address once, in order, with what speaks against it', () => {
    expect(targetsOf('a.example', 443, ['1.1.1.1', '10.0.0.1', '1.1.1.1'], world())).toEqual([
      { address: '1.1.1.1', port: 443, isConnectTo: false, refusal: null },
      { address: '10.0.0.1', port: 443, isConnectTo: false, refusal: 'private' },
    ]);
  });

  it('refuses nothing under allowPrivateAddresses', () => {
    const targets = targetsOf('a.example', 25, ['10.0.0.1', '::1'], world({}, true));
    expect(targets.map(({ refusal }) => refusal)).toEqual([null, null]);
  });

  it.each([
    ['127.0.0.1:8443', '127.0.0.1', 8443],
    ['[::1]:2525', '::1', 2525],
  ])('follows connectTo to %s, and refuses it not', (to, address, port) => {
    const targets = targetsOf('a.example', 443, ['1.1.1.1', '2.2.2.2'], world({ 'a.example:443': to }));
    expect(targets).toEqual([{ address, port, isConnectTo: true, refusal: null }]);
  });

  it('follows connectTo where there is no address at all', () => {
    expect(targetsOf('a.example', 443, [], world({ 'a.example:443': '127.0.0.1:1' }))).toHaveLength(1);
  });

  it.each(['a.example:25', 'b.example:443'])('lets connectTo of %s alone for a.example:443', (key) => {
    const targets = targetsOf('a.example', 443, ['127.0.0.1'], world({ [key]: '127.0.0.1:1' }));
    expect(targets).toEqual([{ address: '127.0.0.1', port: 443, isConnectTo: false, refusal: 'loopback' }]);
  });
});
