/** What Cloudflare does to records and keeps of them: quotes, comments, automatic TTLs, the proxy, quotas. And in how many calls they are read. */
import { describe, expect, it } from 'vitest';

import { txtSet, type RecordKey, type RecordSet } from '../../../src/core/record-set.ts';
import { ID_NAME, idChange, signal, ZONE } from '../id-record.ts';
import { calls, errorOf, said, startRig } from './rig.ts';

const key: RecordKey = { name: ID_NAME, type: 'TXT' };
const host: RecordSet = { name: `mta-sts.${ZONE}`, type: 'CNAME', ttlSeconds: 300, rdata: ['policies.example.net.'] };

describe('TXT', () => {
  it('is written in quotes', async () => {
    const { fake, provider } = await startRig();
    await provider.apply([idChange(null, 'v=STSv1; id=1;')], signal);
    expect(fake.requests.at(-1)?.body).toMatchObject({ posts: [{ content: '"v=STSv1; id=1;"' }] });
  });

  it('that is bare, of before October 2024, means the same, and gets its quotes with the next change, once', async () => {
    const { fake, zone, provider } = await startRig();
    zone.put([txtSet(ID_NAME, 300, ['v=STSv1; id=1;'])], { content: 'v=STSv1; id=1;' });
    const [found] = await provider.read([key], signal);
    expect(found?.rdata).toEqual(['"v=STSv1; id=1;"']);
    // Equal text is no drift: nothing is written for the quotes alone.
    await provider.apply([idChange('v=STSv1; id=1;', 'v=STSv1; id=1;')], signal);
    expect(zone.writes).toBe(0);
    await provider.apply([idChange('v=STSv1; id=1;', 'v=STSv1; id=2;')], signal);
    expect(fake.requests.at(-1)?.body).toMatchObject({ patches: [{ content: '"v=STSv1; id=2;"' }] });
    expect(zone.writes).toBe(1);
  });

  it('that is bare and belongs to somebody else is left as it is', async () => {
    const { zone, provider } = await startRig();
    zone.put([txtSet(ID_NAME, 300, ['other words', 'v=STSv1; id=1;'])]);
    const [bare] = zone.records();
    zone.put([]);
    const sets = txtSet(ID_NAME, 300, ['other words', 'v=STSv1; id=2;']);
    await provider.apply(
      [{ ...key, before: txtSet(ID_NAME, 300, ['other words', 'v=STSv1; id=1;']), after: sets }],
      signal,
    );
    expect(zone.records().find(({ id }) => id === bare?.id)).toEqual(bare);
  });

  it('with blanks inside a bare one is one text, and letters over ASCII are their bytes', async () => {
    const { zone, provider } = await startRig();
    zone.put([txtSet(ID_NAME, 300, ['x'])], { content: 'gr\u00fc\u00df  dich "sehr"' });
    expect((await provider.read([key], signal))[0]?.rdata).toEqual(['"gr\\195\\188\\195\\159  dich \\"sehr\\""']);
  });

  it('over 2,048 characters is refused before any call', async () => {
    const { zone, provider } = await startRig();
    expect(said(await errorOf(provider.apply([idChange(null, 'x'.repeat(2040))], signal)))).toBe(
      `PROVIDER_REFUSED: TXT at ${ID_NAME} would be 2063 characters long; Cloudflare takes 2048\n` +
        '  write less into the record: fewer addresses for reports',
    );
    expect(zone.writes).toBe(0);
  });
});

function comments(zone: { records(): readonly { facts: unknown }[] }): readonly unknown[] {
  return zone.records().map(({ facts }) => facts);
}

