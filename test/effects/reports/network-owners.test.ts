import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openNetworkOwners } from '../../../src/effects/reports/network-owners.ts';
import { mmdb } from '../../support/mmdb.ts';
import { tempDirectory } from '../temp-directory.ts';

function file(bytes: Uint8Array): string {
  const path = join(tempDirectory(), 'asn.mmdb');
  writeFileSync(path, bytes);
  return path;
}

test('says who owns a network, in the words of MaxMind and of IPinfo', () => {
  const owners = openNetworkOwners(
    file(
      mmdb(
        {
          '192.0.2.0/24': { autonomous_system_number: 64500, autonomous_system_organization: 'Sender' },
          '198.51.100.0/24': { asn: 'AS64501', as_name: 'Other' },
          '203.0.113.0/24': { country: 'none' },
        },
        1_780_000_000,
      ),
    ),
  );
  expect(owners.ownerOf('192.0.2.7')).toEqual({ number: 64500, name: 'Sender' });
  expect(owners.ownerOf('198.51.100.1')).toEqual({ number: 64501, name: 'Other' });
  expect(['203.0.113.1', '10.0.0.1', '2001:db8::1', 'no address', ''].map((one) => owners.ownerOf(one))).toEqual(
    Array(5).fill(null),
  );
  expect(owners.builtAt).toEqual(new Date(1_780_000_000_000));
});

test.each([
  ['rubbish', 'no database'],
  ['', 'nothing'],
])('a file that is none (%j) is told of with its place', (text) => {
  const path = file(Buffer.from(text));
  expect(() => openNetworkOwners(path)).toThrow(
    expect.objectContaining({ code: 'NETWORK_DATA_UNREADABLE', message: expect.stringContaining(path) }),
  );
});
