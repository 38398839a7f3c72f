/** Guards of rule 8 at their edges: what is just not held, what goes on beside what is held, and what the MX hosts offer. */
import { describe, expect, it } from 'vitest';
import type { DomainConfig } from '../../src/core/config/model.ts';
import type { GuardName } from '../../src/core/guard-names.ts';
import type { MxProbe } from '../../src/effects/probe-mx.ts';
import { TableNetwork } from '../support/table-network.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const day = 86_400;

async function served(count: number): Promise<{ world: World; names: readonly string[] }> {
  const names = Array.from({ length: count }, (_, index) => `d${index}.example`);
  const world = new World(names.map((name) => mxSet(name, [`mx1.${name}`])));
  await world.sync(names.map((name) => wantedDomain(name)));
  return { world: world.later(60), names };
}

describe('max-changed-domains', () => {
  it('lets as many change as the limit says, and holds one more', async () => {
    const { world, names } = await served(51);
    const changed = (count: number): readonly DomainConfig[] =>
      names.map((name, index) => wantedDomain(name, index < count ? { maxAgeSeconds: 2 * day } : {}));
    expect((await world.dryRun(changed(50))).domains.filter((plan) => plan.status === 'held')).toEqual([]);
    expect((await world.dryRun(changed(51))).domains.filter((plan) => plan.status === 'held')).toHaveLength(51);
  });

  it('holds the policy and lets the report record go on', async () => {
    const { world, names } = await served(51);
    const rest = { maxAgeSeconds: 2 * day, tlsReports: ['mailto:new@example.net'] };
    world.writes.length = 0;
    const report = await world.sync(names.map((name) => wantedDomain(name, rest)));
    expect(report.domains.every((plan) => plan.status === 'held')).toBe(true);
    expect(world.writes.toSorted()).toEqual(names.map((name) => `write _smtp._tls.${name} TXT`).toSorted());
  });
});

describe('mx-offers-starttls', () => {
  type Offer = 'good' | 'bad' | 'closed';

  function probeOf(offers: Readonly<Record<string, Offer>>): MxProbe {
    const certificate = { names: [], notBefore: new Date(0), notAfter: new Date(0), issuer: '', isTrusted: true };
    const outcomes = {
      good: { kind: 'starttls', certificate, isValidForName: true, reason: null, protocol: 'TLSv1.3' },
      bad: { kind: 'no-starttls', banner: 'hi' },
      closed: { kind: 'failed', code: 'SMTP_REFUSED', message: 'no' },
    } as const;
    return {
      probe: (host) => Promise.resolve([{ address: '192.0.2.25', outcome: outcomes[offers[host] ?? 'closed'] }]),
    };
  }

  const hosts = [`mx1.${D}`, `mx2.${D}`];
  const wantedWith = (mode: 'testing' | 'enforce', allow: readonly GuardName[] = []): readonly DomainConfig[] => {
    const publisher = { ...wantedDomain(D).publisher, type: 'directory', directory: '/www', proof: 'https' } as const;
    return [wantedDomain(D, { observe: 'dns', publisher, mode, mx: hosts, allow: new Set(allow) })];
  };

  async function testingWorld(offers: Readonly<Record<string, Offer>>): Promise<World> {
    const world = new World([mxSet(D, hosts)]);
    const internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
    world.network = { ...internet.network, probe: probeOf(offers) };
    await world.sync(wantedWith('testing'));
    return world.later(60);
  }

  it.each<readonly [string, Readonly<Record<string, Offer>>, readonly GuardName[], boolean, string | null]>([
    ['every host has it', { [`mx1.${D}`]: 'good', [`mx2.${D}`]: 'good' }, [], true, null],
    ['one host has none', { [`mx1.${D}`]: 'good', [`mx2.${D}`]: 'bad' }, [], false, 'warning'],
    ['one host has none, and that is allowed', { [`mx2.${D}`]: 'bad' }, ['mx-offers-starttls'], true, 'warning'],
    ['one host is closed, and another answers', { [`mx1.${D}`]: 'good' }, [], false, 'warning'],
    ['port 25 is closed from here', {}, [], true, null],
  ])('where %s', async (_what, offers, allow, isEnforced, severity) => {
    const world = await testingWorld(offers);
    const plan = theDomain(await world.sync(wantedWith('enforce', allow)));
    expect(world.body(D)?.includes('mode: enforce')).toBe(isEnforced);
    expect(plan.steps.some((step) => step.guard === 'mx-offers-starttls')).toBe(!isEnforced);
    const found = plan.findings.filter((finding) => finding.code === 'MX_STARTTLS');
    expect(found[0]?.severity ?? null).toBe(severity);
    const isUnproved = plan.findings.some((finding) => finding.code === 'SMTP_UNPROVED');
    expect(isUnproved).toBe(Object.keys(offers).length === 0);
  });

  it('asks nobody under testing, and no more than twenty hosts under enforce', async () => {
    const many = Array.from({ length: 25 }, (_, index) => `mx${index}.${D}`);
    const world = new World([mxSet(D, many)]);
    const internet = new TableNetwork(world.sets, (host) => [world.files.get(host) ?? null]);
    const asked: string[] = [];
    const probe = probeOf(Object.fromEntries(many.map((host) => [host, 'good' as const])));
    world.network = {
      ...internet.network,
      probe: {
        probe: (host, addresses, signal) => {
          asked.push(host);
          return probe.probe(host, addresses, signal);
        },
      },
    };
    const wanted = (mode: 'testing' | 'enforce'): readonly DomainConfig[] =>
      wantedWith(mode).map((one) => ({ ...one, mx: [`*.${D}`] }));
    await world.sync(wanted('testing'));
    expect(asked).toEqual([]);
    await world.later(60).sync(wanted('enforce'));
    expect(asked).toHaveLength(20);
  });

  it('is an error and no hold once enforce is out: mail is refused now', async () => {
    const offers: Record<string, Offer> = { [`mx1.${D}`]: 'good', [`mx2.${D}`]: 'good' };
    const world = await testingWorld(offers);
    await world.sync(wantedWith('enforce'));
    offers[`mx2.${D}`] = 'bad';
    const plan = theDomain(await world.later(60).sync(wantedWith('enforce')));
    expect(plan.status).toBe('in sync');
    expect(plan.findings.filter((finding) => finding.code === 'MX_STARTTLS')).toMatchObject([{ severity: 'error' }]);
  });
});

describe('testing-before-enforce and reports-agree', () => {
  it('count from the first testing policy, whatever changes within it', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    await world.sync([wantedDomain(D, { mode: 'enforce' })]);
    await world.later(7 * day).sync([wantedDomain(D, { mode: 'enforce', maxAgeSeconds: 2 * day })]);
    const wanted = [wantedDomain(D, { mode: 'enforce', maxAgeSeconds: 2 * day, allow: new Set(['reports-agree']) })];
    await world.later(7 * day - 1).sync(wanted);
    expect(world.body(D)).toContain('mode: testing');
    await world.later(1).sync(wanted);
    expect(world.body(D)).toContain('mode: enforce');
  });

  it('reports-agree alone holds for as long again', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const wanted = [wantedDomain(D, { mode: 'enforce' })];
    await world.sync(wanted);
    await world.later(28 * day - 1).sync(wanted);
    expect(world.body(D)).toContain('mode: testing');
    await world.later(1).sync(wanted);
    expect(world.body(D)).toContain('mode: enforce');
  });
});
