/** The rules of every domain, where its records stand in our zone: removal, a policy host that moves, a second proof, records of before. */
import { describe, expect, it } from 'vitest';
import { wantedDomain } from '../support/world.ts';
import { D, delegated, LABELS, Town, ZONE } from './delegation-rig.ts';

const DAY = 86_400;
const absent = delegated(D, { absent: true });

async function on(): Promise<Town> {
  const town = new Town().setAll();
  await town.sync();
  town.world.later(3600);
  return town;
}

describe('absent: true', () => {
  it('serves none, waits, and deletes in our zone, also where the CNAMEs went too early', async () => {
    const town = await on();
    await town.sync(absent);
    expect(town.world.body(D)).toContain('mode: none');
    expect((await town.sync(absent)).status).toBe('waiting');
    for (const label of LABELS) town.unset(label);
    town.world.later(3 * DAY);
    await town.sync(absent);
    expect([...town.world.sets.keys()].filter((key) => key.includes(ZONE))).toEqual([]);
    const done = await town.sync(absent);
    expect([done.status, done.findings]).toEqual(['in sync', []]);
    expect(town.strays()).toEqual([]);
  });

  it('cannot tell senders where a CNAME is gone before', async () => {
    const town = await on();
    const id = town.written();
    town.unset('_mta-sts');
    for (let run = 0; run < 3; run++) {
      const plan = await town.sync(absent);
      expect(plan.status).toBe('waiting');
      expect(plan.findings.find((one) => one.code === 'DELEGATION_MISSING')?.severity).toBe('error');
      town.world.later(3 * DAY);
    }
    expect(town.written()).toEqual(id);
    expect(town.world.body(D)).toContain('mode: testing');
  });
});

it('the policy host moves by the record in our zone, and body and id stay for its TTL', async () => {
  const town = await on();
  const id = town.written();
  const target = { kind: 'addresses', addresses: ['192.0.2.1'] } as const;
  const publisher = { ...delegated(D).publisher, target };
  const moved = delegated(D, { publisher, maxAgeSeconds: 2 * DAY });
  expect((await town.sync(moved)).status).toBe('waiting');
  expect(town.world.sets.get(`mta-sts.${D}.${ZONE} A`)?.rdata).toEqual(['192.0.2.1']);
  expect(town.written()).toEqual(id);
  await town.sync(moved);
  town.world.later(301);
  expect((await town.sync(moved)).status).toBe('changed');
  expect(town.written()).not.toEqual(id);
  expect(town.strays()).toEqual([]);
});

it('publisher.spread: no proof is tried before the policy host leads here', async () => {
  const town = new Town();
  const publisher = { ...delegated(D).publisher, spreadSeconds: 60 };
  expect((await town.sync(delegated(D, { publisher }))).status).toBe('waiting');
  town.setAll();
  await town.sync(delegated(D, { publisher }));
  expect(town.written()).toEqual([]);
  town.world.later(60);
  await town.sync(delegated(D, { publisher }));
  expect(town.written()).toHaveLength(1);
});

describe('a domain that had its records in its own zone', () => {
  it('keeps policy and id while its owner puts CNAMEs in their place, without adopt', async () => {
    const town = new Town();
    const { publisher } = delegated(D);
    await town.sync(wantedDomain(D, { publisher, observe: 'dns' }));
    const before = town.world.txt(`_mta-sts.${D}`);
    expect(before).toHaveLength(1);
    const writes = town.strays().length;
    const wider = delegated(D, { mx: [`mx1.${D}`, `mx2.${D}`] });
    const first = await town.sync(wider);
    expect(first.status).toBe('waiting');
    expect(first.findings.filter((one) => one.severity === 'error')).toEqual([]);
    expect(town.written()).toEqual(before);
    for (const label of LABELS) {
      expect((await town.sync(wider)).status).toBe('waiting');
      expect(town.written()).toEqual(before);
      town.set(label);
    }
    expect((await town.sync(wider)).status).toBe('waiting');
    town.world.later(300);
    expect((await town.sync(wider)).status).toBe('changed');
    expect(town.world.body(D)).toContain('mx2');
    expect(town.strays()).toHaveLength(writes);
    // And out again: nothing of before is left to be an orphan.
    for (const label of LABELS) town.unset(label);
    const leaving = delegated(D, { released: true });
    await town.sync(leaving);
    town.world.later(DAY);
    expect((await town.sync(leaving)).status).toBe('changed');
    expect((await town.world.sync([])).orphans).toEqual([]);
  });
});
