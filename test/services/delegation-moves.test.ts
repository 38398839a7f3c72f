/** A delegated domain moves in from a hosted service, and out again: senders never see one id for two policies. */
import { describe, expect, it } from 'vitest';
import { formatPolicy, parsePolicy } from '../../src/core/policy.ts';
import { announceElsewhere, D, delegated, HOSTED, LABELS, Town, ZONE } from './delegation-rig.ts';

const TTL = 3600;
const POLICY = `version: STSv1\nmode: testing\nmx: mx1.${D}\nmax_age: 86400\n`;

/** All three names lead to a hosted service, which announces a policy. */
function hostedTown(): Town {
  const town = new Town();
  for (const label of LABELS) town.set(label, D, `${label}.${HOSTED}`);
  announceElsewhere(town, POLICY, 'hosted1');
  return town;
}

/** Every id that a resolver may show, with every policy that a policy host may serve: what stands at both ends, switched or not. */
function pairsOf(town: Town): readonly string[] {
  const ids = [town.world.txt(`_mta-sts.${HOSTED}`), town.written()]
    .flat()
    .map((text) => /id=(\w+)/.exec(text)?.[1] ?? '');
  const bodies = [town.hosted, town.world.body(D)].filter((body) => body != null);
  const policies = bodies.map((body) => {
    const parsed = parsePolicy(body);
    if (!parsed.ok) throw new Error(body);
    return formatPolicy(parsed.value);
  });
  return [...new Set(ids)].flatMap((id) => [...new Set(policies)].map((policy) => `${id} ${policy}`));
}

const wanted = delegated(D, { adopt: true, mx: [`mx1.${D}`, `mx2.${D}`] });

describe('moving in', () => {
  it.each([
    ['_mta-sts', 'mta-sts'],
    ['mta-sts', '_mta-sts'],
  ] as const)(
    '%s first, then %s: the policy and id of the service stay until no resolver leads to it',
    async (first, second) => {
      const town = hostedTown();
      const before = await town.sync(wanted);
      expect(before.status).toBe('waiting');
      expect(before.findings.filter((one) => one.severity === 'error')).toEqual([]);
      expect(before.findings.find((one) => one.message.startsWith('mta-sts'))?.message).toContain(
        'does not serve the policy for it yet',
      );
      expect(town.written()).toEqual(['v=STSv1; id=hosted1;']);
      const pairs = new Set(pairsOf(town));
      for (const label of [first, second]) {
        town.set(label);
        for (let run = 0; run < 3; run++) {
          expect((await (town.world.later(TTL / 3 - 1), town.sync(wanted))).status).toBe('waiting');
          for (const pair of pairsOf(town)) pairs.add(pair);
        }
      }
      // One id, one policy, at whichever end.
      expect(pairs.size).toBe(1);
      town.set('_smtp._tls');
      town.world.later(TTL);
      expect((await town.sync(wanted)).status).toBe('changed');
      expect(town.world.body(D)).toContain('mx2');
      expect(town.written()[0]).toMatch(/id=2026\w+;/);
      expect((await town.sync(wanted)).status).toBe('in sync');
      expect(town.strays()).toEqual([]);
    },
  );

  it('follows the service as long as senders ask it', async () => {
    const town = hostedTown();
    await town.sync(wanted);
    announceElsewhere(town, POLICY.replace('86400', '172800'), 'hosted2');
    await town.sync(wanted);
    expect(town.written()).toEqual(['v=STSv1; id=hosted2;']);
    expect(town.world.body(D)).toContain('max_age: 172800');
  });

  it('says when our own host is ready for the switch', async () => {
    const town = hostedTown();
    await town.sync(wanted);
    const messages = (await town.sync(wanted)).findings.map((one) => one.message);
    expect(messages.join('\n')).toContain('so it can be switched');
  });

  it('takes over nothing without adopt', async () => {
    const town = hostedTown();
    const plan = await town.sync(delegated(D));
    expect(plan.status).toBe('held');
    expect(plan.steps.find((step) => step.outcome === 'held')?.guard).toBe('no-foreign-overwrite');
    expect([town.written(), town.world.body(D)]).toEqual([[], undefined]);
  });
});

describe('moving out', () => {
  const leaving = delegated(D, { released: true });

  async function onAndLeaving(): Promise<Town> {
    const town = new Town().setAll();
    await town.sync();
    expect((await town.sync(leaving)).status).toBe('waiting');
    return town;
  }

  it('changes nothing while one name leads here, and deletes what is ours one TTL after the last', async () => {
    const town = await onAndLeaving();
    const before = { txt: town.written(), body: town.world.body(D) };
    const writes = town.world.writes.length;
    // Not even what the YAML asks for.
    const other = delegated(D, { released: true, mx: ['mx9.example.com'], maxAgeSeconds: 1 });
    for (const label of LABELS) {
      const plan = await town.sync(other);
      expect(plan.status).toBe('waiting');
      expect(plan.steps.map((step) => step.reason).join()).toContain(`${label}.${D} still leads here`);
      town.world.later(60);
      town.unset(label);
    }
    expect((await town.sync(other)).status).toBe('waiting');
    town.world.later(TTL - 1);
    const last = await town.sync(other);
    expect(last.status).toBe('waiting');
    expect(last.steps.map((step) => step.guard)).toEqual(['removal-waits-for-caches']);
    expect(town.world.writes).toHaveLength(writes);
    expect({ txt: town.written(), body: town.world.body(D) }).toEqual(before);
    town.world.later(2);
    expect((await town.sync(other)).status).toBe('changed');
    expect([...town.world.sets.keys()].filter((key) => key.includes(ZONE))).toEqual([]);
    expect(town.world.body(D)).toBeUndefined();
    expect((await town.sync(other)).status).toBe('in sync');
    expect((await town.world.sync([])).orphans).toEqual([]);
    expect(town.strays()).toEqual([]);
  });

  it('waits again for its TTL where a name leads here once more', async () => {
    const town = await onAndLeaving();
    for (const label of LABELS) town.unset(label);
    await town.sync(leaving);
    town.set('mta-sts');
    town.world.later(TTL + 1);
    expect((await town.sync(leaving)).status).toBe('waiting');
    town.unset('mta-sts');
    town.world.later(TTL + 1);
    expect((await town.sync(leaving)).status).toBe('waiting');
    town.world.later(TTL);
    expect((await town.sync(leaving)).status).toBe('changed');
  });

  it('deletes nothing while a name cannot be read', async () => {
    const town = await onAndLeaving();
    for (const label of LABELS) town.unset(label);
    await town.sync(leaving);
    town.internet.isAuthoritative = false;
    town.world.later(10 * TTL);
    expect((await town.sync(leaving)).status).toBe('failed');
    expect(town.written()).toHaveLength(1);
  });

  it('assumes a day where nobody saw the last CNAME go', async () => {
    const town = new Town().setAll();
    await town.sync();
    for (const label of LABELS) town.unset(label);
    expect((await town.sync(leaving)).status).toBe('waiting');
    town.world.later(86_399);
    expect((await town.sync(leaving)).status).toBe('waiting');
    town.world.later(1);
    expect((await town.sync(leaving)).status).toBe('changed');
    expect(town.written()).toEqual([]);
  });

  it('leaves nothing undone where the domain was never on', async () => {
    const town = new Town();
    expect((await town.sync(leaving)).status).toBe('in sync');
    expect(town.world.writes).toEqual([]);
  });

  it('stays on where `released` is taken back', async () => {
    const town = await onAndLeaving();
    const id = town.written();
    expect((await town.sync()).status).toBe('in sync');
    expect(town.written()).toEqual(id);
  });
});
