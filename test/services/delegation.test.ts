/** Delegation for fleets (RFC 8461 §8.2): the customer sets three CNAMEs, stsync writes in its own zone only. */
import { describe, expect, it } from 'vitest';
import { D, delegated, HOSTED, LABELS, Town, ZONE } from './delegation-rig.ts';

/** Every order of three things. */
const ORDERS = LABELS.flatMap((a) => LABELS.flatMap((b) => LABELS.map((c) => [a, b, c] as const))).filter(
  (order) => new Set(order).size === 3,
);

describe('turning a delegated domain on', () => {
  it('publishes in its own zone and nothing else, and announces when all CNAMEs are there', async () => {
    const town = new Town().setAll();
    const plan = await town.sync();
    expect(plan.status).toBe('changed');
    expect(town.written()[0]).toMatch(/^v=STSv1; id=\w{30};$/);
    expect(town.written('_smtp._tls')).toEqual(['v=TLSRPTv1; rua=mailto:tls@example.net;']);
    expect(town.world.sets.get(`mta-sts.${D}.${ZONE} CNAME`)?.rdata).toEqual(['policies.example.net.']);
    expect(town.strays()).toEqual([]);
    expect((await town.sync()).status).toBe('in sync');
  });

  it.each(ORDERS)('waits for %s, %s and %s, in this order, and announces after the last', async (...order) => {
    const town = new Town();
    const early = await town.sync();
    expect(early.status).toBe('waiting');
    expect(early.findings.map((one) => one.code)).toEqual(LABELS.map(() => 'DELEGATION_MISSING'));
    for (const [index, label] of order.entries()) {
      expect(town.written()).toEqual([]);
      town.set(label);
      const plan = await town.sync();
      expect(plan.status).toBe(index === 2 ? 'changed' : 'waiting');
    }
    expect(town.written()).toHaveLength(1);
    expect((await town.sync()).status).toBe('in sync');
  });

  it('hands over the exact line for each CNAME that is missing', async () => {
    const plan = await new Town().set('mta-sts').sync();
    expect(plan.findings.map((one) => one.hint)).toEqual([
      `_mta-sts.${D}. 3600 IN CNAME _mta-sts.${D}.${ZONE}.`,
      `_smtp._tls.${D}. 3600 IN CNAME _smtp._tls.${D}.${ZONE}.`,
    ]);
    expect(plan.steps.filter((step) => step.kind === 'wait').map((step) => step.name)).toEqual([
      `_mta-sts.${D}`,
      `_smtp._tls.${D}`,
    ]);
  });

  it('asks for no report record where tlsReports is not managed', async () => {
    const town = new Town().set('_mta-sts').set('mta-sts');
    expect((await town.sync(delegated(D, { tlsReports: null }))).status).toBe('changed');
    expect(town.written()).toHaveLength(1);
  });

  it('counts a chain of CNAMEs that ends at our name', async () => {
    const town = new Town().setAll();
    town.set('_mta-sts', D, 'one.example.org');
    town.world.sets.set('one.example.org CNAME', {
      name: 'one.example.org',
      type: 'CNAME',
      ttlSeconds: 60,
      rdata: [`_mta-sts.${D}.${ZONE}.`],
    });
    expect((await town.sync()).status).toBe('changed');
  });

  it('never announces what is not proved at the policy host as senders reach it', async () => {
    const town = new Town().setAll();
    town.isBroken = true;
    const plan = await town.sync();
    expect(plan.status).toBe('failed');
    expect(town.written()).toEqual([]);
  });

  it('asks no provider again while it waits', async () => {
    const town = new Town();
    await town.sync();
    town.world.readFault = () => {
      throw new Error('the provider was asked');
    };
    expect((await town.sync()).status).toBe('waiting');
  });

  it('fails, and touches nothing, where the name servers of the customer say nothing with authority', async () => {
    const town = new Town().setAll();
    town.internet.isAuthoritative = false;
    const plan = await town.sync();
    expect(plan.status).toBe('failed');
    expect(plan.findings.map((one) => one.code)).toContain('NOT_AUTHORITATIVE');
    expect(town.world.writes.filter((write) => write.includes('_mta-sts'))).toEqual([]);
  });
});

async function on(): Promise<Town> {
  const town = new Town().setAll();
  await town.sync();
  return town;
}

describe('a customer who breaks a delegation that is on', () => {
  const wider = delegated(D, { mx: [`mx1.${D}`, `mx2.${D}`] });

  it.each([
    ['mta-sts', 'failed'],
    ['_mta-sts', 'waiting'],
  ] as const)(
    'without %s nothing changes, not even what the YAML asks for, and it is an error',
    async (label, status) => {
      const town = await on();
      const before = { txt: town.written(), body: town.world.body(D) };
      town.unset(label);
      const plan = await town.sync(wider);
      expect(plan.status).toBe(status);
      expect(plan.findings.find((one) => one.code === 'DELEGATION_MISSING')?.severity).toBe('error');
      expect({ txt: town.written(), body: town.world.body(D) }).toEqual(before);
      town.set(label);
      expect((await town.sync(wider)).status).toBe('changed');
      expect(town.world.body(D)).toContain('mx2');
    },
  );

  it('goes on where only the report record is gone', async () => {
    const town = await on();
    town.unset('_smtp._tls');
    const plan = await town.sync(wider);
    expect(plan.status).toBe('waiting');
    expect(town.world.body(D)).toContain('mx2');
    expect(plan.findings.find((one) => one.code === 'DELEGATION_MISSING')?.severity).toBe('warning');
  });

  it.each([
    ['_mta-sts', 'held'],
    ['mta-sts', 'failed'],
  ] as const)('keeps body and id where %s leads to somebody else', async (label, status) => {
    const town = await on();
    const before = { txt: town.written(), body: town.world.body(D) };
    town.set(label, D, `${label}.${HOSTED}`);
    const foreign = 'version: STSv1\r\nmode: testing\r\nmx: other.example\r\nmax_age: 86400\r\n';
    town.hosted = foreign;
    if (label === '_mta-sts')
      town.world.sets.set(`_mta-sts.${HOSTED} TXT`, {
        name: `_mta-sts.${HOSTED}`,
        type: 'TXT',
        ttlSeconds: 60,
        rdata: ['"v=STSv1; id=theirs;"'],
      });
    const plan = await town.sync(wider);
    expect(plan.findings.find((one) => one.code === 'DELEGATION_WRONG')?.severity).toBe('error');
    expect({ txt: town.written(), body: town.world.body(D) }).toEqual(before);
    expect(plan.status).toBe(status);
  });
});
