/** Which zone holds a name, and what that costs. */
import { describe, expect, it } from 'vitest';

import type { Provider } from '../../../src/provider.ts';
import { signal, ZONE } from '../id-record.ts';
import { calls, errorOf, startRig } from './rig.ts';

const key = { name: `_mta-sts.${ZONE}`, type: 'TXT' } as const;

describe('a zone', () => {
  it('is found in the list of the project, asked once for many names', async () => {
    const { fake, provider } = await startRig();
    await provider.read([key, { ...key, name: `_smtp._tls.${ZONE}` }], signal);
    await provider.read([key], signal);
    expect(calls(fake).filter((call) => !call.includes('rrsets'))).toEqual(['GET /managedZones']);
  });

  it('is the one with the longest name', async () => {
    const { fake, provider } = await startRig();
    fake.addZone(`sub.${ZONE}`, [{ name: `_mta-sts.sub.${ZONE}`, type: 'TXT', ttlSeconds: 60, rdata: ['"inner"'] }]);
    expect(await provider.read([{ name: `_mta-sts.sub.${ZONE}`, type: 'TXT' }], signal)).toHaveLength(1);
  });

  it('among many is asked for by name, and the list is read when many are wanted', async () => {
    const { fake, provider } = await startRig();
    fake.settings.pageSize = 3;
    for (let at = 0; at < 20; at++) fake.addZone(`zone${at}.test`);
    await provider.read([key], signal);
    const one = calls(fake).filter((call) => !call.includes('rrsets'));
    expect(one).toEqual([
      'GET /managedZones',
      `GET /managedZones?dnsName=_mta-sts.${ZONE}.`,
      `GET /managedZones?dnsName=${ZONE}.`,
    ]);
    await provider.read(
      Array.from({ length: 20 }, (_, at) => ({ name: `_mta-sts.zone${at}.test`, type: 'TXT' as const })),
      signal,
    );
    const all = calls(fake).filter((call) => !call.includes('rrsets'));
    // At most ten single questions, then the six other pages.
    expect(all.length).toBeLessThanOrEqual(1 + 10 + 7);
  });

  it.each<[string, (provider: Provider) => Promise<unknown>]>([
    ['a read', (provider) => provider.read([key], signal)],
    ['a look whether a name exists', async (provider) => provider.exists?.(key.name, signal)],
  ])('that went away is looked for again after %s', async (_, ask) => {
    const { fake, provider } = await startRig();
    await ask(provider);
    const body = { error: { code: 404, message: 'no such zone', errors: [{ reason: 'notFound' }] } };
    fake.fail({ kind: 'says', reply: { status: 404, body } });
    expect(await errorOf(ask(provider))).toMatchObject({ code: 'ZONE_NOT_FOUND' });
    await ask(provider);
    expect(calls(fake).filter((call) => call === 'GET /managedZones')).toHaveLength(2);
  });

  it('that is private or forwarded is passed over, and the error says so', async () => {
    const { fake, provider } = await startRig();
    fake.addZone('inner.test', [], { visibility: 'private' });
    fake.addZone('away.test', [], { isForwarding: true });
    const error = await errorOf(provider.read([{ name: '_mta-sts.inner.test', type: 'TXT' }], signal));
    expect(error).toMatchObject({ code: 'ZONE_NOT_FOUND', where: '_mta-sts.inner.test' });
    expect(error.message).toMatch(/no public zone .* inner-test is private or forwards elsewhere/);
    expect(await errorOf(provider.read([{ name: 'x.away.test', type: 'TXT' }], signal))).toMatchObject({
      code: 'ZONE_NOT_FOUND',
    });
  });

  it('beside a private one of its name is taken', async () => {
    const { fake, provider } = await startRig();
    fake.addZone('both.test', [], { visibility: 'private', resource: 'both-private' });
    const zone = fake.addZone('both.test', [], { resource: 'both-public' });
    zone.put([{ name: '_mta-sts.both.test', type: 'TXT', ttlSeconds: 60, rdata: ['"x"'] }]);
    expect(await provider.read([{ name: '_mta-sts.both.test', type: 'TXT' }], signal)).toHaveLength(1);
  });

  it('of whose name there are two public ones is refused', async () => {
    const { fake, provider } = await startRig();
    fake.addZone('twin.test', [], { resource: 'twin-one' });
    fake.addZone('twin.test', [], { resource: 'twin-two' });
    const error = await errorOf(provider.read([{ name: '_mta-sts.twin.test', type: 'TXT' }], signal));
    expect(error.code).toBe('PROVIDER_REFUSED');
    expect(error.message).toContain('twin-one and twin-two');
  });
});

describe('a record set', () => {
  it('costs one call for all types of a name', async () => {
    const { fake, provider } = await startRig();
    await provider.read([key], signal);
    fake.forgetRequests();
    const keys = (['TXT', 'A', 'AAAA', 'CNAME'] as const).map((type) => ({ ...key, type }));
    await provider.read(keys, signal);
    expect(calls(fake)).toEqual([`GET /managedZones/zone-test/rrsets?name=_mta-sts.${ZONE}.`]);
  });

  it('with a routing policy is read and never changed', async () => {
    const { zone, provider } = await startRig();
    const set = { name: `mta-sts.${ZONE}`, type: 'A', ttlSeconds: 60, rdata: ['192.0.2.1'] } as const;
    zone.put([set], { isRouted: true });
    expect(await provider.read([set], signal)).toEqual([set]);
    const error = await errorOf(
      provider.apply([{ ...set, before: set, after: { ...set, rdata: ['192.0.2.2'] } }], signal),
    );
    expect(error).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(zone.writes).toBe(0);
  });
});