describe('comments', () => {
  it('say that stsync wrote a record that had none', async () => {
    const { zone, provider } = await startRig();
    await provider.apply([idChange(null, 'a')], signal);
    expect(comments(zone)).toMatchObject([{ comment: 'stsync' }]);
    zone.put([txtSet(ID_NAME, 300, ['a'])]);
    await provider.apply([idChange('a', 'b')], signal);
    expect(comments(zone)).toMatchObject([{ comment: 'stsync' }]);
  });

  it('and tags of a user stay when the record is changed: it is patched, never put', async () => {
    const { fake, zone, provider } = await startRig();
    zone.put([txtSet(ID_NAME, 300, ['a'])], { comment: 'ask Ada first', tags: ['team:mail'] });
    await provider.apply([idChange('a', 'b')], signal);
    await provider.apply([{ ...idChange('b', 'b'), after: txtSet(ID_NAME, 900, ['b']) }], signal);
    expect(comments(zone)).toMatchObject([{ comment: 'ask Ada first', tags: ['team:mail'] }]);
    expect(calls(fake).some((call) => call.startsWith('PUT'))).toBe(false);
  });
});

describe('TTL', () => {
  it('that is automatic is 300 seconds, and no difference from 300', async () => {
    const { zone, provider } = await startRig();
    zone.put([{ ...txtSet(ID_NAME, 1, ['a']) }]);
    expect((await provider.read([key], signal))[0]?.ttlSeconds).toBe(300);
    await provider.apply([idChange('a', 'a')], signal);
    expect(zone.writes).toBe(0);
  });

  it('is held to what every plan takes', async () => {
    const { provider } = await startRig();
    const ttl = (ttlSeconds: number): number => provider.adjust({ ...txtSet(ID_NAME, ttlSeconds, ['a']) }).ttlSeconds;
    expect([1, 59, 60, 300, 86_400, 86_401, 604_800].map(ttl)).toEqual([60, 60, 60, 300, 86_400, 86_400, 86_400]);
  });
});

describe('the proxy', () => {
  it('stays off unless it is asked for', async () => {
    const { fake, zone, provider } = await startRig();
    await provider.apply([{ ...host, before: null, after: host }], signal);
    expect(fake.requests.at(-1)?.body).toMatchObject({ posts: [{ proxied: false, ttl: 300 }] });
    expect(zone.records()[0]?.facts).toMatchObject({ proxied: false });
  });

  it('is switched on by `proxied`, with the automatic TTL, and then nothing is left to do', async () => {
    const { zone, provider } = await startRig({ isProxied: true });
    const after = { ...host, ttlSeconds: 3600 };
    await provider.apply([{ ...host, before: null, after }], signal);
    expect(zone.records()[0]?.facts).toMatchObject({ proxied: true });
    expect((await provider.read([host], signal))[0]).toEqual(provider.adjust(after));
    expect(provider.adjust(txtSet(ID_NAME, 3600, ['a'])).ttlSeconds).toBe(3600);
  });
});

