/** Which zone holds a name, in how many calls, and which zones are refused. */
import { describe, expect, it } from 'vitest';

import { idChange, signal } from '../id-record.ts';
import { calls, errorOf, providerOn, said, startRig, type Rig } from './rig.ts';
import { FAKE_TOKEN } from '../../fakes/cloudflare.ts';

async function read(provider: Rig['provider'], ...names: readonly string[]): Promise<number> {
  return (
    await provider.read(
      names.map((name) => ({ name, type: 'TXT' })),
      signal,
    )
  ).length;
}

function zoneCalls(rig: Rig): readonly string[] {
  return calls(rig.fake).filter((call) => !call.includes('dns_records'));
}

describe('the zone of a name', () => {
  it('is found with one call for all names, where the token sees no more than 50 zones', async () => {
    const rig = await startRig();
    for (let at = 0; at < 49; at++) rig.fake.addZone(`zone${at}.test`);
    for (let at = 0; at < 49; at++) await read(rig.provider, `_mta-sts.zone${at}.test`, `mta-sts.zone${at}.test`);
    expect(zoneCalls(rig)).toEqual(['GET /zones']);
  });

  it('is walked to by its labels among many: longest first, labels that no zone can have left out', async () => {
    const rig = await startRig();
    for (let at = 0; at < 500; at++) rig.fake.addZone(`zone${at.toString().padStart(3, '0')}.test`);
    await read(rig.provider, '_smtp._tls.mail.zone499.test');
    expect(zoneCalls(rig)).toEqual(['GET /zones', 'GET /zones?name=mail.zone499.test', 'GET /zones?name=zone499.test']);
    await read(rig.provider, '_mta-sts.mail.zone499.test');
    expect(zoneCalls(rig).length).toBe(3);
  });

  it('costs no more than the list of all zones twice, however many names there are', async () => {
    const rig = await startRig();
    for (let at = 0; at < 200; at++) rig.fake.addZone(`zone${at.toString().padStart(3, '0')}.test`);
    for (let at = 0; at < 200; at++)
      await read(rig.provider, `mta-sts.zone${((at * 7) % 200).toString().padStart(3, '0')}.test`);
    // Five pages: the first, four walks in the meantime, and the other four.
    expect(zoneCalls(rig).length).toBe(9);
  });

  it('is one zone, whether it was walked to or listed: what belongs together stays in one call', async () => {
    const rig = await startRig();
    for (let at = 10; at < 70; at++) rig.fake.addZone(`zone${at}.test`);
    await Promise.all([
      // Walked to, and listed before its second name is looked for.
      read(rig.provider, '_mta-sts.zone69.test', 'mta-sts.zone69.test'),
      read(rig.provider, '_mta-sts.zone68.test'),
    ]);
    expect(zoneCalls(rig)).toEqual(['GET /zones', 'GET /zones?name=zone69.test', 'GET /zones']);
    expect(calls(rig.fake).filter((call) => call.endsWith('zone69.test') && call.includes('dns_records'))).toEqual([
      'GET /zones/*/dns_records?name.endswith=mta-sts.zone69.test',
    ]);
  });

  it('is the longest of several', async () => {
    const rig = await startRig();
    const inner = rig.fake.addZone(`sub.zone.test`, [
      { name: '_mta-sts.sub.zone.test', type: 'TXT', ttlSeconds: 300, rdata: ['"inner"'] },
    ]);
    expect(await read(rig.provider, '_mta-sts.sub.zone.test')).toBe(1);
    expect(calls(rig.fake).at(-1)).toContain('/dns_records');
    expect(rig.fake.requests.at(-1)?.path).toContain(inner.id);
  });

  it('is asked once by many who ask at the same time', async () => {
    const rig = await startRig();
    await Promise.all(Array.from({ length: 20 }, (_, at) => read(rig.provider, `_mta-sts.d${at}.zone.test`)));
    expect(zoneCalls(rig)).toEqual(['GET /zones']);
  });

  it('is asked again after a failure, and by who did not abort', async () => {
    const rig = await startRig();
    rig.fake.fail({ kind: 'broken', status: 500, isDone: false });
    await errorOf(read(rig.provider, '_mta-sts.zone.test'));
    expect(await read(rig.provider, '_mta-sts.zone.test')).toBe(0);
  });

  it('is looked for again when it went away', async () => {
    const rig = await startRig({ records: [] });
    await read(rig.provider, '_mta-sts.zone.test');
    rig.fake.fail({ kind: 'meanwhile', act: () => rig.fake.model.removeZone('zone.test') });
    expect(await errorOf(read(rig.provider, '_mta-sts.zone.test'))).toMatchObject({ code: 'ZONE_NOT_FOUND' });
    rig.fake.addZone('zone.test', [{ name: '_mta-sts.zone.test', type: 'TXT', ttlSeconds: 300, rdata: ['"new"'] }]);
    expect(await read(rig.provider, '_mta-sts.zone.test')).toBe(1);
  });

  it('that repeats its page is an error, and not for ever', async () => {
    const rig = await startRig();
    for (let at = 0; at < 120; at++) rig.fake.addZone(`zone${at}.test`);
    rig.fake.fail({ kind: 'pages-repeat' }, ({ query }) => query['page'] === '2');
    // Walked to at first, as long as that is cheaper than the list.
    expect(await errorOf(read(rig.provider, 'd1.elsewhere.test'))).toMatchObject({ code: 'ZONE_NOT_FOUND' });
    expect(await errorOf(read(rig.provider, 'd2.elsewhere.test'))).toMatchObject({ code: 'PROVIDER_BAD_ANSWER' });
  });
});

describe('a zone', () => {
  it.each([
    ['partial', 'PROVIDER_REFUSED: half.test is a zone of type partial at Cloudflare: another provider answers for it'],
    [
      'secondary',
      'PROVIDER_REFUSED: half.test is a secondary zone at Cloudflare: its records come from another server and cannot be changed there',
    ],
  ] as const)('of type %s is refused, for reading and for writing', async (type, sentence) => {
    const { fake, provider } = await startRig();
    const zone = fake.addZone('half.test', [], { type });
    const hint = '\n  choose the provider that holds the zone, in `provider:` of the domain';
    expect(said(await errorOf(read(provider, '_mta-sts.half.test')))).toBe(sentence + hint);
    const change = { ...idChange(null, 'x'), name: '_mta-sts.half.test' };
    expect(said(await errorOf(provider.apply([change], signal)))).toBe(sentence + hint);
    expect(zone.writes).toBe(0);
  });

  it('that the token does not see is named, with what it does see', async () => {
    const { fake } = await startRig();
    fake.addZone('other.test');
    fake.tokens.set(FAKE_TOKEN, { zones: ['other.test'], canEdit: true });
    expect(said(await errorOf(read(providerOn(fake.baseUrl), '_mta-sts.zone.test')))).toBe(
      'ZONE_NOT_FOUND: no zone for _mta-sts.zone.test: the API token sees only other.test\n' +
        '  give the token Zone:Zone:Read and Zone:DNS:Edit for the zone, add the zone at Cloudflare, or choose another provider for the domain',
    );
    fake.tokens.set(FAKE_TOKEN, { zones: [], canEdit: true });
    expect((await errorOf(read(providerOn(fake.baseUrl), '_mta-sts.zone.test'))).message).toBe(
      'no zone for _mta-sts.zone.test: the API token sees no zone at all',
    );
  });
});
