/** Names of addresses from a real resolver: what leads back is confirmed, and a name that is none is nobody's. */
import { expect, onTestFinished, test } from 'vitest';

import { senderLookup } from '../../../src/effects/reports/look-up-sender.ts';
import { startDnsServer } from '../../support/dns-server.ts';

test('an address has the name that leads back to it', async () => {
  const dns = await startDnsServer({ isResolver: true });
  onTestFinished(() => dns.stop());
  dns.zones.addZone('192.in-addr.arpa');
  dns.zones.addZone('sender.example');
  dns.zones.setRecords('1.2.0.192.in-addr.arpa', 'PTR', ['mx.sender.example']);
  dns.zones.setRecords('2.2.0.192.in-addr.arpa', 'PTR', ['mx.sender.example']);
  dns.zones.setRecords('mx.sender.example', 'A', ['192.0.2.1']);
  const lookUp = senderLookup([dns.address]);
  expect(await lookUp('192.0.2.1')).toEqual({ name: 'mx.sender.example', isConfirmed: true, answered: true });
  expect(await lookUp('192.0.2.2')).toEqual({ name: 'mx.sender.example', isConfirmed: false, answered: true });
  expect(await lookUp('192.0.2.9')).toEqual({ name: null, isConfirmed: false, answered: true });
});

test('servers that say nothing are no answer', async () => {
  expect(await senderLookup(['127.0.0.1:1'])('192.0.2.1')).toEqual({ name: null, isConfirmed: false, answered: false });
});