describe('calls', () => {
  const keys: readonly RecordKey[] = [
    key,
    { name: `mta-sts.${ZONE}`, type: 'CNAME' },
    { name: `mta-sts.${ZONE}`, type: 'A' },
    { name: `mta-sts.${ZONE}`, type: 'AAAA' },
    { name: `_smtp._tls.${ZONE}`, type: 'TXT' },
  ];
  const records = [txtSet(ID_NAME, 300, ['a']), host, txtSet(`_smtp._tls.${ZONE}`, 300, ['b'])];

  it('for all records of a domain: one', async () => {
    const { fake, provider } = await startRig({ records });
    await provider.read(keys, signal);
    fake.forgetRequests();
    expect((await provider.read(keys, signal)).length).toBe(3);
    expect(calls(fake)).toEqual([`GET /zones/*/dns_records?name.endswith=s.${ZONE}`]);
  });

  it('for one name: one, whatever types are asked for', async () => {
    const { fake, provider } = await startRig({ records });
    await provider.read([host], signal);
    fake.forgetRequests();
    await provider.read(keys.slice(1, 4), signal);
    expect(calls(fake)).toEqual([`GET /zones/*/dns_records?name.exact=mta-sts.${ZONE}`]);
  });

  it('never for a whole zone: where names have nothing in common, one each', async () => {
    const { fake, provider } = await startRig({ records });
    await provider.read([{ name: ZONE, type: 'MX' }, host], signal);
    expect(calls(fake).slice(1)).toEqual([
      `GET /zones/*/dns_records?name.exact=${ZONE}`,
      `GET /zones/*/dns_records?name.exact=mta-sts.${ZONE}`,
    ]);
  });

  it('in a zone where the common end fits no page: one each, after one in vain', async () => {
    const crowd = Array.from({ length: 1001 }, (_, at) => txtSet(`news${at}s.${ZONE}`, 300, ['x']));
    const { fake, provider } = await startRig({ records: [...crowd, ...records] });
    expect((await provider.read(keys, signal)).length).toBe(3);
    expect(calls(fake).slice(1)).toEqual([
      `GET /zones/*/dns_records?name.endswith=s.${ZONE}`,
      `GET /zones/*/dns_records?name.exact=${ID_NAME}`,
      `GET /zones/*/dns_records?name.exact=mta-sts.${ZONE}`,
      `GET /zones/*/dns_records?name.exact=_smtp._tls.${ZONE}`,
    ]);
  });

  it('for a change of several records: one read and one batch', async () => {
    const { fake, zone, provider } = await startRig({ records });
    await provider.read([key], signal);
    fake.forgetRequests();
    const [id, tls] = [txtSet(ID_NAME, 300, ['a2']), txtSet(`_smtp._tls.${ZONE}`, 300, ['b2'])];
    await provider.apply(
      [
        { ...id, before: txtSet(ID_NAME, 300, ['a']), after: id },
        { ...tls, before: txtSet(tls.name, 300, ['b']), after: tls },
        { ...host, before: host, after: null },
      ],
      signal,
    );
    expect(calls(fake)).toEqual([
      `GET /zones/*/dns_records?name.endswith=s.${ZONE}`,
      'POST /zones/*/dns_records/batch',
    ]);
    expect(zone.writes).toBe(1);
  });

  it('in two zones: one batch each, and none when one of them is not as it was', async () => {
    const { fake, zone, provider } = await startRig({ records: [txtSet(ID_NAME, 300, ['a'])] });
    const other = fake.addZone('other.test', [txtSet('_mta-sts.other.test', 300, ['moved'])]);
    const wanted = txtSet('_mta-sts.other.test', 300, ['b']);
    const change = { ...wanted, before: txtSet(wanted.name, 300, ['a']), after: wanted };
    expect(await errorOf(provider.apply([idChange('a', 'b'), change], signal))).toMatchObject({
      code: 'CHANGED_SINCE_READ',
    });
    expect([zone.writes, other.writes]).toEqual([0, 0]);
    other.put([txtSet(wanted.name, 300, ['a'])]);
    await provider.apply([idChange('a', 'b'), change], signal);
    expect([zone.writes, other.writes]).toEqual([1, 1]);
  });

  it('of more than 200 operations that belong together are refused on the Free plan, and made on others', async () => {
    const { zone, provider } = await startRig();
    const many = txtSet(
      ID_NAME,
      300,
      Array.from({ length: 201 }, (_, at) => `${at}`),
    );
    expect(said(await errorOf(provider.apply([{ ...key, before: null, after: many }], signal)))).toBe(
      `PROVIDER_REFUSED: 201 changes of ${ZONE} belong together, and Cloudflare takes 200 at once on the Free plan\n` +
        '  take records away from the set by hand first',
    );
    expect(zone.writes).toBe(0);
    const paid = await startRig();
    paid.zone.facts = { ...paid.zone.facts, plan: 'pro' };
    await paid.provider.apply([{ ...key, before: null, after: many }], signal);
    expect(paid.zone.records().length).toBe(201);
  });
});
