import { expect, test } from 'vitest';

import { reverseName, senderWords } from '../../../src/core/reports/sender.ts';

test.each([
  ['192.0.2.1', '1.2.0.192.in-addr.arpa'],
  ['2001:db8::1', '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
  ['::', `${'0.'.repeat(32)}ip6.arpa`],
  ['1:2:3:4:5:6:7:8', '8.0.0.0.7.0.0.0.6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.ip6.arpa'],
  ['::ffff:192.0.2.1', '1.0.2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa'],
])('%s is asked for as %s', (address, name) => {
  expect(reverseName(address)).toBe(name);
});

test.each([
  ['192.0.2.1', null, null],
  ['192.0.2.1 mx.a.example', { name: 'mx.a.example', isConfirmed: true }, null],
  ['192.0.2.1 claims to be mx.a.example', { name: 'mx.a.example', isConfirmed: false }, null],
  ['192.0.2.1, AS64500 A', { name: null, isConfirmed: false }, { number: 64500, name: 'A' }],
  ['192.0.2.1 mx.a.example, AS64500', { name: 'mx.a.example', isConfirmed: true }, { number: 64500, name: '' }],
])('says %s', (words, name, owner) => {
  expect(senderWords('192.0.2.1', name, owner)).toBe(words);
});
