/** The fake of Cloudflare itself: it refuses what Cloudflare refuses, it is held to the description, and its log keeps no secret. */
import { describe, expect, it, onTestFinished } from 'vitest';

import { txtSet } from '../../src/core/record-set.ts';
import { FAKE_TOKEN, startCloudflare, type CloudflareFake } from './cloudflare.ts';
import { serveDns } from './serve-dns.ts';

const headers = { authorization: `Bearer ${FAKE_TOKEN}`, 'content-type': 'application/json' };
const TXT = { type: 'TXT', name: 'a.zone.test', content: '"x"', ttl: 300 };

async function started(): Promise<CloudflareFake & { records: string }> {
  const fake = await startCloudflare();
  onTestFinished(() => fake.stop());
  const zone = fake.addZone('zone.test', [txtSet('t.zone.test', 300, ['there'])]);
  return Object.assign(fake, { records: `${fake.baseUrl}/zones/${zone.id}/dns_records` });
}

async function send(url: string, method = 'GET', body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}

describe('the fake of Cloudflare', () => {
  it('holds requests to the description: what is not described is refused, and stop() says so', async () => {
    const fake = await startCloudflare();
    fake.addZone('zone.test');
    expect(await send(`${fake.baseUrl}/zones?per_page=4`)).toMatchObject({ status: 400 });
    expect(await send(`${fake.baseUrl}/zones?nome=zone.test`)).toMatchObject({ status: 400 });
    expect(await send(`${fake.baseUrl}/elsewhere`)).toMatchObject({ status: 400 });
    await expect(fake.stop()).rejects.toThrow(/per_page=4[^]*nome[^]*elsewhere is not described/);
  });

  it('adds, patches, puts and deletes single records; PUT loses the comment, PATCH keeps it', async () => {
    const { records, model } = await started();
    const { body } = await send(records, 'POST', { ...TXT, comment: 'mine' });
    const id = /"id":"([0-9a-f]{32})"/.exec(JSON.stringify(body))?.[1] ?? '';
    const comment = (): unknown => model.zone('zone.test').byId(id)?.facts['comment'];
    await send(`${records}/${id}`, 'PATCH', { ...TXT, content: '"y"' });
    expect(comment()).toBe('mine');
    await send(`${records}/${id}`, 'PUT', { ...TXT, content: '"z"' });
    expect(comment()).toBe(null);
    expect(await send(`${records}/${id}`)).toMatchObject({
      status: 200,
      body: { result: { content: '"z"', ttl: 300 } },
    });
    expect(await send(`${records}/${id}`, 'DELETE')).toMatchObject({ status: 200, body: { result: { id } } });
    expect(await send(`${records}/${id}`)).toMatchObject({ status: 404, body: { errors: [{ code: 81044 }] } });
    expect(await send(records.replace(/dns_records$/, 'dns_records/usage'))).toMatchObject({
      body: { result: { record_usage: 1, record_quota: 200 } },
    });
  });

  it.each([
    ['an identical record', { ...TXT, name: 't.zone.test', content: '"there"' }, 81058],
    ['a CNAME beside other data', { ...TXT, type: 'CNAME', name: 't.zone.test', content: 'other.test' }, 81053],
    ['a name outside the zone', { ...TXT, name: 'a.other.test' }, 1004],
    ['a name with a final dot', { ...TXT, name: 'a.zone.test.' }, 1004],
    ['a TTL under 60', { ...TXT, ttl: 59 }, 1004],
    ['TXT whose quotes do not match', { ...TXT, content: '"x' }, 1004],
    ['TXT over 2,048 characters', { ...TXT, content: `"${'x'.repeat(200)}" `.repeat(11) }, 1004],
    ['a comment over 100 characters', { ...TXT, comment: 'x'.repeat(101) }, 1004],
    ['a proxied TXT', { ...TXT, proxied: true }, 1004],
  ])('refuses %s', async (_, record, code) => {
    const { records, model } = await started();
    expect(await send(records, 'POST', record)).toMatchObject({ status: 400, body: { errors: [{ code }] } });
    expect(model.zone('zone.test').writes).toBe(0);
  });

  it('makes all of a batch or nothing', async () => {
    const { records, model } = await started();
    const [there] = model.zone('zone.test').records();
    const posts = [TXT, TXT];
    expect(await send(`${records}/batch`, 'POST', { deletes: [{ id: there?.id }], posts })).toMatchObject({
      status: 400,
    });
    expect(model.zone('zone.test').records()).toEqual([there]);
  });

  it('puts quotes around what comes without', async () => {
    const { records, model } = await started();
    await send(records, 'POST', { ...TXT, content: 'two words' });
    expect(model.zone('zone.test').records().at(-1)?.rdata).toBe('"two words"');
  });

  it('counts requests down, says so in every answer, and shuts out when the budget is used up', async () => {
    const fake = await started();
    fake.budget.left = 1;
    const first = await fetch(fake.records, { headers });
    expect(first.headers.get('ratelimit')).toBe('"default";r=0;t=300');
    const second = await fetch(fake.records, { headers });
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '300']);
  });

  it('keeps no credentials in its log', async () => {
    const fake = await started();
    await send(fake.records);
    expect(fake.requests).toMatchObject([{ method: 'GET', hasCredentials: true }]);
    expect(JSON.stringify(fake.requests)).not.toContain(FAKE_TOKEN.slice(0, 10));
  });

  it('serves what it has over DNS, and only after publication where that is held', async () => {
    const fake = await started();
    await using dns = await serveDns(fake.model);
    const shown = (): number => dns.zones.say('a.zone.test', 'TXT', false).answers.length;
    fake.model.zone('zone.test').isHeld = true;
    await send(fake.records, 'POST', TXT);
    expect(shown()).toBe(0);
    fake.model.zone('zone.test').publish();
    expect(shown()).toBe(1);
    await send(`${fake.records}/${fake.model.zone('zone.test').records().at(-1)?.id ?? ''}`, 'DELETE');
    expect(shown()).toBe(1);
    fake.model.zone('zone.test').publish();
    expect(shown()).toBe(0);
  });
});
